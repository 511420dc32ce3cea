"""What a person does with the keys of this node: passphrase, locks, devices. It joins vault, store and stages."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from node.api.keys import KeysView
from node.app import generation
from node.config import Config
from node.model.identity import Step
from node.model.step_up import Kind
from node.services import devices, rejoining, step_up
from node.vault import seals, sheets, unattended, vault, words
from node.vault.kdf import Profile as Costs
from node.vault.keys import Keys
from node.vault.sheets import Sheet

Signing = Callable[[devices.Standing, bytes], tuple[bytes, ...]]
"""The root-log entries that begin a generation, from where the log stands and the hash of the seals."""
MOST_IDLE_MINUTES = 7 * 24 * 60


class Stages(Protocol):
    """The node, as far as the keys are concerned."""

    config: Config

    def require_open(self) -> None:
        """Raises Locked unless the vault is open."""

    def configure(self, **settings: Any) -> None:
        """Take settings over and keep them in the folder's file."""

    def opened(self) -> Any:
        """What runs while the vault is open, with its `keys`. Raises Locked."""

    async def reopen(self, work: Callable[[], Keys]) -> None:
        """Close, work, open again."""

    async def read(self, run: Any, /, **arguments: Any) -> Any:
        """Run a service on a snapshot."""

    async def write(self, run: Any, /, **arguments: Any) -> Any:
        """Run a service in one transaction."""


class KeyCase:
    """The acts. Every one that needs the passphrase checks it anew, with the pauses that wrong tries bring."""

    def __init__(self, stages: Stages, costs: Costs | None) -> None:
        self._stages = stages
        self._costs = costs
        self._writing = asyncio.Lock()
        """The vault file has one writer at a time: a second one would put back what it read before the first."""

    @property
    def _folder(self) -> Path:
        return self._stages.config.data

    async def show(self) -> KeysView:
        """Devices, generation, locks."""
        found: devices.IdentityView = await self._stages.read(devices.show)
        config = self._stages.config
        kept = await asyncio.to_thread(unattended.remembered, self._folder)
        return KeysView(found, config.idle_lock // 60, config.vault_lock // 60, kept, vault.is_bound(self._folder))

    async def check_passphrase(self, passphrase: str) -> None:
        """Whether it is the vault's. Raises as `vault.open_file`."""
        await asyncio.to_thread(vault.check_passphrase, self._folder, passphrase)

    async def change_passphrase(self, old: str, new: str) -> None:
        """Wrap the vault anew, at costs measured anew; a keyring that remembered the old one remembers the new one."""
        self._stages.require_open()
        async with self._writing:
            await asyncio.to_thread(vault.change_passphrase, self._folder, old, new, costs=self._costs)
        if await asyncio.to_thread(unattended.remembered, self._folder):
            await asyncio.to_thread(unattended.remember, self._folder, new)

    async def ask_wallet_words(self, phrase: str, passphrase: str) -> step_up.StepUpView:
        """Approve that the wallet's words are shown, after the delay.

        Raises UserError `bad-words`, `not-the-root`; as `vault.open_file`.
        """
        sheet = sheets.read(phrase)
        sheet.wipe()
        devices.require_root((await self._standing()).state, sheet.root)
        await self.check_passphrase(passphrase)
        delay = self._stages.config.step_up_delay * 1000
        asked: step_up.StepUpView = await self._stages.write(step_up.request, kind=Kind.WALLET_WORDS, delay_ms=delay)
        return asked

    async def show_wallet_words(self, passphrase: str) -> list[str]:
        """The wallet's 12 words, once they were approved and the delay is over. Raises ConflictError `step-up-needed`, `step-up-waits`."""
        await self._stages.read(step_up.require_ready, kind=Kind.WALLET_WORDS)
        phrase = await asyncio.to_thread(vault.wallet_phrase, self._folder, passphrase)
        await self._stages.write(step_up.use, kind=Kind.WALLET_WORDS)
        return phrase.split()

    async def bind_device(self, passphrase: str) -> None:
        """Bind the vault to this computer's keyring. Raises as `vault.bind_device`."""
        async with self._writing:
            await asyncio.to_thread(vault.bind_device, self._folder, passphrase)

    async def unbind_device(self, passphrase: str) -> None:
        """Have the passphrase alone open it again. Raises as `vault.unbind_device`."""
        async with self._writing:
            await asyncio.to_thread(vault.unbind_device, self._folder, passphrase)

    async def remember(self, passphrase: str) -> None:
        """Put the passphrase, once it is known to be right, into the system's keyring. Raises Unavailable `no-keyring`."""
        await self.check_passphrase(passphrase)
        await asyncio.to_thread(unattended.remember, self._folder, passphrase)

    async def forget(self) -> bool:
        """Take it out again. True when it was there."""
        return await asyncio.to_thread(unattended.forget, self._folder)

    async def revoke(self, device: bytes, phrase: str, passphrase: str, reason: str = "") -> None:
        """End a lost device and begin a generation without it. Takes up to 20 s for 100,000 customers; the node is away meanwhile.

        Raises UserError `bad-words`, `not-the-root`; NotFound; ConflictError `own-device`; Unavailable `disk-full`; as `vault.open_file`.
        """
        sheet, here = sheets.read(phrase), self._stages.opened().keys.device.public

        def signed(found: devices.Standing, seals_hash: bytes) -> tuple[bytes, ...]:
            return devices.revocation(found, sheet.root, device, here, reason, seals_hash)

        await self._next_generation(passphrase, sheet, signed, without=device)

    async def rejoin(self, phrase: str, passphrase: str) -> None:
        """Join our own devices again, by the root log that a peer knows: the one way by which an open node signs a device in.

        Raises UserError `bad-words`, as `vault.open_file` and as `rejoining.rejoin`.
        """
        sheet = sheets.read(phrase)
        try:
            await self.check_passphrase(passphrase)
            async with self._writing:  # the root log must not change under a generation that is being decided
                await self._stages.write(rejoining.rejoin, root=sheet.root)
        finally:
            sheet.wipe()

    def new_sheet(self) -> list[str]:
        """Words for a fresh rotation sheet; nothing is kept until `rotate` takes them."""
        return words.to_words(os.urandom(words.ROTATION_BYTES)).split()

    async def check_rotation(self, phrase: str) -> None:
        """Whether these are the words of the rotation sheet. Raises UserError `bad-words`, `not-the-rotation-sheet`."""
        sheet = sheets.read(phrase)
        sheet.wipe()
        devices.require_next_root((await self._standing()).state, sheet.root.public)

    async def rotate(self, phrase: str, following: str, passphrase: str) -> None:
        """Let the rotation sheet take over: its root key signs from now on, `following` is the sheet after it, and a generation begins.

        Raises UserError `bad-words`, `not-the-rotation-sheet`, `same-sheet`; Unavailable `disk-full`; as `vault.open_file`.
        """
        sheet, after = sheets.read(phrase), sheets.next_root(following)

        def signed(found: devices.Standing, seals_hash: bytes) -> tuple[bytes, ...]:
            return devices.rotation(found, sheet.root, after, seals_hash)

        await self._next_generation(passphrase, sheet, signed)

    async def _standing(self) -> devices.Standing:
        found: devices.Standing = await self._stages.read(devices.standing)
        return found

    async def _next_generation(self, passphrase: str, sheet: Sheet, signed: Signing, *, without: bytes = b"") -> None:
        """Decide the step, write it down, and have it completed; `without` is the device that gets no seed of it."""
        async with self._writing:
            try:
                step = await self._decided(sheet, signed, without)
            finally:
                sheet.wipe()
            opening = await asyncio.to_thread(vault.open_file, self._folder, passphrase)
            try:
                await asyncio.to_thread(generation.begin, self._folder, opening, step)
            except BaseException:
                opening.wipe()
                raise
            await self._stages.reopen(lambda: generation.complete(self._folder, opening))

    async def _decided(self, sheet: Sheet, signed: Signing, without: bytes) -> Step:
        found, seed = await self._standing(), os.urandom(32)
        live = [known.device_x25519 for known in found.state.devices if known.device_public != without]
        sealed = seals.seal_seed(seed, [*live, sheet.recovery])
        entries = signed(found, seals.hash_of(sealed))
        moved = await self._stages.read(devices.payees_of, found=found, root=sheet.root)
        number = found.state.generation + 1
        return Step(number, seed, os.urandom(32), found.payout_index, sheet.recovery, entries, sealed, moved)

    def set_vault_lock(self, minutes: int) -> None:
        """When the vault locks by itself; 0 = never."""
        self._stages.configure(vault_lock=min(max(minutes, 0), MOST_IDLE_MINUTES) * 60)
