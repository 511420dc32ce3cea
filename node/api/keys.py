"""Keys and devices: who speaks for us, the two locks, the passphrase."""

from dataclasses import dataclass
from typing import Any, Protocol

from node.api.http import Runtime
from node.api.node import DoneView
from node.api.routes import Route
from node.services import step_up
from node.services.devices import IdentityView
from node.services.step_up import StepUpView


@dataclass(frozen=True, slots=True)
class KeysView:
    """Devices and generation from our root log; after how many idle minutes the page and the vault lock (0 = never).

    `remembered`: the system's keyring holds the passphrase; `bound`: it holds a secret without which the passphrase opens nothing.
    """

    identity: IdentityView
    page_lock: int
    vault_lock: int
    remembered: bool
    bound: bool


class KeyCase(Protocol):
    """What a person does with the keys."""

    async def show(self) -> KeysView:
        """Now."""

    async def change_passphrase(self, old: str, new: str) -> None:
        """Wrap anew."""

    def set_vault_lock(self, minutes: int) -> None:
        """When the vault locks by itself."""

    async def revoke(self, device: bytes, words: str, passphrase: str, reason: str = "") -> None:
        """End a lost device and begin a generation without it."""

    def new_sheet(self) -> list[str]:
        """Words for a fresh rotation sheet."""

    async def rotate(self, phrase: str, following: str, passphrase: str) -> None:
        """Let the rotation sheet take over."""

    async def ask_wallet_words(self, phrase: str, passphrase: str) -> StepUpView:
        """Approve that they are shown, after the delay."""

    async def show_wallet_words(self, passphrase: str) -> list[str]:
        """The wallet's 12 words, after the delay."""

    async def bind_device(self, passphrase: str) -> None:
        """Bind the vault to this computer's keyring."""

    async def unbind_device(self, passphrase: str) -> None:
        """Have the passphrase alone open it."""

    async def remember(self, passphrase: str) -> None:
        """Put it into the keyring."""

    async def forget(self) -> bool:
        """Take it out."""


@dataclass(frozen=True, slots=True)
class SheetView:
    """12 words, to be written down: a fresh rotation sheet, or the wallet's. Nothing is kept of the former."""

    words: list[str]


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


async def revoke(runtime: KeysRuntime, device: bytes, words: str, passphrase: str, reason: str = "") -> KeysView:
    """End a lost device: the next generation of secrets begins without it. Needs the words of the sheet that signs, and the passphrase."""
    await runtime.keys.revoke(device, words, passphrase, reason)
    return await runtime.keys.show()


async def new_sheet(runtime: KeysRuntime) -> SheetView:
    """Words for a fresh rotation sheet, shown this once; `rotate` takes them."""
    return SheetView(runtime.keys.new_sheet())


async def rotate(runtime: KeysRuntime, words: str, next_words: str, passphrase: str) -> KeysView:
    """Let the rotation sheet take over: its root key signs from now on, and who has the old words no longer speaks for you."""
    await runtime.keys.rotate(words, next_words, passphrase)
    return await runtime.keys.show()


async def ask_wallet_words(runtime: KeysRuntime, words: str, passphrase: str) -> StepUpView:
    """Approve that the wallet's own words are shown, after a delay in which you can cancel it. Needs the words of the sheet that signs."""
    return await runtime.keys.ask_wallet_words(words, passphrase)


async def show_wallet_words(runtime: KeysRuntime, passphrase: str) -> SheetView:
    """The wallet's own 12 words, for another wallet; once for each approval."""
    return SheetView(await runtime.keys.show_wallet_words(passphrase))


async def bind_device(runtime: KeysRuntime, passphrase: str) -> DoneView:
    """Bind the vault to this computer: without its keyring nobody opens it, and only words and a backup help."""
    runtime.require_open()
    await runtime.keys.bind_device(passphrase)
    return DoneView("bound")


async def unbind_device(runtime: KeysRuntime, passphrase: str) -> DoneView:
    """Have the passphrase alone open the vault again."""
    runtime.require_open()
    await runtime.keys.unbind_device(passphrase)
    return DoneView("not bound")


async def remember(runtime: KeysRuntime, passphrase: str) -> DoneView:
    """Put the passphrase into the system's keyring, so that the node starts unlocked: whoever uses your account then opens it."""
    runtime.require_open()
    await runtime.keys.remember(passphrase)
    return DoneView("remembered")


async def forget(runtime: KeysRuntime) -> DoneView:
    """Take the passphrase out of the system's keyring."""
    return DoneView("forgotten" if await runtime.keys.forget() else "was not there")


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
    _task("POST", "/keys/devices/{device}/revoke", revoke),
    _task("POST", "/keys/rotation-sheet", new_sheet),
    _task("POST", "/keys/rotate", rotate),
    _task("POST", "/keys/wallet-words/ask", ask_wallet_words),
    _task("POST", "/keys/wallet-words/show", show_wallet_words),
    Route("GET", "/step-ups", step_up.list_step_ups, kind="read"),
    Route("POST", "/step-ups/{step_up}/cancel", step_up.cancel_step_up),
    _task("POST", "/keys/bind", bind_device),
    _task("POST", "/keys/unbind", unbind_device),
    _task("POST", "/keys/remember", remember),
    _task("POST", "/keys/forget", forget, locked=True),
    _task("POST", "/lock-page", lock_page, locked=True),
)
