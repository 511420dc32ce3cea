"""Backups of an open node: the places they go to, opened in threads and one at a time."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from node.config import Config
from node.errors import UserError
from node.model.target import Description, Kind
from node.services import backup_targets
from node.services.backup_targets import TargetView
from node.store.store import Store
from node.vault.keys import Keys

PROBE_BYTES = 16
MARKER_BYTES = 8


class Backups:
    """What opens targets. Two calls never write to one target at the same time."""

    def __init__(self, config: Config, store: Store[Keys], entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._config = config
        self._store = store
        self._entropy = entropy
        self._held: dict[bytes, asyncio.Lock] = {}

    async def add_target(self, description: Description, name: str) -> TargetView:
        """Make it ready, test it, and keep it. Raises what targets raise, ConflictError `target-known`."""
        from node.targets.opening import found_target

        if description.kind in (Kind.FOLDER, Kind.DISK):
            _keep_apart(self._config.data, Path(description.where))
        marked = replace(description, marker=self._entropy(MARKER_BYTES).hex())
        ready = await asyncio.to_thread(found_target, marked)
        found = await self._tested(ready)
        return await self._store.write(backup_targets.keep_target, ready, name, **found)

    async def test_target(self, target: bytes) -> TargetView:
        """Write to it, read from it, delete from it; what that shows is kept."""
        description = await self._store.read(backup_targets.describe, target)
        async with self._alone(target):
            found = await self._tested(description)
        return await self._store.write(backup_targets.tested_target, target, **found)

    async def _tested(self, description: Description) -> dict[str, Any]:
        from node.targets.opening import open_target

        keeps = await asyncio.to_thread(backup_targets.probe, open_target, description, self._entropy(PROBE_BYTES))
        return {"keeps_old": keeps, "same_disk": _on_disk_of(self._config.data, description)}

    @asynccontextmanager
    async def _alone(self, target: bytes) -> AsyncIterator[None]:
        async with self._held.setdefault(target, asyncio.Lock()):
            yield


def _keep_apart(data: Path, chosen: Path) -> None:
    """A backup inside the folder it is a backup of would be lost with it. Raises UserError `bad-target`."""
    own, other = data.resolve(), chosen.expanduser().resolve()
    if own == other or own in other.parents:
        raise UserError("This is the folder of the desk itself. Choose another, best on another disk.", code="bad-target")


def _on_disk_of(data: Path, description: Description) -> bool:
    if description.kind is not Kind.FOLDER:
        return False
    return data.stat().st_dev == Path(description.where).expanduser().stat().st_dev
