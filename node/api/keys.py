"""Keys and devices: who speaks for us, the two locks, the passphrase."""

from dataclasses import dataclass
from typing import Any, Protocol

from node.api.http import Runtime
from node.api.node import DoneView
from node.api.routes import Route
from node.services.devices import IdentityView


@dataclass(frozen=True, slots=True)
class KeysView:
    """Devices and generation from our root log; after how many idle minutes the page and the vault lock (0 = never)."""

    identity: IdentityView
    page_lock: int
    vault_lock: int


class KeyCase(Protocol):
    """What a person does with the keys."""

    async def show(self) -> KeysView:
        """Now."""

    async def change_passphrase(self, old: str, new: str) -> None:
        """Wrap anew."""

    def set_vault_lock(self, minutes: int) -> None:
        """When the vault locks by itself."""


class KeysRuntime(Runtime, Protocol):
    """What these routes need of the node."""

    @property
    def keys(self) -> KeyCase:
        """The keys."""

    def lock_page(self) -> None:
        """Lock every page."""


async def show(runtime: KeysRuntime) -> KeysView:
    """The devices that speak for you, the generation of their secrets, and when page and vault lock."""
    return await runtime.keys.show()


async def change_passphrase(runtime: KeysRuntime, old: str, new: str) -> DoneView:
    """Give the vault another passphrase; how slow guessing is gets measured anew."""
    await runtime.keys.change_passphrase(old, new)
    return DoneView("changed")


async def set_vault_lock(runtime: KeysRuntime, minutes: int) -> KeysView:
    """Say after how many idle minutes the vault locks by itself; 0 = never."""
    runtime.keys.set_vault_lock(minutes)
    return await runtime.keys.show()


async def lock_page(runtime: KeysRuntime) -> DoneView:
    """Lock every page: each asks for the passphrase; the node goes on."""
    runtime.lock_page()
    return DoneView("page locked")


def _task(method: Any, path: str, run: Any, *, locked: bool = False) -> Route:
    return Route(method, path, run, kind="task", locked=locked)


ROUTES = (
    _task("GET", "/keys", show),
    _task("POST", "/keys/passphrase", change_passphrase),
    _task("POST", "/keys/vault-lock", set_vault_lock),
    _task("POST", "/lock-page", lock_page, locked=True),
)
