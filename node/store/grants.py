"""Grants in the store: rows, logs, asks, what is held, the disclosure ledger. It keeps; `protocol.grant` decides."""

from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from node.model.grant import AskRow, Disclosure, GrantRow, Held, LogEntry
from protocol.disclosure import Field
from protocol.grant import Status

_IDS = "request_id, grant_id, denial_id, revoke_id, erasure_id"
_RAWS = "request_raw, grant_raw, denial_raw, revoke_raw, erasure_raw"
_ROW = f"key, side, peer, order_id, created, updated, customer, status, deadline, {_IDS}, {_RAWS}"
_NAMES = [name.strip() for name in _ROW.split(",")]
_ASK = "id, key, message, fields, at, state, code"
_DISCLOSURE = "ask, field, key, customer, merchant, order_id, at, erase_by, acknowledged, erased"


class Grants:
    """The tables `grants`, `grant_log`, `grant_asks`, `grant_held` and `disclosures` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # --- rows

    def get(self, grant: bytes) -> GrantRow | None:
        """The grant with this key or id."""
        return next(iter(self._rows("key = ? OR grant_id = ?", (grant, grant))), None)

    def by_request(self, request: bytes) -> GrantRow | None:
        """The grant that this request opened."""
        return next(iter(self._rows("request_id = ?", (request,))), None)

    def by_id(self, grant: bytes) -> GrantRow | None:
        """The grant with this id."""
        return next(iter(self._rows("grant_id = ?", (grant,))), None)

    def all(self, limit: int) -> list[GrantRow]:
        """The newest."""
        return self._rows("1 ORDER BY created DESC, key LIMIT ?", (limit,))

    def of_peer(self, peer: bytes) -> list[GrantRow]:
        """Every grant with the identity, oldest first."""
        return self._rows("peer = ? ORDER BY created, key", (peer,))

    def of_order(self, order: bytes) -> list[GrantRow]:
        """An order's, oldest first."""
        return self._rows("order_id = ? ORDER BY created, key", (order,))

    def of_customer(self, customer: bytes) -> list[GrantRow]:
        """A customer's, oldest first."""
        return self._rows("customer = ? ORDER BY created, key", (customer,))

    def due(self, now: int, limit: int) -> list[GrantRow]:
        """Those that time ends now."""
        return self._rows("deadline <= ? ORDER BY deadline LIMIT ?", (now, limit))

    def keep(self, row: GrantRow) -> None:
        """Write a grant, new or changed."""
        ids = (row.request_id, row.grant_id, row.denial_id, row.revoke_id, row.erasure_id)
        raws = (row.request_raw, row.grant_raw, row.denial_raw, row.revoke_raw, row.erasure_raw)
        head = (row.key, row.side, row.peer, row.order, row.created, row.updated, row.customer, row.status.value, row.deadline)
        marks = ", ".join("?" * len(_NAMES))
        changes = ", ".join(f"{name} = excluded.{name}" for name in _NAMES[1:])
        sql = f"INSERT INTO grants ({_ROW}) VALUES ({marks}) ON CONFLICT (key) DO UPDATE SET {changes}"  # noqa: S608
        self._db.execute(sql, head + ids + raws)

    def drop(self, key: bytes) -> None:
        """Let go of a row that another took over."""
        self._db.execute("DELETE FROM grants WHERE key = ?", (key,))

    # --- logs

    def head(self, log: bytes) -> LogEntry | None:
        """The last entry of a log."""
        found = self._db.execute("SELECT log, seq, id, prev, raw FROM grant_log WHERE log = ? ORDER BY seq DESC LIMIT 1", (log,)).fetchone()
        return LogEntry(*found) if found else None

    def entry(self, log: bytes, seq: int) -> LogEntry | None:
        """The entry at `seq`."""
        found = self._db.execute("SELECT log, seq, id, prev, raw FROM grant_log WHERE log = ? AND seq = ?", (log, seq)).fetchone()
        return LogEntry(*found) if found else None

    def add_entry(self, entry: LogEntry) -> None:
        """Keep an entry."""
        values = (entry.log, entry.seq, entry.id, entry.prev, entry.raw)
        self._db.execute("INSERT INTO grant_log (log, seq, id, prev, raw) VALUES (?, ?, ?, ?, ?)", values)

    # --- the merchant's asks and what it holds

    def ask(self, ask: bytes) -> AskRow | None:
        """The question with this id."""
        found = self._db.execute(f"SELECT {_ASK} FROM grant_asks WHERE id = ?", (ask,)).fetchone()  # noqa: S608
        return _ask(found) if found else None

    def asks(self, key: bytes) -> list[AskRow]:
        """A grant's questions, oldest first."""
        found = self._db.execute(f"SELECT {_ASK} FROM grant_asks WHERE key = ? ORDER BY seq", (key,))  # noqa: S608
        return [_ask(row) for row in found]

    def keep_ask(self, row: AskRow) -> None:
        """Write a question, new or settled."""
        values = (row.id, row.key, row.message, ",".join(row.fields), row.at, row.state, row.code)
        self._db.execute(
            f"INSERT INTO grant_asks ({_ASK}) VALUES (?, ?, ?, ?, ?, ?, ?) "  # noqa: S608
            "ON CONFLICT (id) DO UPDATE SET state = excluded.state, code = excluded.code",
            values,
        )

    def hold(self, held: Held) -> None:
        """Keep sealed values."""
        values = (held.ask, held.key, held.sealed, held.fields, held.erase_by)
        self._db.execute("INSERT INTO grant_held (ask, key, sealed, fields, erase_by) VALUES (?, ?, ?, ?, ?)", values)

    def held(self, key: bytes) -> list[Held]:
        """What is held under a grant, oldest first."""
        found = self._db.execute("SELECT ask, key, sealed, fields, erase_by FROM grant_held WHERE key = ? ORDER BY erase_by, ask", (key,))
        return [Held(*row) for row in found]

    def overdue(self, now: int, limit: int) -> list[Held]:
        """What must be erased now."""
        sql = "SELECT ask, key, sealed, fields, erase_by FROM grant_held WHERE erase_by <= ? ORDER BY erase_by LIMIT ?"
        return [Held(*row) for row in self._db.execute(sql, (now, limit))]

    def erase_held(self, ask: bytes) -> None:
        """Erase what an ask brought."""
        self._db.execute("DELETE FROM grant_held WHERE ask = ?", (ask,))

    # --- the seller's disclosure ledger

    def disclose(self, row: Disclosure) -> None:
        """Enter a field; the same ask again enters nothing."""
        values = (row.ask, row.field.value, row.key, row.customer, row.merchant, row.order, row.at, row.erase_by)
        self._db.execute(
            "INSERT OR IGNORE INTO disclosures (ask, field, key, customer, merchant, order_id, at, erase_by) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )

    def disclosed_by(self, ask: bytes) -> list[Disclosure]:
        """The fields that one ask was given."""
        return self._disclosures("ask = ? ORDER BY seq", (ask,))

    def disclosures(self, key: bytes | None, customer: bytes | None, limit: int) -> list[Disclosure]:
        """The newest fields that left, of one grant or customer or of all."""
        where = "(? IS NULL OR key = ?) AND (? IS NULL OR customer = ?) ORDER BY seq DESC LIMIT ?"
        return self._disclosures(where, (key, key, customer, customer, limit))

    def counts(self, key: bytes) -> tuple[int, int]:
        """How many asks a grant has answered, and how many fields went."""
        found = self._db.execute("SELECT count(DISTINCT ask), count(*) FROM disclosures WHERE key = ?", (key,)).fetchone()
        return found[0], found[1]

    def acknowledge(self, ask: bytes, fields: Sequence[Field], at: int, receipt: bytes) -> int:
        """The merchant signed that these fields came. Returns how many are now acknowledged for the first time."""
        marks = ", ".join("?" * len(fields))
        sql = f"UPDATE disclosures SET acknowledged = ?, receipt = ? WHERE ask = ? AND acknowledged = 0 AND field IN ({marks})"  # noqa: S608
        count: int = self._db.execute(sql, (at, receipt, ask, *(field.value for field in fields))).rowcount
        return count

    def erased(self, key: bytes, at: int, due: int | None) -> int:
        """The merchant signed that what it held is erased: all, or what was due by `due`. Returns how many fields."""
        sql = "UPDATE disclosures SET erased = ? WHERE key = ? AND erased = 0 AND (? IS NULL OR erase_by <= ?)"
        count: int = self._db.execute(sql, (at, key, due, due)).rowcount
        return count

    # --- inside

    def _rows(self, where: str, values: tuple[Any, ...]) -> list[GrantRow]:
        return [_row(found) for found in self._db.execute(f"SELECT {_ROW} FROM grants WHERE {where}", values)]  # noqa: S608

    def _disclosures(self, where: str, values: tuple[Any, ...]) -> list[Disclosure]:
        found = self._db.execute(f"SELECT {_DISCLOSURE} FROM disclosures WHERE {where}", values)  # noqa: S608
        return [Disclosure(row[0], Field(row[1]), *row[2:]) for row in found]


def _row(found: tuple[Any, ...]) -> GrantRow:
    named = dict(zip(_NAMES, found, strict=True))
    order, status = named.pop("order_id"), Status(named.pop("status"))
    return GrantRow(order=order, status=status, **named)


def _ask(found: tuple[Any, ...]) -> AskRow:
    id_, key, message, names, at, state, code = found
    return AskRow(id_, key, message, tuple(Field(name) for name in names.split(",")), at, state, code)
