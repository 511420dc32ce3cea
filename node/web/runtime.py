"""The pages' way to the services: the running node, as a page handler sees it."""

from collections.abc import Callable
from typing import Any, Protocol

from aiohttp import web

from node.model.identity import Founded, Founder, Sheets


class Runtime(Protocol):
    """What pages need of the running node."""

    async def read(self, run: Callable[..., Any], /, **arguments: Any) -> Any:
        """Run a service on a snapshot."""

    async def write(self, run: Callable[..., Any], /, **arguments: Any) -> Any:
        """Run a service in one transaction."""

    async def status(self) -> Any:
        """How the node is: `.network`, `.chain`, `.connected` (peer ids), …"""

    @property
    def backups(self) -> Any:
        """The backups of the open node (node/app/backups.py). Raises Locked."""

    @property
    def restoring(self) -> Any:
        """The restore of a node that is not set up yet (node/app/restore_job.py)."""

    async def changed(self, after: int) -> int:
        """The change counter, once it is above `after`."""

    @property
    def keys(self) -> Any:
        """What a person does with the keys (`node.api.keys.KeyCase`)."""

    async def look(self) -> None:
        """Bring what the viewer counts up to date."""

    def new_words(self) -> Sheets:
        """Words for the sheets of a node to be."""

    def own_words(self, recovery: str, rotation: str = "") -> Sheets:
        """A person's own words, checked; a fresh second sheet where they have none. Raises UserError `bad-words`."""

    async def found(self, passphrase: str, founder: Founder, words: Sheets | None = None) -> Founded:
        """Make identity, store and vault. Raises UserError `passphrase-too-short`, ConflictError `vault-exists`."""


RUNTIME: web.AppKey[Runtime] = web.AppKey("desk-runtime", Runtime)


def runtime_of(request: web.Request) -> Runtime:
    """The node behind this page."""
    return request.app[RUNTIME]
