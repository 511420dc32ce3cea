"""What a person does with the keys of this node: passphrase, locks. It joins vault, store and stages; each knows nothing of the other."""

import asyncio
from pathlib import Path
from typing import Any, Protocol

from node.api.keys import KeysView
from node.config import Config
from node.services import devices
from node.vault import unattended, vault
from node.vault.kdf import Profile as Costs

MOST_IDLE_MINUTES = 7 * 24 * 60


class Stages(Protocol):
    """The node, as far as the keys are concerned."""

    config: Config

    def require_open(self) -> None:
        """Raises Locked unless the vault is open."""

    def configure(self, **settings: Any) -> None:
        """Take settings over and keep them in the folder's file."""

    async def read(self, run: Any, /, **arguments: Any) -> Any:
        """Run a service on a snapshot."""


class KeyCase:
    """The acts. Every one that needs the passphrase checks it anew, with the pauses that wrong tries bring."""

    def __init__(self, stages: Stages, costs: Costs | None) -> None:
        self._stages = stages
        self._costs = costs

    @property
    def _folder(self) -> Path:
        return self._stages.config.data

    async def show(self) -> KeysView:
        """Devices, generation, locks."""
        found: devices.IdentityView = await self._stages.read(devices.show)
        config = self._stages.config
        kept = await asyncio.to_thread(unattended.remembered, self._folder)
        return KeysView(found, config.idle_lock // 60, config.vault_lock // 60, kept)

    async def check_passphrase(self, passphrase: str) -> None:
        """Whether it is the vault's. Raises as `vault.open_file`."""
        await asyncio.to_thread(vault.check_passphrase, self._folder, passphrase)

    async def change_passphrase(self, old: str, new: str) -> None:
        """Wrap the vault anew, at costs measured anew; a keyring that remembered the old one remembers the new one."""
        self._stages.require_open()
        await asyncio.to_thread(vault.change_passphrase, self._folder, old, new, costs=self._costs)
        if await asyncio.to_thread(unattended.remembered, self._folder):
            await asyncio.to_thread(unattended.remember, self._folder, new)

    async def remember(self, passphrase: str) -> None:
        """Put the passphrase, once it is known to be right, into the system's keyring. Raises Unavailable `no-keyring`."""
        await self.check_passphrase(passphrase)
        await asyncio.to_thread(unattended.remember, self._folder, passphrase)

    async def forget(self) -> bool:
        """Take it out again. True when it was there."""
        return await asyncio.to_thread(unattended.forget, self._folder)

    def set_vault_lock(self, minutes: int) -> None:
        """When the vault locks by itself; 0 = never."""
        self._stages.configure(vault_lock=min(max(minutes, 0), MOST_IDLE_MINUTES) * 60)
