"""Backups of an open node: make, drill, verify, bring one customer back. One at a time; every call blocks, so call it from a thread.

It decides what a run is and when it counts. The format is docs/backup.md; which target when is the schedule's.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from node.errors import ConflictError, NodeError
from node.model.backup import RunRow, TargetRow
from protocol.errors import ProtocolError

from .backup_check import load
from .backup_customer import CustomerThen, Kept, compare_customer, read_customer, restore_customer, slot_of
from .backup_make import Made, Making, Secrets
from .backup_ports import BackupUnit, Cipher, Tell, Transactions, Workshop, nobody_listens
from .backup_read import (
    Known,
    Opened,
    check_chain,
    folder_of,
    list_manifests,
    open_keyring,
    open_newest,
    open_numbered,
    read_rows,
    secrets_of,
)
from .backup_target import Target

Keep = Callable[[Sequence[RunRow]], Collection[int]]
"""Which backups stay, by number, of those that are there (newest first); the newest stays whatever it says."""


def newest(count: int) -> Keep:
    """The newest so many."""
    return lambda runs: [run.number for run in runs[:count]]


KEEP = newest(30)
_LONGEST = 500
_MOST_RUNS = 10_000


class Clock(Protocol):
    """Milliseconds UTC."""

    def __call__(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class MadeView:
    """What a backup did: `put` objects of `bytes` in all; nothing where nothing had changed. `warnings` are codes."""

    run: str
    number: int
    whole: bool
    put: int
    bytes: int
    rows: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckedView:
    """A backup that holds. `created` in ms; `withheld` rows belong to customers who were erased since."""

    number: int
    manifest: str
    created: int
    program: str
    parts: int
    bytes: int
    rows: int
    withheld: int
    kept: int


class Backups:
    """The engine. `program` is this version's name."""

    def __init__(self, store: Transactions, cipher: Cipher, secrets: Secrets, workshop: Workshop, clock: Clock, program: str) -> None:
        self._store = store
        self._cipher = cipher
        self._secrets = secrets
        self._workshop = workshop
        self._clock = clock
        self._program = program
        self._one = threading.Lock()

    def make(self, target: Target, id_: bytes, *, keep: Keep = KEEP, afresh: bool = False, tell: Tell = nobody_listens) -> MadeView:
        """Back up to `target`, known here as `id_`, let go of the backups there that `keep` does not name, and tell peers the newest.

        `afresh`: whole, and everything older is deleted at the target, as after a new generation of keys by itself. `tell` hears how many
        rows of how many. Raises what the
        target raises, ConflictError `backup-running`, `backup-foreign`; a run that failed is on record, and the next one goes on from it.
        """
        with self._alone():
            run = self._begin(id_)
            making = Making(self._store, self._cipher, self._secrets, self._program, target, tell)
            try:
                made = making.go(id_, afresh=afresh)
                self._end(run, made)
                self._let_go(target, id_, newest(1) if made.afresh else keep, everything=made.afresh)
            except (NodeError, ProtocolError) as error:
                self._failed(run, making, error)
                raise
            return MadeView(run.id.hex(), made.row.number, made.whole, made.put, made.bytes, made.rows, made.warnings)

    def drill(self, target: Target, id_: bytes, tell: Tell = nobody_listens) -> CheckedView:
        """Restore the newest backup into a copy that is thrown away, and compare. The result is kept with the run, whatever it is.

        `tell` hears how many bytes there are to read.
        """
        with self._alone():
            row = self._target(id_)
            code = detail = ""
            try:
                return self._check(target, row, tell)
            except (NodeError, ProtocolError) as error:
                code, detail = error.code, str(error)[:_LONGEST]
                raise
            finally:
                self._store.write_now(lambda unit: _drilled(unit, row, code, detail))

    def verify(self, target: Target, known: Known = None) -> CheckedView:
        """Read everything of the newest backup and check its whole chain, without a copy. `known`: the newest one known elsewhere."""
        identity = self._store.read_now(lambda unit: unit.me.identity)
        return verify(target, self._cipher, identity, known)

    def customer_then(self, target: Target, customer: bytes, number: int = 0) -> CustomerThen:
        """What putting a customer back from a backup (`number` 0 = the newest) would change. Nothing is written.

        Raises NotFound `not-in-backup`, `no-backup`, and what reading raises.
        """
        kept = self._kept(target, customer, number)
        view: CustomerThen = self._store.read_now(lambda unit: compare_customer(unit, customer, kept))
        return view

    def restore_customer(self, target: Target, customer: bytes, number: int = 0) -> CustomerThen:
        """Put a customer back from a backup; what it changed. Raises as `customer_then`."""
        kept = self._kept(target, customer, number)
        view: CustomerThen = self._store.write_now(lambda unit: restore_customer(unit, customer, kept))
        return view

    # --- inside

    def _kept(self, target: Target, customer: bytes, number: int) -> Kept:
        slot: int = self._store.read_now(lambda unit: slot_of(unit, customer))
        identity = self._store.read_now(lambda unit: unit.me.identity)
        newest = open_newest(target, self._cipher, identity)
        opened = open_numbered(target, self._cipher, newest, number) if number else newest
        return read_customer(target, self._cipher, newest, opened, slot)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._one.acquire(blocking=False):
            raise ConflictError("A backup is being made or tried right now. Wait until it has ended.", code="backup-running")
        try:
            yield
        finally:
            self._one.release()

    def _target(self, id_: bytes) -> TargetRow:
        row: TargetRow | None = self._store.read_now(lambda unit: unit.backups.target(id_))
        return row or TargetRow(id_)

    def _check(self, target: Target, row: TargetRow, tell: Tell) -> CheckedView:
        identity = self._store.read_now(lambda unit: unit.me.identity)
        known = None if row.head is None else (row.number, row.head)
        opened = open_newest(target, self._cipher, identity, known)
        tell(0, _size(opened))
        keyring = open_keyring(target, self._cipher, opened)
        with self._workshop.copy(opened.manifest.schema) as copy:
            loaded = load(target, self._cipher, opened, keyring, copy)
        return checked_view(opened, loaded.rows, loaded.withheld, len(list_manifests(target, opened.folder)))

    def _begin(self, id_: bytes) -> RunRow:
        def begin(unit: BackupUnit) -> RunRow:
            if unit.backups.target(id_) is None:
                unit.backups.keep_target(TargetRow(id_))
            run = RunRow(unit.random(32), id_, unit.now)
            unit.backups.keep_run(run)
            return run

        run: RunRow = self._store.write_now(begin)
        return run

    def _end(self, run: RunRow, made: Made) -> None:
        objects = made.objects
        ended = replace(run, ended=self._clock(), state="done", number=made.row.number, whole=made.whole, put=made.put)
        ended = replace(ended, bytes=made.bytes, rows=made.rows, warnings=made.warnings, objects=objects)
        self._store.write_now(lambda unit: unit.backups.keep_run(ended))

    def _failed(self, run: RunRow, making: Making, error: NodeError | ProtocolError) -> None:
        ended = replace(run, ended=self._clock(), state="failed", code=error.code, detail=str(error)[:_LONGEST])
        ended = replace(ended, put=making.put, bytes=making.bytes, rows=making.rows)
        if error.code != "locked":
            self._store.write_now(lambda unit: unit.backups.keep_run(ended))

    def _let_go(self, target: Target, id_: bytes, keep: Keep, *, everything: bool) -> None:
        """Delete what only older backups need, and every keyring but the newest: that is what erases customers from older backups."""
        runs: Sequence[RunRow] = self._store.read_now(lambda unit: unit.backups.runs(id_, limit=_MOST_RUNS))
        runs = [run for run in runs if run.objects]
        if not runs:
            return
        stays = {runs[0].number, *keep(runs)}
        needed = {name for run in runs if run.number in stays for name in run.objects if not _is_keyring(name)} | set(runs[0].objects)
        dropped = [replace(run, objects=()) for run in runs if run.number not in stays]
        ours = self._store.read_now(lambda unit: unit.backups.objects(id_))
        folder = folder_of(self._store.read_now(lambda unit: unit.me.identity))
        stored = {found.name for found in target.entries(f"{folder}/")}
        stale = {name for name in stored - needed if everything or name in ours or _is_keyring(name)}
        for name in sorted(stale):
            target.delete(name)

        def forget(unit: BackupUnit) -> None:
            unit.backups.forget_objects(id_, ours - needed)
            for run in dropped:
                unit.backups.keep_run(run)

        self._store.write_now(forget)


def verify(target: Target, cipher: Cipher, identity: bytes | None, known: Known = None, number: int = 0) -> CheckedView:
    """Read everything of a backup (`number` 0 = the newest) and check the chain it stands in. Raises as backup_read.py says."""
    newest = open_newest(target, cipher, identity, known)
    kept = check_chain(target, cipher, newest)
    keyring = open_keyring(target, cipher, newest)
    opened = open_numbered(target, cipher, newest, number) if number else newest
    rows = withheld = 0
    for read in read_rows(target, cipher, opened, secrets_of(keyring)):
        rows += len(read.rows) + len(read.gone)
        withheld += read.withheld
    return checked_view(opened, rows, withheld, kept)


def checked_view(opened: Opened, rows: int, withheld: int, kept: int) -> CheckedView:
    """A backup that was read whole."""
    manifest, envelope = opened.manifest, opened.envelope
    size = _size(opened)
    return CheckedView(
        envelope.seq, opened.id.hex(), envelope.created, manifest.program, len(manifest.parts), size, rows, withheld, kept
    )  # fmt: skip


def _size(opened: Opened) -> int:
    return sum(part.size for part in opened.manifest.parts) + opened.manifest.keyring.size


def _is_keyring(name: str) -> bool:
    return name.partition("/")[2].startswith("keys-")


def _drilled(unit: BackupUnit, row: TargetRow, code: str, detail: str) -> None:
    run = next((run for run in unit.backups.runs(row.target) if run.state == "done"), None)
    if run is not None:
        unit.backups.keep_run(replace(run, drilled=unit.now, drill_code=code, drill_detail=detail))
        unit.touched("changes")
    if code == "backup-differs":
        unit.accounts.end()  # what the rows come to is reckoned anew, and the next backup everywhere is whole
