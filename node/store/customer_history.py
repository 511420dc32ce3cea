"""What customers were before they were changed, merged and split, in the store.

A merge concerns every table with a column `customer`, also one that is added later: the rows are found by the schema, moved, and their
keys noted, so that they can go back. Rows that only repeat the record (`_REPEATED`) are written with it instead.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from sqlite_utils import Database

from node.model.customer import Customer
from node.model.history import MOST_CHANGES, MOST_MERGES, Change, Likeness, Merge, Moved, Part
from node.model.person import Contact
from protocol.encoding import decode, encode

from .customers import customer_of, packed, person_of

_REPEATED = frozenset(("customer_index", "customer_keys", "customer_photos"))
_MOST_BYTES = 64 << 20
_MERGE = "id, customer, at, updated, kept, gone, other, moved"
_PAIRS = """
WITH shared AS (SELECT kind, value, min(customer) AS one FROM customer_keys GROUP BY kind, value HAVING count(*) > 1)
SELECT shared.one, k.customer, group_concat(DISTINCT k.kind) FROM shared
JOIN customer_keys AS k ON k.kind = shared.kind AND k.value = shared.value AND k.customer > shared.one
LEFT JOIN customer_apart AS apart ON apart.customer = shared.one AND apart.other = k.customer
WHERE apart.customer IS NULL
GROUP BY shared.one, k.customer ORDER BY shared.one, k.customer
"""


class CustomerHistory:
    """The tables `customer_history`, `customer_merges` and `customer_apart` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def note(self, customer: bytes, change: Change) -> None:
        """Keep what a customer was; the oldest beyond 50 go."""
        before = packed(replace(change.before, photo=None))
        sql = "INSERT INTO customer_history (customer, at, kind, before, archived) VALUES (?, ?, ?, ?, ?)"
        self._db.execute(sql, (customer, change.at, change.kind, before, change.archived or 0))
        self._bound("customer_history", "seq", customer, MOST_CHANGES)

    def note_parts(self, parts: Sequence[Part]) -> None:
        """Keep of a few hundred customers what a change of many wrote over; of each the oldest beyond 50 go."""
        sql = "INSERT INTO customer_history (customer, at, kind, tags, archived, bulk) VALUES (?, ?, ?, ?, ?, ?)"
        self._db.conn.executemany(sql, [_part(part) for part in parts])
        ids = [part.customer for part in parts]
        marks = ",".join("?" * len(ids))
        sql = f"SELECT customer FROM customer_history WHERE customer IN ({marks}) GROUP BY customer HAVING count(*) > ?"  # noqa: S608
        for (customer,) in self._db.execute(sql, (*ids, MOST_CHANGES)).fetchall():
            self._bound("customer_history", "seq", customer, MOST_CHANGES)

    def changes(self, customer: bytes, limit: int) -> list[Change]:
        """The newest changes, imports among them. What a change left as it was is read from the state after it."""
        sql = (
            "SELECT at, kind, before, tags, archived FROM (SELECT at, kind, before, tags, archived, seq FROM customer_history "
            "WHERE customer = ?1 UNION ALL SELECT i.at, 'import', c.before, NULL, NULL, 0 FROM customer_changes AS c "
            "JOIN customer_imports AS i ON i.id = c.import WHERE c.customer = ?1 AND c.before IS NOT NULL) "
            "ORDER BY at DESC, seq DESC LIMIT ?2"
        )
        now = self._one(customer)
        person, aside, found = now.person, now.archived, []
        for at, kind, before, tags, archived in self._db.execute(sql, (customer, limit)):
            if before is not None:
                person = person_of(before)
            elif tags is not None:
                person = replace(person, tags=msgspec.json.decode(tags, type=tuple[str, ...]))
            aside = aside if archived is None else archived or None
            found.append(Change(at, kind, person, aside))
        return found

    def latest_of(self, bulk: bytes) -> set[bytes]:
        """Customers whose latest change is that one of many."""
        sql = (
            "SELECT h.customer FROM customer_history AS h WHERE h.bulk = ? AND h.kind = 'bulk' AND NOT EXISTS "
            "(SELECT 1 FROM customer_history AS later WHERE later.customer = h.customer AND later.seq > h.seq)"
        )
        return {customer for (customer,) in self._db.execute(sql, (bulk,))}

    def forget_part(self, bulk: bytes, customers: Collection[bytes]) -> None:
        """That change of many was undone for them, as if it had not been."""
        sql = "DELETE FROM customer_history WHERE bulk = ? AND customer = ?"
        self._db.conn.executemany(sql, [(bulk, customer) for customer in customers])

    def forget_since(self, customer: bytes, at: int) -> None:
        """Erase what the customer was from then on."""
        self._db.execute("DELETE FROM customer_history WHERE customer = ? AND at >= ?", (customer, at))

    def rewrite(self, customer: bytes, change: Callable[[Contact], Contact]) -> None:
        """Change every earlier state; imports and merges of the customer can't be undone any more."""
        found = self._db.execute(
            "SELECT seq, before FROM customer_history WHERE customer = ? AND before IS NOT NULL", (customer,)
        ).fetchall()
        rows = [(packed(change(person_of(before))), seq) for seq, before in found]
        self._db.conn.executemany("UPDATE customer_history SET before = ? WHERE seq = ?", rows)
        self._db.execute("DELETE FROM customer_changes WHERE customer = ? AND before IS NOT NULL", (customer,))
        self._db.execute("DELETE FROM customer_merges WHERE customer = ?", (customer,))

    # --- two that become one

    def move(self, customer: bytes, into: bytes) -> Moved:
        """Make every row that is `customer`'s `into`'s, where that has none in its place; which ones, so that they can go back."""
        moved: dict[str, list[list[int | str | bytes]]] = {}
        who = {"customer": customer, "into": into}
        for table, key in self._tables():
            names = [column for column in key if column != "customer"]
            where = "customer = :customer"
            if len(names) < len(key):  # a row of `into` may stand in the place already: that one stays
                same = " AND ".join(f"o.{column} = {table}.{column}" for column in names) or "1"
                where += f" AND NOT EXISTS (SELECT 1 FROM {table} AS o WHERE o.customer = :into AND {same})"  # noqa: S608
            found = self._db.execute(f"SELECT {', '.join(names) or '1'} FROM {table} WHERE {where}", who).fetchall()  # noqa: S608
            if found:
                self._db.execute(f"UPDATE OR IGNORE {table} SET customer = :into WHERE {where}", who)  # noqa: S608
                moved[table] = [list(row) for row in found]
        return moved

    def move_back(self, moved: Moved, customer: bytes, into: bytes) -> None:
        """Give rows that came along back, those that are still `customer`'s."""
        for table, key in self._tables():
            names = [column for column in key if column != "customer"]
            match = " AND ".join(f"{column} = ?" for column in names) or "1 = ?"
            sql = f"UPDATE OR IGNORE {table} SET customer = ? WHERE customer = ? AND {match}"  # noqa: S608
            self._db.conn.executemany(sql, [(into, customer, *row) for row in moved.get(table, ())])

    def keep_merge(self, merge: Merge) -> None:
        """Write a merge; the oldest of the customer beyond 10 go."""
        kept, gone = merge.kept, merge.gone
        head = (merge.id, kept.id, merge.at, merge.updated, _packed(kept), gone.id, _packed(gone), encode(dict(merge.moved)))
        self._db.execute(f"INSERT INTO customer_merges ({_MERGE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", head)  # noqa: S608
        self._bound("customer_merges", "at", kept.id, MOST_MERGES)

    def merges(self, customer: bytes) -> list[Merge]:
        """Who was merged into the customer, the latest first."""
        found = self._db.execute(f"SELECT {_MERGE} FROM customer_merges WHERE customer = ? ORDER BY at DESC", (customer,))  # noqa: S608
        return [_merge(row) for row in found]

    def forget_merge(self, merge: bytes) -> None:
        """It was undone."""
        self._db.execute("DELETE FROM customer_merges WHERE id = ?", (merge,))

    def give_order(self, order: bytes, customer: bytes, to: bytes) -> bool:
        """Give an order of one customer to another, with its secrets, grants and what was disclosed. True where there was one."""
        found = self._db.execute(
            "SELECT draft, order_id FROM orders WHERE (draft = ?1 OR order_id = ?1) AND customer = ?2", (order, customer)
        ).fetchone()
        if found is None:
            return False
        draft, placed = found
        for table, column, value in (
            ("orders", "draft", draft),
            ("order_secrets", "draft", draft),
            ("grants", "order_id", placed),
            ("disclosures", "order_id", placed),
        ):
            self._db.execute(f"UPDATE {table} SET customer = ? WHERE customer = ? AND {column} = ?", (to, customer, value))  # noqa: S608
        return True

    # --- two that look like one

    def pairs(self, limit: int) -> tuple[list[Likeness], int]:
        """Customers who share an e-mail, a number or name and address, each with the first who has it, and how many pairs there are."""
        found = self._db.execute(_PAIRS).fetchall()
        pairs = []
        for one, other, kinds in found[:limit]:
            pairs.append(Likeness(self._one(one), self._one(other), tuple(sorted(kinds.split(",")))))
        return pairs, len(found)

    def keep_apart(self, one: bytes, other: bytes) -> None:
        """They are two people, whatever they share."""
        sql = "INSERT OR IGNORE INTO customer_apart (customer, other) VALUES (?, ?)"
        self._db.conn.executemany(sql, [(one, other), (other, one)])

    # --- inside

    def _one(self, customer: bytes) -> Customer:
        sql = "SELECT id, record, created, updated, source, archived FROM customers WHERE id = ?"
        return customer_of(self._db.execute(sql, (customer,)).fetchone())

    def _bound(self, table: str, order: str, customer: bytes, most: int) -> None:
        key = "seq" if order == "seq" else "id"
        oldest = f"SELECT {key} FROM {table} WHERE customer = ?1 ORDER BY {order} DESC LIMIT -1 OFFSET ?2"  # noqa: S608
        self._db.execute(f"DELETE FROM {table} WHERE {key} IN ({oldest})", (customer, most))  # noqa: S608

    def _tables(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Tables with a column `customer`, and by which columns a row of them is known."""
        sql = (
            "SELECT m.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table' AND c.name = 'customer' "
            "ORDER BY m.name"
        )
        for (table,) in self._db.execute(sql).fetchall():
            if table not in _REPEATED:
                columns = self._db.execute("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,)).fetchall()
                yield table, tuple(name for (name,) in columns) or ("rowid",)


def _part(part: Part) -> tuple[Any, ...]:
    tags = None if part.tags is None else msgspec.json.encode(part.tags).decode()
    return (part.customer, part.at, part.kind, tags, part.archived or 0, part.bulk)


def _packed(customer: Customer) -> bytes:
    return msgspec.json.encode(customer)


def _merge(row: tuple[Any, ...]) -> Merge:
    id_, customer, at, updated, kept, _, other, moved = row
    one = replace(msgspec.json.decode(kept, type=Customer), id=customer)  # it may have come along with another merge
    return Merge(id_, at, updated, one, msgspec.json.decode(other, type=Customer), decode(moved, max_bytes=_MOST_BYTES))
