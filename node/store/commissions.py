"""Commissions in the store: ledger entries, facts, statements, what the chain showed, claims and relays. It keeps and decides nothing."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from sqlite_utils import Database

from node.model.commission import ClaimRow, FactRow, LedgerRow, PayoutRow, RelayRow, RootRow, StatementRow
from protocol.codec import from_bytes, to_bytes
from protocol.commission import Why
from protocol.ledger import Entry, EntryKey, Status

R = TypeVar("R")

_ENTRY = (
    "key, why, minor, gms, status, seq, hold_until, payable_at, epoch, taken_back, changes, "
    "merchant, member, currency, created, fact, order_id, id"
)
_FACT = "hash, merchant, member, level, raw, created, order_id, salt, changes, checked"
_STATEMENT = "merchant, epoch, head, root, created, lines, raw, state, reason, detail"
_ROOT = "address, epoch, root, payable, outstanding, statement, active_at, block_hash, state"
_PAYOUT = "block_hash, position, address, member, epoch, amount, state"
_CLAIM = "intent, merchant, address, epoch, members, created"
_RELAY = "id, asked, peer, merchant, address, epoch, member, request, created, state, code"


class Commissions:
    """The `commission_…` tables of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # --- the ledger

    def entry(self, entry: bytes) -> LedgerRow | None:
        """The entry with this id."""
        found = self._entries("id = ?", entry)
        return found[0] if found else None

    def entries(self, merchant: bytes, member: bytes | None = None) -> list[LedgerRow]:
        """Everything at a merchant (of one member), oldest first."""
        return self._entries("merchant = ? AND (? IS NULL OR member = ?)", merchant, member, member)

    def owed(self, merchant: bytes) -> int:
        """GMS base units of everything at a merchant that is not void, without reading the entries."""
        found = self._db.execute("SELECT gms FROM commission_entries WHERE merchant = ? AND status <> 'VOIDED'", (merchant,))
        return sum(int(row[0]) for row in found)

    def entries_of_order(self, order: bytes) -> list[LedgerRow]:
        """The entries of one order."""
        return self._entries("order_id = ?", order)

    def entries_of_fact(self, fact: bytes) -> list[LedgerRow]:
        """The entries one fact states."""
        return self._entries("fact = ?", fact)

    def ripe(self, now: int) -> list[LedgerRow]:
        """Held entries that are payable by `now`."""
        return self._entries("status = 'HELD' AND payable_at > 0 AND payable_at <= ?", now)

    def all_entries(self, merchant: bytes | None = None, status: str | None = None) -> list[LedgerRow]:
        """For the pages: every entry, at a merchant, in a status."""
        return self._entries("(? IS NULL OR merchant = ?) AND (? IS NULL OR status = ?)", merchant, merchant, status, status)

    def keep_entry(self, row: LedgerRow) -> None:
        """Write an entry, new or changed."""
        entry = row.entry
        head = (to_bytes(entry.key), to_bytes(entry.why), entry.minor, str(entry.gms), entry.status.value, entry.seq)
        times = (entry.hold_until, entry.payable_at, entry.epoch, str(entry.taken_back), entry.changes)
        tail = (row.merchant, row.member, row.currency, row.created, row.fact, row.order, entry.id)
        self._write("commission_entries", _ENTRY, (*head, *times, *tail))

    # --- facts

    def fact(self, fact: bytes) -> FactRow | None:
        """The fact with this hash."""
        return self._one(self._facts("hash = ?", fact))

    def facts_of_order(self, order: bytes) -> list[FactRow]:
        """The facts of one order, by level."""
        return self._facts("order_id = ?", order)

    def facts_of_member(self, merchant: bytes, member: bytes) -> list[FactRow]:
        """A merchant's facts for one payee, oldest first."""
        return sorted(self._facts("merchant = ? AND member = ?", merchant, member), key=lambda row: (row.created, row.hash))

    def unchecked(self, merchant: bytes) -> list[FactRow]:
        """A merchant's facts whose chain signature nobody verified yet."""
        return self._facts("merchant = ? AND checked = 0", merchant)

    def keep_fact(self, row: FactRow) -> None:
        """Write a fact."""
        self._keep("commission_facts", _FACT, row)

    def issuer(self, merchant: bytes) -> bytes | None:
        """The chain address of a merchant."""
        found = self._db.execute("SELECT address FROM commission_issuers WHERE merchant = ?", (merchant,)).fetchone()
        return found[0] if found else None

    def keep_issuer(self, merchant: bytes, address: bytes) -> None:
        """Pin it."""
        self._db.execute("INSERT INTO commission_issuers (merchant, address) VALUES (?, ?)", (merchant, address))

    # --- statements

    def statement(self, merchant: bytes, epoch: int) -> StatementRow | None:
        """One statement."""
        return self._one(self._statements("merchant = ? AND epoch = ?", merchant, epoch))

    def last_statement(self, merchant: bytes) -> StatementRow | None:
        """The newest of a merchant."""
        return self._one(self._statements("merchant = ?", merchant))

    def statements(self) -> list[StatementRow]:
        """All, newest first."""
        return self._statements("1")

    def keep_statement(self, row: StatementRow) -> None:
        """Write a statement."""
        self._keep("commission_statements", _STATEMENT, row)

    # --- the chain

    def roots(self, address: bytes) -> list[RootRow]:
        """A merchant's roots, newest first."""
        sql = f"SELECT {_ROOT} FROM commission_roots WHERE address = ? ORDER BY epoch DESC"  # noqa: S608
        rows = [RootRow(*found) for found in self._db.execute(sql, (address,))]
        return [replace(row, payable=int(row.payable), outstanding=int(row.outstanding)) for row in rows]

    def keep_root(self, row: RootRow) -> None:
        """Write a root."""
        self._keep("commission_roots", _ROOT, replace(row, payable=str(row.payable), outstanding=str(row.outstanding)))  # type: ignore[arg-type]

    def drop_root(self, address: bytes, epoch: int) -> None:
        """A reorg took it."""
        self._db.execute("DELETE FROM commission_roots WHERE address = ? AND epoch = ?", (address, epoch))

    def payouts(self, address: bytes, member: bytes) -> list[PayoutRow]:
        """What a member was paid."""
        sql = f"SELECT {_PAYOUT} FROM commission_payouts WHERE address = ? AND member = ? ORDER BY epoch"  # noqa: S608
        return [replace(row, amount=int(row.amount)) for row in (PayoutRow(*found) for found in self._db.execute(sql, (address, member)))]

    def keep_payout(self, row: PayoutRow) -> None:
        """Write a payout."""
        self._keep("commission_payouts", _PAYOUT, replace(row, amount=str(row.amount)))  # type: ignore[arg-type]

    def drop_payout(self, block_hash: bytes, position: int) -> None:
        """A reorg took it."""
        self._db.execute("DELETE FROM commission_payouts WHERE block_hash = ? AND position = ?", (block_hash, position))

    # --- claims and relays

    def claim(self, intent: bytes) -> ClaimRow | None:
        """The claim that an intent is."""
        return self._one(self._claims("intent = ?", intent))

    def claims(self, address: bytes | None = None) -> list[ClaimRow]:
        """Claims we sent (to one merchant's reserve), newest first."""
        return self._claims("? IS NULL OR address = ?", address, address)

    def keep_claim(self, row: ClaimRow) -> None:
        """Write a claim."""
        self._write("commission_claims", _CLAIM, (row.intent, row.merchant, row.address, row.epoch, b"".join(row.members), row.created))

    def relay(self, relay: bytes) -> RelayRow | None:
        """One relay."""
        return self._one(self._relays("id = ?", relay))

    def relays(self, *, asked: bool | None = None, address: bytes | None = None, peer: str | None = None) -> list[RelayRow]:
        """Relays, newest first."""
        where = "(? IS NULL OR asked = ?) AND (? IS NULL OR address = ?) AND (? IS NULL OR peer = ?)"
        return self._relays(where, asked, asked, address, address, peer, peer)

    def keep_relay(self, row: RelayRow) -> None:
        """Write a relay."""
        self._keep("commission_relays", _RELAY, row)

    def drop_relay(self, relay: bytes) -> None:
        """Forget one: a newer epoch's took its place."""
        self._db.execute("DELETE FROM commission_relays WHERE id = ?", (relay,))

    # --- rows

    def _entries(self, where: str, *values: Any) -> list[LedgerRow]:
        sql = f"SELECT {_ENTRY} FROM commission_entries WHERE {where} ORDER BY created, id"  # noqa: S608
        return [_ledger_row(found) for found in self._db.execute(sql, values)]

    def _facts(self, where: str, *values: Any) -> list[FactRow]:
        sql = f"SELECT {_FACT} FROM commission_facts WHERE {where} ORDER BY level, hash"  # noqa: S608
        return [replace(FactRow(*found), checked=bool(found[-1])) for found in self._db.execute(sql, values)]

    def _statements(self, where: str, *values: Any) -> list[StatementRow]:
        sql = f"SELECT {_STATEMENT} FROM commission_statements WHERE {where} ORDER BY created DESC, epoch DESC"  # noqa: S608
        return [StatementRow(*found) for found in self._db.execute(sql, values)]

    def _claims(self, where: str, *values: Any) -> list[ClaimRow]:
        sql = f"SELECT {_CLAIM} FROM commission_claims WHERE {where} ORDER BY created DESC"  # noqa: S608
        found = [ClaimRow(*row) for row in self._db.execute(sql, values)]
        return [replace(row, members=_cut(row.members)) for row in found]  # type: ignore[arg-type]

    def _relays(self, where: str, *values: Any) -> list[RelayRow]:
        sql = f"SELECT {_RELAY} FROM commission_relays WHERE {where} ORDER BY created DESC, id"  # noqa: S608
        return [RelayRow(found[0], bool(found[1]), *found[2:]) for found in self._db.execute(sql, values)]

    def _one(self, rows: Sequence[R]) -> R | None:
        return rows[0] if rows else None

    def _keep(self, table: str, columns: str, row: Any) -> None:
        self._write(table, columns, tuple(getattr(row, field.name) for field in fields(row)))

    def _write(self, table: str, columns: str, values: tuple[Any, ...]) -> None:
        marks = ", ".join("?" * len(values))
        self._db.execute(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})", values)  # noqa: S608


def _ledger_row(found: Sequence[Any]) -> LedgerRow:
    key, why, minor, gms, status, seq, hold, payable, epoch, taken, changes, *rest = found
    entry = Entry(
        from_bytes(EntryKey, key),
        from_bytes(Why, why),
        minor,
        int(gms),
        Status(status),
        seq,
        hold,
        payable,
        epoch,
        int(taken),
        changes,
    )
    return LedgerRow(entry, *rest[:6])


def _cut(joined: bytes) -> tuple[bytes, ...]:
    return tuple(joined[start : start + 32] for start in range(0, len(joined), 32))
