"""The ids by which an export goes through the store, a stretch at a time."""

from sqlite_utils import Database

_BY = {
    "customer": "SELECT id FROM customers WHERE id > ? ORDER BY id LIMIT ?",
    "note": "SELECT id FROM customer_notes WHERE id > ? AND removed IS NULL ORDER BY id LIMIT ?",
    "task": "SELECT id FROM tasks WHERE id > ? AND status <> 'dropped' ORDER BY id LIMIT ?",
    "order": "SELECT draft FROM orders WHERE draft > ? ORDER BY draft LIMIT ?",
    "grant": "SELECT key FROM grants WHERE key > ? AND (grant_raw IS NOT NULL OR request_raw IS NOT NULL) ORDER BY key LIMIT ?",
    "commission": "SELECT id FROM commission_entries WHERE id > ? ORDER BY id LIMIT ?",
}


class ExportIds:
    """Reads of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def after(self, kind: str, last: bytes, limit: int) -> list[bytes]:
        """The ids of a kind after `last`, in their order."""
        return [row[0] for row in self._db.execute(_BY[kind], (last, limit))]
