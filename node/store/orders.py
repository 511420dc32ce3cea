"""Orders in the store: rows, histories, early entries, requests and secrets. It keeps; `protocol.conversation` decides."""

from collections.abc import Sequence
from typing import Any

from sqlite_utils import Database

from node.model.order import OrderRow, OrderStep

_ROW = "draft, side, peer, member, log, request, pickup, created, order_id, quote, customer, status, deadline, error, updated"
_MARKS = ", ".join("?" * len(_ROW.split(",")))


class Orders:
    """The tables `orders`, `order_events`, `order_early`, `order_requests` and `order_secrets` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # --- rows

    def get(self, order: bytes) -> OrderRow | None:
        """The order with this id, or the id it had as a draft."""
        return self._one("draft = ? OR order_id = ?", (order, order))

    def by_log(self, log: bytes) -> OrderRow | None:
        """The order whose merchant log this is."""
        return self._one("log = ?", (log,))

    def by_quote(self, quote: bytes) -> OrderRow | None:
        """The order that this quote entry is for."""
        return self._one("quote = ?", (quote,))

    def all(self, statuses: Sequence[str], limit: int, after: int | None = None) -> list[OrderRow]:
        """The newest orders in one of `statuses` (none given: all), made before `after` (ms)."""
        marks = ", ".join("?" * len(statuses))
        where = f"status IN ({marks})" if statuses else "1"
        sql = f"SELECT {_ROW} FROM orders WHERE {where} AND (? IS NULL OR created < ?) ORDER BY created DESC, draft LIMIT ?"  # noqa: S608
        return [_row(found) for found in self._db.execute(sql, (*statuses, after, after, limit))]

    def due(self, now: int, limit: int) -> list[OrderRow]:
        """Orders that time changes now."""
        sql = f"SELECT {_ROW} FROM orders WHERE deadline <= ? ORDER BY deadline LIMIT ?"  # noqa: S608
        return [_row(found) for found in self._db.execute(sql, (now, limit))]

    def of_customer(self, customer: bytes) -> list[OrderRow]:
        """A customer's orders, newest first."""
        sql = f"SELECT {_ROW} FROM orders WHERE customer = ? ORDER BY created DESC"  # noqa: S608
        return [_row(found) for found in self._db.execute(sql, (customer,))]

    def of_nobody(self) -> list[OrderRow]:
        """Orders whose customer is not there, though they name one: erased since the backup that brought them."""
        sql = f"SELECT {_ROW} FROM orders WHERE customer IS NOT NULL AND customer NOT IN (SELECT id FROM customers)"  # noqa: S608
        return [_row(found) for found in self._db.execute(sql)]

    def latest_of(self, customers: Sequence[bytes]) -> dict[bytes, str]:
        """The status of the last order each of `customers` placed; who placed none is left out."""
        marks = ", ".join("?" * len(customers))
        sql = f"SELECT customer, status, max(created) FROM orders WHERE customer IN ({marks}) AND order_id IS NOT NULL GROUP BY customer"  # noqa: S608
        return {customer: status for customer, status, _ in self._db.execute(sql, tuple(customers))}

    def keep(self, row: OrderRow) -> None:
        """Write an order, new or changed."""
        head = (row.draft, row.side, row.peer, row.member, row.log, row.request, int(row.pickup), row.created)
        rest = (row.order, row.quote, row.customer, row.status, row.deadline, row.error, row.updated)
        names = [name.strip() for name in _ROW.split(",")]
        changes = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
        self._db.execute(f"INSERT INTO orders ({_ROW}) VALUES ({_MARKS}) ON CONFLICT (draft) DO UPDATE SET {changes}", head + rest)  # noqa: S608

    # --- history

    def of_peer(self, peer: bytes) -> list[OrderRow]:
        """Every order with the identity, oldest first."""
        found = self._db.execute(f"SELECT {_ROW} FROM orders WHERE peer = ? ORDER BY created, draft", (peer,))  # noqa: S608
        return [_row(row) for row in found]

    def steps(self, draft: bytes) -> list[OrderStep]:
        """The history, in order."""
        found = self._db.execute("SELECT at, raw, request FROM order_events WHERE draft = ? ORDER BY position", (draft,))
        return [OrderStep(*step) for step in found]

    def add_step(self, draft: bytes, seq: int | None, step: OrderStep) -> None:
        """The next step: the entry `seq`, or a tick."""
        position = self._db.execute("SELECT coalesce(max(position), 0) + 1 FROM order_events WHERE draft = ?", (draft,)).fetchone()[0]
        values = (draft, position, "tick" if step.entry is None else "record", step.at, seq, step.entry, step.request)
        self._db.execute("INSERT INTO order_events (draft, position, kind, at, seq, raw, request) VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def entry(self, draft: bytes, seq: int) -> bytes | None:
        """The applied entry at `seq`."""
        return self._value("SELECT raw FROM order_events WHERE draft = ? AND seq = ?", (draft, seq))

    def keep_early(self, draft: bytes, seq: int, raw: bytes) -> None:
        """Keep an entry until its predecessors are here. Another one at its place stays."""
        self._db.execute("INSERT OR IGNORE INTO order_early (draft, seq, raw) VALUES (?, ?, ?)", (draft, seq, raw))

    def take_early(self, draft: bytes, seq: int) -> bytes | None:
        """The early entry that is due now; it is no longer kept as early."""
        return self._value("DELETE FROM order_early WHERE draft = ? AND seq = ? RETURNING raw", (draft, seq))

    # --- requests

    def keep_request(self, request: bytes, draft: bytes, raw: bytes) -> None:
        """Keep a signed request under its id."""
        self._db.execute("INSERT OR IGNORE INTO order_requests (id, draft, raw) VALUES (?, ?, ?)", (request, draft, raw))

    def request(self, request: bytes, draft: bytes) -> bytes | None:
        """The order's request with this id."""
        return self._value("SELECT raw FROM order_requests WHERE id = ? AND draft = ?", (request, draft))

    # --- secrets

    def keep_secrets(self, draft: bytes, customer: bytes, sealed: bytes) -> None:
        """Keep what opens an order's commitments."""
        self._db.execute("INSERT INTO order_secrets (draft, customer, sealed) VALUES (?, ?, ?)", (draft, customer, sealed))

    def secrets(self, draft: bytes) -> bytes | None:
        """What opens an order's commitments, sealed; None once erased."""
        return self._value("SELECT sealed FROM order_secrets WHERE draft = ?", (draft,))

    def erase_customer(self, customer: bytes) -> int:
        """Erase the secrets of a customer's orders, and who they were for. Returns how many."""
        self._db.execute("UPDATE orders SET customer = NULL WHERE customer = ?", (customer,))
        count: int = self._db.execute("DELETE FROM order_secrets WHERE customer = ?", (customer,)).rowcount
        return count

    # --- inside

    def _one(self, where: str, values: tuple[Any, ...]) -> OrderRow | None:
        found = self._db.execute(f"SELECT {_ROW} FROM orders WHERE {where}", values).fetchone()  # noqa: S608
        return _row(found) if found else None

    def _value(self, sql: str, values: tuple[Any, ...]) -> bytes | None:
        found = self._db.execute(sql, values).fetchone()
        return found[0] if found else None


def _row(found: tuple[Any, ...]) -> OrderRow:
    draft, side, peer, member, log, request, pickup, created, order, quote, customer, status, deadline, error, updated = found
    head = (draft, side, peer, member, log, request, bool(pickup), created)
    return OrderRow(*head, order, quote, customer, status, deadline, error, updated)
