"""Chain intents with their signed transactions, and the blocks and logs the watcher has seen. Rows only: no chain, no keys."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cbor2
from sqlite_utils import Database

from node.errors import ConflictError

ID_BYTES = 32
State = Literal["waiting", "pending", "confirmed", "finalized", "refused"]


@dataclass(frozen=True, slots=True)
class IntentRow:
    """One thing asked of the chain. Times in milliseconds UTC; `code` says why it was refused or what it waits for."""

    id: bytes
    account: int
    method: str
    arguments: tuple[Any, ...]
    created: int
    due: int
    state: State
    nonce: int | None
    block: int | None
    block_hash: bytes | None
    code: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """A signed transaction. Fees in wei per gas."""

    hash: bytes
    nonce: int
    raw: bytes
    gas: int
    max_fee: int
    priority_fee: int
    signed: int


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A block on the chain as last seen. `timestamp` in seconds UTC."""

    number: int
    hash: bytes
    parent: bytes
    timestamp: int
    final: bool


@dataclass(frozen=True, slots=True)
class LogRow:
    """A log of one of our contracts."""

    block: int
    block_hash: bytes
    timestamp: int
    position: int
    contract: str
    transaction: bytes
    topics: tuple[bytes, ...]
    data: bytes


_INTENT = "SELECT id, account, method, arguments, created, due, state, nonce, block, block_hash, code, detail FROM chain_intent"
_LOG = (
    "SELECT b.number, b.hash, b.timestamp, l.position, l.contract, l.tx, l.topics, l.data "
    "FROM chain_log AS l JOIN chain_block AS b ON b.hash = l.block"
)


class Transactions:
    """Tables `chain_intent` and `chain_attempt` in one transaction. Services add; the sender does the rest."""

    def __init__(self, db: Database, now: int, touched: Callable[[str], None]) -> None:
        self._db = db
        self._now = now
        self._touched = touched

    def add(self, id: bytes, method: str, arguments: Sequence[Any], *, account: int = 0, not_before: int = 0) -> None:  # noqa: A002
        """Ask for `method(*arguments)`. The same `id` again changes nothing; for another call it is ConflictError `id-reused`."""
        if len(id) != ID_BYTES:
            raise ValueError(f"an intent id has {ID_BYTES} bytes")
        body = cbor2.dumps(list(arguments), canonical=True)
        known = self._db.execute("SELECT account, method, arguments FROM chain_intent WHERE id = ?", (id,)).fetchone()
        if known is not None:
            if known != (account, method, body):
                raise ConflictError("This intent id is taken by another transaction.", code="id-reused")
            return
        self._db.execute(
            "INSERT INTO chain_intent (id, account, method, arguments, created, due) VALUES (?, ?, ?, ?, ?, ?)",
            (id, account, method, body, self._now, max(self._now, not_before)),
        )
        self._touched("transactions")

    def get(self, id: bytes) -> IntentRow | None:  # noqa: A002
        """One intent."""
        row = self._db.execute(f"{_INTENT} WHERE id = ?", (id,)).fetchone()
        return None if row is None else _intent(row)

    def open(self) -> list[IntentRow]:
        """What has not ended, per account in order of adding."""
        sql = f"{_INTENT} WHERE state IN ('waiting', 'pending', 'confirmed') ORDER BY account, seq"
        return [_intent(row) for row in self._db.execute(sql)]

    def recent(self, limit: int = 100) -> list[IntentRow]:
        """The newest intents, newest first, for the pages."""
        return [_intent(row) for row in self._db.execute(f"{_INTENT} ORDER BY seq DESC LIMIT ?", (limit,))]

    def attempts(self, id: bytes) -> list[AttemptRow]:  # noqa: A002
        """Everything signed for an intent, oldest first."""
        rows = self._db.execute(
            "SELECT hash, nonce, raw, gas, max_fee, priority_fee, signed FROM chain_attempt WHERE intent = ? ORDER BY signed, hash",
            (id,),
        )
        return [
            AttemptRow(row[0], row[1], row[2], row[3], int.from_bytes(row[4], "big"), int.from_bytes(row[5], "big"), row[6]) for row in rows
        ]

    def next_nonce(self, account: int) -> int:
        """One above the highest nonce that an open intent of the account holds; 0 when none does."""
        sql = "SELECT max(nonce) FROM chain_intent WHERE account = ? AND state IN ('pending', 'confirmed')"
        highest = self._db.execute(sql, (account,)).fetchone()[0]
        return 0 if highest is None else int(highest) + 1

    def signed(
        self,
        id: bytes,  # noqa: A002
        *,
        nonce: int,
        transaction: bytes,
        raw: bytes,
        gas: int,
        max_fee: int,
        priority_fee: int,
    ) -> None:
        """Keep a signed transaction, before it is sent."""
        self._db.execute(
            "INSERT INTO chain_attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (transaction, id, nonce, raw, gas, _big(max_fee), _big(priority_fee), self._now),
        )
        self._set(id, "pending", nonce=nonce)

    def postponed(self, id: bytes, due: int, code: str, detail: str) -> None:  # noqa: A002
        """It cannot be signed yet: look again at `due`."""
        sql = "UPDATE chain_intent SET due = ?, code = ?, detail = ? WHERE id = ?"
        self._db.execute(sql, (due, code, detail, id))

    def confirmed(self, id: bytes, block: int, block_hash: bytes) -> None:  # noqa: A002
        """It is in a block."""
        self._set(id, "confirmed", block=block, block_hash=block_hash)

    def finalized(self, id: bytes) -> None:  # noqa: A002
        """Its block cannot be undone."""
        self._db.execute("UPDATE chain_intent SET state = 'finalized', code = NULL, detail = NULL WHERE id = ?", (id,))
        self._touched("changes")

    def refused(self, id: bytes, code: str, detail: str) -> None:  # noqa: A002
        """It will not happen, and why."""
        self._db.execute("UPDATE chain_intent SET state = 'refused', code = ?, detail = ? WHERE id = ?", (code, detail, id))
        self._touched("changes")

    def reorged(self, id: bytes) -> None:  # noqa: A002
        """Its block left the chain: it waits for another."""
        self._db.execute("UPDATE chain_intent SET state = 'pending', block = NULL, block_hash = NULL WHERE id = ?", (id,))
        self._touched("changes")

    def _set(self, id: bytes, state: State, **columns: Any) -> None:  # noqa: A002
        names = "".join(f", {name} = :{name}" for name in columns)
        sql = f"UPDATE chain_intent SET state = :state, code = NULL, detail = NULL{names} WHERE id = :id"  # noqa: S608
        self._db.execute(sql, {"state": state, "id": id, **columns})
        self._touched("changes")


class Blocks:
    """Tables `chain_block` and `chain_log` in one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def tip(self) -> BlockRow | None:
        """The newest block."""
        return self._block("ORDER BY number DESC LIMIT 1")

    def at(self, number: int) -> BlockRow | None:
        """The block with this number."""
        return self._block("WHERE number = ?", number)

    def final(self) -> BlockRow | None:
        """The newest block that cannot be undone."""
        return self._block("WHERE final = 1 ORDER BY number DESC LIMIT 1")

    def add(self, number: int, block_hash: bytes, parent: bytes, timestamp: int) -> None:
        """A new tip."""
        self._db.execute(
            "INSERT INTO chain_block (number, hash, parent, timestamp) VALUES (?, ?, ?, ?)",
            (number, block_hash, parent, timestamp),
        )

    def add_log(self, block: bytes, position: int, contract: str, transaction: bytes, topics: Sequence[bytes], data: bytes) -> None:
        """A log of a block; the same one again changes nothing."""
        self._db.execute(
            "INSERT OR IGNORE INTO chain_log VALUES (?, ?, ?, ?, ?, ?)",
            (block, position, contract, transaction, b"".join(topics), data),
        )

    def logs(self, block: bytes) -> list[LogRow]:
        """The logs of one block, in order."""
        rows = self._db.execute(f"{_LOG} WHERE l.block = ? ORDER BY l.position", (block,))
        return [_log(row) for row in rows]

    def remove(self, block: bytes) -> None:
        """A reorg left this block: forget it and its logs."""
        self._db.execute("DELETE FROM chain_log WHERE block = ?", (block,))
        self._db.execute("DELETE FROM chain_block WHERE hash = ?", (block,))

    def finalize(self, number: int) -> list[BlockRow]:
        """Mark everything up to `number` final; the blocks this newly made so, oldest first."""
        rows = self._db.execute(
            "SELECT number, hash, parent, timestamp, 1 FROM chain_block WHERE number <= ? AND final = 0 ORDER BY number",
            (number,),
        ).fetchall()
        self._db.execute("UPDATE chain_block SET final = 1 WHERE number <= ? AND final = 0", (number,))
        return [BlockRow(row[0], row[1], row[2], row[3], True) for row in rows]

    def prune(self, below: int) -> None:
        """Forget final blocks below a number that hold no log of ours."""
        self._db.execute(
            "DELETE FROM chain_block WHERE number < ? AND final = 1 AND hash NOT IN (SELECT block FROM chain_log)",
            (below,),
        )

    def _block(self, where: str, *values: Any) -> BlockRow | None:
        sql = f"SELECT number, hash, parent, timestamp, final FROM chain_block {where}"  # noqa: S608
        row = self._db.execute(sql, values).fetchone()
        return None if row is None else BlockRow(row[0], row[1], row[2], row[3], bool(row[4]))


def _intent(row: Sequence[Any]) -> IntentRow:
    return IntentRow(row[0], row[1], row[2], _tuples(cbor2.loads(row[3])), *row[4:])


def _log(row: Sequence[Any]) -> LogRow:
    joined = row[6]
    topics = tuple(joined[start : start + 32] for start in range(0, len(joined), 32))
    return LogRow(row[0], row[1], row[2], row[3], row[4], row[5], topics, row[7])


def _tuples(value: Any) -> Any:
    """CBOR knows one kind of list; arguments are tuples throughout."""
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value


def _big(number: int) -> bytes:
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")
