"""Making one backup at one target: what changed since the last one there, or everything.

Everything is walked in short snapshots while people go on working, and what they change meanwhile is read last, so that the whole is
the store as it is at the end. A run that is cut off leaves its parts and its place: the next one goes on from there. Nothing counts
before the manifest is at the target.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import msgspec

from node.errors import ConflictError, IntegrityError
from node.model.backup import (
    FORMAT,
    MANIFEST_TYPE,
    MOST_REVOKED,
    Account,
    Batch,
    Begun,
    Carried,
    Carries,
    Changes,
    Count,
    Key,
    Keyring,
    Manifest,
    Part,
    TargetRow,
)
from protocol.codec import to_bytes
from protocol.envelope import NO_PREV, Signed, sign
from protocol.identity import IdentityState, Presentation, replay
from protocol.ids import digest as id_of
from protocol.recovery import BackupHead
from protocol.state_hash import StateHash

from .backup_head import MANIFEST, announce, newest_known
from .backup_ports import BackupUnit, Cipher, Tell, Transactions, nobody_listens
from .backup_read import Listed, Opened, folder_of, keyring_name, list_manifests, log_of, manifest_name, open_manifest, part_name
from .backup_stream import Packer, digest
from .backup_target import Target

_ROWS = 2_000
_KEYLESS = 50_000
_CHANGES = 100
_LEAST_DELTAS = 256 << 10
_LEAST_BEHIND = 5_000
_MOST_DELTA_PARTS = 500


class Secrets(Protocol):
    """What of our keys travels in a backup, and for whom it is sealed beside the devices."""

    @property
    def carried(self) -> Carried:
        """What every device of ours shares."""

    @property
    def generation(self) -> int:
        """The number of the newest generation."""

    @property
    def recovery_public(self) -> bytes:
        """The X25519 key of the sheet that holds the root key; empty: as the inception record has it."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a run did. `afresh`: what is older shall go. `warnings` are codes: `keeps-old-versions`, `target-lost-backups`."""

    row: TargetRow
    afresh: bool
    whole: bool
    put: int
    bytes: int
    rows: int
    warnings: tuple[str, ...]
    objects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    row: TargetRow
    identity: bytes
    device: bytes
    recipients: tuple[bytes, ...]
    sealed_to: bytes
    schema: tuple[int, ...]
    whole: bool
    afresh: bool
    restored_from: Any
    newest: BackupHead
    live: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class _End:
    """The last snapshot: what is left to say, and everything as of then."""

    upto: int
    batches: tuple[Batch, ...]
    accounted: int
    account: tuple[Batch, ...]
    slots: bytes
    following: int
    sequences: tuple[Count, ...]
    revoked: tuple[bytes, ...]
    presentation: Presentation


def _expected(unit: BackupUnit, plan: _Plan) -> int:
    """How many rows there are to pack, as far as that is known before."""
    if plan.whole or plan.row.seq is None:
        account = unit.accounts.get()
        return sum(account.counts.values()) if account else 0
    return unit.dump.behind(plan.row.seq)


class Making:
    """One run. `go` does it; `put`, `bytes` and `rows` tell how far it came."""

    def __init__(
        self, store: Transactions, cipher: Cipher, secrets: Secrets, program: str, target: Target, tell: Tell = nobody_listens
    ) -> None:
        self._store = store
        self._cipher = cipher
        self._secrets = secrets
        self._program = program
        self._target = target
        self._packer = Packer(cipher)
        self.put = self.bytes = 0
        self._tell, self._before, self._total = tell, 0, 0

    @property
    def rows(self) -> int:
        """How many rows were packed."""
        return self._packer.rows

    def go(self, target: bytes, *, afresh: bool) -> Made:
        """Make it. Raises what the target raises; ConflictError `backup-foreign`."""
        plan: _Plan = self._store.write_now(lambda unit: self._prepare(unit, target, afresh=afresh))
        self._give_secrets()
        self._reckon()
        warnings = ["keeps-old-versions"] if self._target.keeps_old_versions() else []
        plan, number, prev = self._place(plan, warnings)
        self._total = self._store.read_now(lambda unit: _expected(unit, plan))
        parts, since = self._walk(plan) if plan.whole else self._go_on(plan)
        since = self._catch_up(since)
        end = self._ended(since)
        account: Account = self._store.write_now(lambda unit: unit.accounts.change(end.accounted, _digests(end.account)))
        if not plan.whole and not self.rows and plan.row.head is not None:
            row = replace(plan.row, seq=end.upto)
            self._store.write_now(lambda unit: _keep(unit, row, end.accounted))
            return Made(row, plan.afresh, False, 0, 0, 0, tuple(warnings), ())
        stream = 0 if plan.whole else max(part.stream for part in parts) + 1
        parts = (*parts, *self._put_parts(plan, self._packer.take(end=True), stream))
        keyring = self._put_keyring(plan, end)
        signed = self._sign(plan, end, account, parts, keyring, number, prev)
        name = self._put_manifest(plan, signed, number)
        carries = Carries(plan.sealed_to, parts, self._secrets.generation)
        row = replace(plan.row, seq=end.upto, number=number, head=signed.id, carries=carries, begun=None)
        self._store.write_now(lambda unit: _counts(unit, row, end.accounted))
        folder = folder_of(plan.identity)
        objects = (name, keyring_name(folder, keyring), *(part_name(folder, part) for part in parts))
        return Made(row, plan.afresh, plan.whole, self.put, self.bytes, self.rows, tuple(warnings), objects)

    # --- before

    def _prepare(self, unit: BackupUnit, target: bytes, *, afresh: bool) -> _Plan:
        row = unit.backups.target(target) or TargetRow(target)
        schema, account = unit.dump.schema(), unit.accounts.get()
        if account is None or account.schema != schema:
            unit.backups.restart()
            row = replace(row, seq=None, begun=None)
        if account is None or account.schema != schema or account.state is None:
            unit.accounts.begin(schema, unit.dump.position())
        presentation = unit.peers.presentation()
        state = replay(presentation.inception, presentation.entries)
        recipients = self._recipients(state)
        sealed_to = id_of("backup-recipients", self._secrets.generation.to_bytes(8, "big"), *recipients)
        counts = account.counts if account else {}
        afresh = afresh or (row.carries is not None and row.carries.generation != self._secrets.generation)
        whole = afresh or _due_whole(unit, row, sealed_to, sum(counts.values()))
        begun = row.begun
        if begun is not None and (afresh or begun.recipients != sealed_to):
            begun = None
        if whole and begun is None:
            begun = Begun(unit.dump.position(), sealed_to, (), 0, b"", 0)
        row = replace(row, begun=begun)
        unit.backups.keep_target(row)
        live = frozenset(device.device_public for device in state.devices)
        me, manifest, newest = unit.me, unit.settings.get(MANIFEST), newest_known(unit)
        return _Plan(row, me.identity, me.device.public, recipients, sealed_to, schema, whole, afresh, manifest, newest, live)

    def _recipients(self, state: IdentityState) -> tuple[bytes, ...]:
        """The words' key and every live device's."""
        recovery = self._secrets.recovery_public or state.inception.recovery_x25519
        return (recovery, *sorted(device.device_x25519 for device in state.devices))

    def _give_secrets(self) -> None:
        """Found on a snapshot and given a few at a time, so that the writer is never held up for long."""
        while keyless := self._store.read_now(lambda unit: unit.dump.keyless(_KEYLESS)):
            for start in range(0, len(keyless), _ROWS):
                some = keyless[start : start + _ROWS]
                self._store.write_now(lambda unit, some=some: unit.backups.give_secrets(some))

    def _reckon(self) -> None:
        """Reckon what the rows come to from the beginning, where that is due."""
        account = self._store.read_now(lambda unit: unit.accounts.get())
        if account.state is not None:
            return
        for table in self._store.read_now(lambda unit: unit.dump.tables()):
            after: Key | None = ()
            while after is not None:
                walk = self._seen(lambda unit, table=table, after=after: unit.dump.walk(table, after, _ROWS))
                digests = list(_digests([walk.batch]))
                self._store.write_now(lambda unit, digests=digests: unit.accounts.add(digests))
                after = walk.after
        state = StateHash()
        place: Key | None = ()
        while place is not None:
            found, place = self._store.read_now(lambda unit, place=place: unit.accounts.digests(place))
            state = state.change(added=found)
        self._store.write_now(lambda unit: unit.accounts.settle(state))

    def _place(self, plan: _Plan, warnings: list[str]) -> tuple[_Plan, int, bytes]:
        """The number of this backup and the id of the one before it; whole, where this target lacks what the next would build on.

        One chain an identity, whatever the target: peers remember its newest number.
        """
        folder, row, known = folder_of(plan.identity), plan.row, plan.newest
        listed = list_manifests(self._target, folder)
        newest, prev = known.sequence, known.hash if known.sequence else NO_PREV
        there = listed[0].number if listed else 0
        if there > row.number:
            before = plan.restored_from["sequence"] if plan.restored_from else 0
            if there > before:  # else it lay there when this node was set up from a backup
                opened = self._ours(plan, listed[0])
                if there > newest:
                    newest, prev = there, opened.id
            return self._whole(plan), newest + 1, prev
        if row.head is None:
            return self._whole(plan), newest + 1, prev
        present = {stored.name for stored in self._target.entries(folder)}
        needed = {part_name(folder, part) for part in (row.carries.parts if row.carries else ())}
        if there < row.number or not needed <= present:
            warnings.append("target-lost-backups")
            return self._whole(plan), newest + 1, prev
        return plan, newest + 1, prev

    def _ours(self, plan: _Plan, listed: Listed) -> Opened:
        """A backup that may lie there: of this device, or of one that is revoked. Raises ConflictError `backup-foreign`."""
        foreign = ConflictError(
            "Another device of yours makes its backups here. Choose another folder or bucket for this one.", code="backup-foreign"
        )
        try:
            opened = open_manifest(self._target, self._cipher, listed)
        except IntegrityError as error:
            if error.code == "backup-other-keys":
                raise foreign from error
            raise
        if opened.envelope.author in plan.live - {plan.device}:
            raise foreign
        return opened

    def _whole(self, plan: _Plan) -> _Plan:
        if plan.whole:
            return plan
        begun = Begun(self._store.read_now(lambda unit: unit.dump.position()), plan.sealed_to, (), 0, b"", 0)
        row = replace(plan.row, begun=begun)
        self._store.write_now(lambda unit: unit.backups.keep_target(row))
        return replace(plan, row=row, whole=True)

    # --- rows

    def _walk(self, plan: _Plan) -> tuple[tuple[Part, ...], int]:
        """Everything, from where a run before was cut off."""
        begun = plan.row.begun
        assert begun is not None
        folder = folder_of(plan.identity)
        present = {stored.name for stored in self._target.entries(folder)}
        if not {part_name(folder, part) for part in begun.parts} <= present:
            begun = replace(begun, parts=(), table=0, after=b"", rows=0)
        self._before = begun.rows
        tables = self._store.read_now(lambda unit: unit.dump.tables())
        for place in range(begun.table, len(tables)):
            after: Key | None = tuple(msgspec.msgpack.decode(begun.after)) if begun.after and place == begun.table else ()
            while after is not None:
                walk = self._seen(lambda unit, table=tables[place], after=after: unit.dump.walk(table, after, _ROWS))
                self._pack(walk.batch)
                after = walk.after
                contents = self._packer.take()
                if contents:
                    parts = (*begun.parts, *self._put_parts(plan, contents, 0))
                    table = place if after is not None else place + 1
                    where = b"" if after is None else msgspec.msgpack.encode(after)
                    begun = replace(begun, parts=parts, table=table, after=where, rows=self.rows)
                    row = replace(plan.row, begun=begun)
                    self._store.write_now(lambda unit, row=row: unit.backups.keep_target(row))
        return begun.parts, begun.since

    def _go_on(self, plan: _Plan) -> tuple[tuple[Part, ...], int]:
        row = plan.row
        assert row.carries is not None
        assert row.seq is not None
        return row.carries.parts, row.seq

    def _catch_up(self, since: int) -> int:
        """Read changes until few are left, here and in the account, so that the last snapshot is short."""
        more = True
        while more:
            changes = self._seen(lambda unit, since=since: unit.dump.changed(since, _CHANGES))
            if not changes.more:
                break
            for batch in changes.batches:
                self._pack(batch)
            since, more = changes.upto, changes.more
        more = True
        while more:
            seq = self._store.read_now(lambda unit: unit.accounts.get()).seq
            changes = self._seen(lambda unit, seq=seq: unit.dump.changed(seq, _CHANGES))
            more = changes.more
            if more:
                digests = list(_digests(changes.batches))
                self._store.write_now(lambda unit, upto=changes.upto, digests=digests: unit.accounts.change(upto, digests))
        return since

    def _ended(self, since: int) -> _End:
        end: _End = self._seen(lambda unit: _end(unit, since))
        for batch in end.batches:
            self._pack(batch)
        return end

    def _pack(self, batch: Batch) -> None:
        """Rows on their way; what was changed meanwhile comes on top of what was reckoned with."""
        self._packer.add(batch)
        done = self._before + self.rows
        self._total = max(self._total, done)
        self._tell(done, self._total)

    def _seen(self, look: Callable[..., Any]) -> Any:
        """What a snapshot shows, once every customer in it has a key."""
        while (found := self._store.read_now(look)) is None:
            self._give_secrets()
        return found

    # --- objects

    def _put_parts(self, plan: _Plan, contents: Iterable[bytes], stream: int) -> list[Part]:
        folder, made = folder_of(plan.identity), []
        for content in contents:
            part, sealed = self._sealed(plan, content, stream)
            self._put(plan, part_name(folder, part), sealed)
            made.append(part)
        return made

    def _put_keyring(self, plan: _Plan, end: _End) -> Part:
        profile = self._store.read_now(lambda unit: (unit.me.name, unit.me.currency, unit.me.payout_index))
        carried = self._secrets.carried
        content = to_bytes(Keyring(FORMAT, end.slots, end.following, carried.seeds, carried.pseudonyms, carried.wallet, *profile))
        part, sealed = self._sealed(plan, content, 0)
        self._put(plan, keyring_name(folder_of(plan.identity), part), sealed)
        return part

    def _sign(self, plan: _Plan, end: _End, account: Account, parts: tuple[Part, ...], keyring: Part, number: int, prev: bytes) -> Signed:
        assert account.state is not None
        manifest = Manifest(
            format=FORMAT,
            identity=plan.identity,
            program=self._program,
            schema=plan.schema,
            parts=parts,
            keyring=keyring,
            state=StateHash.from_bytes(account.state).digest,
            counts=tuple(Count(table, count) for table, count in sorted(account.counts.items())),
            sequences=end.sequences,
            revoked=end.revoked,
            generation=self._secrets.generation,
            presentation=end.presentation,
        )
        log = log_of(plan.identity)

        def signed(unit: BackupUnit) -> Signed:
            return sign(unit.me.device, MANIFEST_TYPE, manifest, created=unit.now, log=log, seq=number, prev=prev)

        made: Signed = self._store.read_now(signed)
        return made

    def _put_manifest(self, plan: _Plan, signed: Signed, number: int) -> str:
        sealed = self._cipher.encrypt(signed.raw, plan.recipients)
        name = manifest_name(folder_of(plan.identity), number, sealed)
        self._put(plan, name, sealed)
        return name

    def _sealed(self, plan: _Plan, content: bytes, stream: int) -> tuple[Part, bytes]:
        sealed = self._cipher.encrypt(content, plan.recipients)
        return Part(hashlib.sha256(sealed).digest(), len(sealed), stream), sealed

    def _put(self, plan: _Plan, name: str, data: bytes) -> None:
        """Note what is about to be there, so that nothing is ever left behind unknown; then put it."""
        self._store.write_now(lambda unit: unit.backups.note_objects(plan.row.target, [name]))
        self._target.put(name, data)
        self.put += 1
        self.bytes += len(data)


def _due_whole(unit: BackupUnit, row: TargetRow, sealed_to: bytes, rows: int) -> bool:
    """A first one, one for other devices, one that was begun; or when what came after the last whole one has grown too much."""
    carries = row.carries
    if row.seq is None or carries is None or carries.recipients != sealed_to or row.begun is not None:
        return True
    whole = sum(part.size for part in carries.parts if part.stream == 0)
    deltas = [part.size for part in carries.parts if part.stream]
    if len(deltas) > _MOST_DELTA_PARTS or sum(deltas) > max(whole // 2, _LEAST_DELTAS):
        return True
    return unit.dump.behind(row.seq) > max(rows // 2, _LEAST_BEHIND)


def _end(unit: BackupUnit, since: int) -> _End | None:
    account = unit.accounts.get()
    assert account is not None
    changes = _rest(unit, since)
    others = changes if account.seq == since else _rest(unit, account.seq)
    if changes is None or others is None:
        return None
    slots, following = unit.dump.slots()
    sequences, revoked = unit.dump.sequences(), unit.dump.revoked(MOST_REVOKED)
    presentation = unit.peers.presentation()
    return _End(
        changes.upto, changes.batches, others.upto, others.batches, slots, following, sequences, revoked, presentation
    )  # fmt: skip


def _rest(unit: BackupUnit, since: int) -> Changes | None:
    """All that is left after `since`."""
    batches: list[Batch] = []
    more = True
    while more:
        changes = unit.dump.changed(since, _CHANGES)
        if changes is None:
            return None
        batches += changes.batches
        since, more = changes.upto, changes.more
    return Changes(since, more=False, batches=tuple(batches))


def _digests(batches: Iterable[Batch]) -> Iterable[tuple[str, Key, bytes | None]]:
    for batch in batches:
        keys = batch.keys_of(batch.rows)
        for key, row in zip(keys, batch.rows, strict=True):
            yield batch.table, key, digest(batch.table, row.values)
        for key in (*(row.values for row in batch.gone), *batch.erased):
            yield batch.table, key, None


def _keep(unit: BackupUnit, row: TargetRow, accounted: int) -> None:
    unit.backups.keep_target(row)
    unit.backups.prune_changes(accounted, unit.dump.position())
    unit.touched("changes")


def _counts(unit: BackupUnit, row: TargetRow, accounted: int) -> None:
    """The backup is complete at its target: from now on it is the newest."""
    assert row.head is not None
    announce(unit, row.number, row.head)
    _keep(unit, row, accounted)
