"""What was said with customers, and when there was contact last. It keeps; services say what counts as said."""

from typing import Any

from sqlite_utils import Database

from node.model.task import Channel, Note

_COLUMNS = "id, customer, at, text, channel, direction, created, removed"


class Notes:
    """The table `customer_notes` of one transaction, and the column `contact` of `customers`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, note: bytes) -> Note | None:
        """The note, taken away or not."""
        found = self._db.execute(f"SELECT {_COLUMNS} FROM customer_notes WHERE id = ?", (note,)).fetchone()  # noqa: S608
        return _note(found) if found else None

    def keep(self, note: Note) -> None:
        """Write a note, new or changed."""
        values = (note.id, note.customer, note.at, note.text, note.channel.value, note.direction, note.created, note.removed)
        self._db.execute(f"INSERT OR REPLACE INTO customer_notes ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608

    def of_customer(self, customer: bytes, before: int, limit: int) -> list[Note]:
        """What was said with a customer before then (ms), the latest first."""
        sql = f"SELECT {_COLUMNS} FROM customer_notes WHERE customer = ? AND at < ? AND removed IS NULL ORDER BY at DESC, id LIMIT ?"  # noqa: S608
        return [_note(row) for row in self._db.execute(sql, (customer, before, limit))]

    def forget_removed(self, before: int) -> int:
        """Erase what was taken away earlier than `before`."""
        count: int = self._db.execute("DELETE FROM customer_notes WHERE removed < ?", (before,)).rowcount
        return count

    def recount(self, customer: bytes) -> None:
        """Bring the customer's last contact up to date: the latest order, note or done task."""
        self._db.execute(
            "UPDATE customers SET contact = (SELECT max(at) FROM ("
            "SELECT max(at) AS at FROM customer_notes WHERE customer = :id AND removed IS NULL "
            "UNION ALL SELECT max(placed) FROM customer_orders WHERE customer = :id "
            "UNION ALL SELECT max(finished) FROM tasks WHERE customer = :id AND status = 'done')) WHERE id = :id",
            {"id": customer},
        )

    def last_contact(self, customer: bytes) -> int | None:
        """When there was contact last (ms); None: never, as far as it is known here."""
        found = self._db.execute("SELECT contact FROM customers WHERE id = ?", (customer,)).fetchone()
        return found[0] if found else None


def _note(row: tuple[Any, ...]) -> Note:
    id_, customer, at, text, channel, direction, created, removed = row
    return Note(id_, customer, at, text, Channel(channel), direction, created, removed)
