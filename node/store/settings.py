"""Settings of this node, one JSON value a key. It knows no setting's meaning."""

import json
from typing import Any

from sqlite_utils import Database


class Settings:
    """Small values that outlive a run; everything with a shape of its own has its own table."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, key: str, default: Any = None) -> Any:
        """The value under `key`, or `default`."""
        row = self._db.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
        return default if row is None else json.loads(row[0])

    def set(self, key: str, value: Any) -> None:
        """Keep `value` (anything JSON holds; bytes as hex) under `key`."""
        self._db.execute(
            "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, json.dumps(value, ensure_ascii=False, separators=(",", ":"))),
        )
