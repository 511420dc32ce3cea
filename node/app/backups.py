"""Backups of an open node: the places they go to, and runs there: by schedule and by hand, one at a time, in a thread of their own.

A run makes the backup, lets go of old ones by the place's rules, and then tries the new one: the drill. A disk that is not plugged in is
looked for again and again, and is no failure.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from node.app.threads import in_thread
from node.config import Config
from node.errors import ConflictError, NodeError, Unavailable, UserError
from node.model.target import Description, Kind
from node.services import backup_runs, backup_targets
from node.services.backup_customer import CustomerThen
from node.services.backup_runs import ProgressView
from node.services.backup_target import Target
from node.services.backup_targets import OpenTarget, TargetView
from node.services.backup_watch import Watched
from node.services.backups import Backups as Engine
from node.store.load import Workshop
from node.store.store import Store, wall_clock
from node.vault.backup_cipher import BackupCipher
from node.vault.keys import Keys
from protocol.errors import ProtocolError

PROBE_BYTES = 16
MARKER_BYTES = 8
LOOK_SECONDS = 30.0
END_SECONDS = 5.0


@dataclass(slots=True)
class _Run:
    target: bytes
    name: str
    began: int
    watched: Watched
    doing: str
    done: int = 0
    total: int = 0
    got: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, done: int, total: int) -> None:
        """From the engine: rows of a backup, or at the beginning of a drill how many bytes it will read."""
        self.done, self.total, self.got = done, total, self.watched.moved.got_bytes

    def turn(self) -> None:
        """The backup is made; now it is tried."""
        self.doing, self.done, self.total = "drill", 0, 0


class Backups:
    """What opens targets and runs backups there."""

    def __init__(
        self, config: Config, store: Store[Keys], keys: Keys, program: str, changed: Callable[[], None], look: float = LOOK_SECONDS
    ) -> None:
        self._config = config
        self._store = store
        self._changed = changed
        self._look = look
        cipher = BackupCipher(lambda: (keys.agreement_secret,))
        self._engine = Engine(store, cipher, keys, Workshop(config.data, wall_clock), wall_clock, program)
        self._run: _Run | None = None

    # --- places

    async def add_target(self, description: Description, name: str) -> TargetView:
        """Make it ready, test it, and keep it. Raises what targets raise, ConflictError `target-known`."""
        from node.targets.opening import found_target

        if description.kind in (Kind.FOLDER, Kind.DISK):
            _keep_apart(self._config.data, Path(description.where))
        marked = replace(description, marker=os.urandom(MARKER_BYTES).hex())
        ready = await in_thread(lambda: found_target(marked))
        found = await self._tested(ready)
        return await self._store.write(backup_targets.keep_target, ready, name, **found)

    async def test_target(self, target: bytes) -> TargetView:
        """Write to it, read from it, delete from it; what that shows is kept."""
        description = await self._store.read(backup_targets.describe, target)
        found = await self._tested(description)
        return await self._store.write(backup_targets.tested_target, target, **found)

    async def remove_target(self, target: bytes) -> TargetView:
        """Send no more backups there; a run there ends first."""
        run = self._run
        if run is not None and run.target == target:
            run.watched.stop()
            await run.ended.wait()
        return await self._store.write(backup_targets.remove_target, target)

    async def _tested(self, description: Description) -> dict[str, Any]:
        token = os.urandom(PROBE_BYTES)
        keeps = await in_thread(lambda: backup_targets.probe(_open, description, token))
        return {"keeps_old": keeps, "same_disk": _on_disk_of(self._config.data, description)}

    # --- runs

    def progress(self) -> ProgressView:
        """What is being done now."""
        run = self._run
        if run is None:
            return ProgressView("nothing", "", "", 0, 0, 0, 0, 0, 0, 0)
        moved = run.watched.moved
        done = run.done if run.doing == "backup" else min(moved.got_bytes - run.got, run.total) if run.total else 0
        counts = (moved.put, moved.put_bytes, moved.got, moved.got_bytes, done, run.total)
        return ProgressView(run.doing, run.target.hex(), run.name, run.began, *counts)

    async def back_up(self, target: bytes) -> ProgressView:
        """Begin a backup there. Raises ConflictError `backup-running`, NotFound, and what opening the target raises."""
        await self._begin(target, drill_only=False)
        return self.progress()

    async def drill(self, target: bytes) -> ProgressView:
        """Begin to try the newest backup there. Raises as `back_up`."""
        await self._begin(target, drill_only=True)
        return self.progress()

    def stop(self) -> ProgressView:
        """End what is being done, between two objects. What was put there is used when it goes on."""
        if self._run is not None:
            self._run.watched.stop()
        return self.progress()

    async def customer_then(self, target: bytes, customer: bytes, number: int) -> CustomerThen:
        """What putting one customer back from a backup (0 = the newest) would change. Raises as the engine does, and what targets raise."""
        description = await self._store.read(backup_targets.describe, target)
        return await in_thread(partial(self._of_customer, self._engine.customer_then, description, customer, number))

    async def restore_customer(self, target: bytes, customer: bytes, number: int) -> CustomerThen:
        """Put one customer back; what it changed."""
        description = await self._store.read(backup_targets.describe, target)
        return await in_thread(partial(self._of_customer, self._engine.restore_customer, description, customer, number))

    @staticmethod
    def _of_customer(
        do: Callable[[Target, bytes, int], CustomerThen], description: Description, customer: bytes, number: int
    ) -> CustomerThen:
        with closing(_open(description)) as target:
            return do(target, customer, number)

    async def run(self) -> None:
        """The schedule, and what is begun by hand, until cancelled."""
        await self._store.write(backup_runs.end_interrupted)
        async with asyncio.TaskGroup() as self._runs:
            while True:
                if self._run is None:
                    await self._next()
                await asyncio.sleep(self._look)

    async def _next(self) -> None:
        """Begin the first backup that is due and whose place is there."""
        for target in await self._store.read(backup_runs.due_targets):
            description = await self._store.read(backup_targets.describe, target)
            if description.kind is Kind.DISK and not await in_thread(partial(_is_there, description)):
                continue
            try:
                await self._begin(target, drill_only=False)
            except UserError as error:  # it was described well when it was added, and is not any more
                await self._store.write(backup_runs.not_begun, target, error.code, str(error))
            return

    async def _begin(self, target: bytes, *, drill_only: bool) -> None:
        view: TargetView = await self._store.read(backup_targets.get_target, target)
        description = await self._store.read(backup_targets.describe, target)
        if self._run is not None:
            raise ConflictError("A backup is being made or tried right now. Wait until it has ended, or stop it.", code="backup-running")
        opened = _open(description)
        run = _Run(target, view.name, wall_clock(), Watched(opened), "drill" if drill_only else "backup")
        self._run = run
        self._runs.create_task(self._go(run, opened, drill_only=drill_only), name="backup")
        self._changed()

    async def _go(self, run: _Run, opened: OpenTarget, *, drill_only: bool) -> None:
        work = asyncio.ensure_future(in_thread(lambda: self._work(run, opened, drill_only=drill_only)))
        work.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            with suppress(NodeError, ProtocolError):  # the engine has kept with the run why it failed
                await asyncio.shield(work)
        except asyncio.CancelledError:  # the vault is locked: what hangs in a dead network is left behind
            run.watched.stop()
            await asyncio.wait([work], timeout=END_SECONDS)
            raise
        finally:
            self._run = None
            run.ended.set()
            self._changed()

    def _work(self, run: _Run, opened: OpenTarget, *, drill_only: bool) -> None:
        """In the thread."""
        with closing(opened):
            if not drill_only:
                keep = self._store.read_now(backup_runs.keep_rule, run.target)
                self._engine.make(run.watched, run.target, keep=keep, tell=run.tell)
            run.turn()
            self._engine.drill(run.watched, run.target, run.tell)


def _open(description: Description) -> OpenTarget:
    from node.targets.opening import open_target

    return open_target(description)


def _is_there(description: Description) -> bool:
    with closing(_open(description)) as target:
        try:
            target.entries("probe/")
        except Unavailable:
            return False
        except NodeError:
            return True  # the run will say what is wrong with it
        return True


def _keep_apart(data: Path, chosen: Path) -> None:
    """A backup inside the folder it is a backup of would be lost with it. Raises UserError `bad-target`."""
    own, other = data.resolve(), chosen.expanduser().resolve()
    if own == other or own in other.parents:
        raise UserError("This is the folder of the desk itself. Choose another, best on another disk.", code="bad-target")


def _on_disk_of(data: Path, description: Description) -> bool:
    if description.kind is not Kind.FOLDER:
        return False
    return data.stat().st_dev == Path(description.where).expanduser().stat().st_dev
