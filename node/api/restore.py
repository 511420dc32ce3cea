"""Setting a node up from a backup, while it has neither vault nor store."""

from typing import Protocol

from node.api.http import Runtime
from node.api.routes import Route
from node.errors import UserError
from node.model.restore import RestoreView
from node.model.target import Description, Kind


class Restore(Protocol):
    """What these routes need of a restore."""

    def view(self) -> RestoreView:
        """How far it is."""

    async def begin(self, description: Description, words: str, passphrase: str, number: int = 0) -> RestoreView:
        """Check, then begin."""

    def stop(self) -> RestoreView:
        """End it."""


class RestoreRuntime(Runtime, Protocol):
    """What these routes need of the node."""

    @property
    def restoring(self) -> Restore:
        """The restore of a node that is not set up yet."""


async def begin(
    runtime: RestoreRuntime,
    kind: str,
    words: str,
    passphrase: str,
    where: str = "",
    user: str = "",
    secret: str = "",
    bucket: str = "",
    region: str = "",
    prefix: str = "",
    number: int = 0,
) -> RestoreView:
    """Set a new node up from a backup at a place (0: the newest), with the 24 words; it is unlocked when it is done."""
    if kind not in tuple(Kind):
        raise UserError("Backups lie in a folder, on a disk, at webdav or s3.", code="bad-target")
    described = Description(Kind(kind), where.strip(), user.strip(), secret, bucket.strip(), region.strip(), prefix.strip())
    return await runtime.restoring.begin(described, words, passphrase, number)


async def view(runtime: RestoreRuntime) -> RestoreView:
    """How far a restore is."""
    return runtime.restoring.view()


async def stop(runtime: RestoreRuntime) -> RestoreView:
    """End a restore; nothing of it stays."""
    return runtime.restoring.stop()


ROUTES = (
    Route("GET", "/restore", view, kind="task", locked=True),
    Route("POST", "/restore", begin, kind="task", locked=True),
    Route("POST", "/restore/stop", stop, kind="task", locked=True),
)
