"""The node itself: its stage, set-up, unlock and lock, and the way to its page."""

from dataclasses import dataclass
from typing import Any, Protocol

from node.api.http import Runtime
from node.api.routes import Route
from node.errors import UserError
from node.model.identity import Founded, Founder, Sheets
from protocol.errors import Malformed
from protocol.identity import Role
from protocol.money import exponent


@dataclass(frozen=True, slots=True)
class StatusView:
    """How the node is. `network` and `chain`: `ready`, `starting`, `off`, or why they stopped; `trouble` why the store cannot write now,
    what keeps the index of catalogs from being built, or what a vault that is being opened waits for. `currency` is what the desk's own
    amounts are in where nobody says it.
    """

    state: str
    name: str
    role: str
    identity: str
    peer_id: str
    page: str
    network: str
    addresses: list[str]
    connected: list[str]
    chain: str
    trouble: str
    waiting: int
    version: str
    currency: str


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link that opens the page once, within a minute; `code` is the same, to be typed."""

    url: str
    code: str


@dataclass(frozen=True, slots=True)
class DoneView:
    """It is done."""

    state: str


class NodeRuntime(Runtime, Protocol):
    """What these routes need of the node."""

    async def status(self) -> StatusView:
        """Now."""

    async def found(self, passphrase: str, founder: Founder, words: Sheets | None = None) -> Founded:
        """Make the node."""

    def own_words(self, recovery: str, rotation: str = "") -> Sheets:
        """A person's own words, checked."""

    async def unlock(self, passphrase: str) -> None:
        """Open the vault."""

    async def lock(self) -> None:
        """Wipe the keys."""

    def open_link(self) -> LinkView:
        """A new one-time link."""


async def status(runtime: NodeRuntime) -> StatusView:
    """How the node is."""
    return await runtime.status()


async def setup(
    runtime: NodeRuntime,
    passphrase: str,
    name: str,
    role: str = "seller",
    currency: str = "USD",
    words: str = "",
    rotation_words: str = "",
) -> Founded:
    """Make identity, vault and store; fresh words are shown this once. With `words` of your own: the same wallet and names at shops."""
    if role not in tuple(Role):
        raise UserError(f"A node is a seller's, a merchant's or a brand's, not {role!r}.", code="bad-role")
    if not 0 < len(name.strip()) <= 64:
        raise UserError("Give a name of 1 to 64 characters; your peers will see it.", code="bad-name")
    try:
        exponent(currency)
    except Malformed as error:
        raise UserError(str(error), code="bad-currency") from error
    founder = Founder(name.strip(), Role(role), currency)
    if not words:
        return await runtime.found(passphrase, founder)
    founded = await runtime.found(passphrase, founder, runtime.own_words(words, rotation_words))
    return Founded([], [] if rotation_words else founded.rotation_words, founded.identity)


async def unlock(runtime: NodeRuntime, passphrase: str) -> DoneView:
    """Open the vault; network and chain start beside it."""
    await runtime.unlock(passphrase)
    return DoneView("open")


async def lock(runtime: NodeRuntime) -> DoneView:
    """Close the vault, end every page, leave the network."""
    await runtime.lock()
    return DoneView("locked")


async def open_link(runtime: NodeRuntime) -> LinkView:
    """A link to the page that works once, for a minute."""
    return runtime.open_link()


def _task(method: Any, path: str, run: Any) -> Route:
    return Route(method, path, run, kind="task", locked=True)


ROUTES = (
    _task("GET", "/status", status),
    _task("POST", "/setup", setup),
    _task("POST", "/unlock", unlock),
    _task("POST", "/lock", lock),
    _task("POST", "/open-link", open_link),
)
