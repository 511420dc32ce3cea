"""Set up from a backup: what is held back, letting it go on, and the steps of a move."""

from typing import Protocol

from node.api.http import Runtime
from node.api.routes import Route
from node.services import devices, moving, restored
from node.services.devices import IdentityView


class RejoiningKeys(Protocol):
    """What a person does with words and passphrase."""

    async def rejoin(self, phrase: str, passphrase: str) -> None:
        """Join the other devices again."""


class RestoredRuntime(Runtime, Protocol):
    """What these routes need of the node."""

    @property
    def keys(self) -> RejoiningKeys:
        """The keys."""


async def rejoin(runtime: RestoredRuntime, words: str, passphrase: str) -> IdentityView:
    """Join your own devices again, when peers know of a change to them that the backup did not. `words`: of the sheet that signs."""
    await runtime.keys.rejoin(words, passphrase)
    found: IdentityView = await runtime.read(devices.show)
    return found


ROUTES = (
    Route("POST", "/restored/rejoin", rejoin, kind="task"),
    Route("GET", "/move", moving.show, kind="read"),
    Route("GET", "/restored", restored.show, kind="read"),
    Route("POST", "/restored/{what}/confirm", restored.confirm),
)
