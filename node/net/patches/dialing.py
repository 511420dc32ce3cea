"""Guard rail 11: the auto-connector dials any peer it has heard of. Whom we dial, the outbox decides."""

from typing import Any


class _NoConnector:
    """Answers the swarm's calls and does nothing."""

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    async def run_background_task(self, nursery: Any) -> None:
        """No task."""

    async def maybe_connect(self) -> None:
        """Never."""

    def record_disconnect(self, peer: Any) -> None:
        """Nothing is remembered."""


def install(swarm: Any) -> None:
    """Take the connector out of this swarm."""
    swarm.auto_connector = _NoConnector()
