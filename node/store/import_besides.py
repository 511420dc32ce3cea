"""What an import brings beside customers, in the store: notes, follow-ups, segments and rules, as far as nothing stands in their place."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
from sqlite_utils import Database

from node.model.filters import Segment
from node.model.task import Note, Task
from node.model.task_rule import Rule


class ImportBesides:
    """Rows of `customer_notes`, `tasks`, `customer_segments` and `task_rules` with the import that brought them, of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def bring_notes(self, import_: bytes, notes: Iterable[Note]) -> int:
        """Write those whose id nobody has; how many."""
        return self._bring(
            "customer_notes (id, customer, at, text, channel, direction, created, import)",
            [(note.id, note.customer, note.at, note.text, note.channel.value, note.direction, note.created, import_) for note in notes],
        )

    def bring_tasks(self, import_: bytes, tasks: Iterable[Task]) -> int:
        """Write those whose id nobody has, and whose occasion no follow-up is for; how many."""
        return self._bring(
            "tasks (id, title, day, channel, created, updated, note, customer, rule, occasion, about, status, finished, import)",
            [
                (
                    *(task.id, task.title, task.day.isoformat(), task.channel.value, task.created, task.updated, task.note, task.customer),
                    *(task.rule, task.occasion, task.order, task.status.value, task.finished, import_),
                )
                for task in tasks
            ],
        )

    def bring_segments(self, import_: bytes, segments: Iterable[Segment]) -> int:
        """Write those whose id and name nobody has; how many."""
        return self._bring(
            "customer_segments (id, name, filters, created, updated, import)",
            [(row.id, row.name, msgspec.json.encode(row.filters).decode(), row.created, row.updated, import_) for row in segments],
        )

    def bring_rules(self, import_: bytes, rules: Iterable[Rule]) -> int:
        """Write those that were not set here and whose segment is here; how many."""
        here = {segment for (segment,) in self._db.execute("SELECT id FROM customer_segments")}
        return self._bring(
            "task_rules (kind, days, channel, most, is_on, tag, segment, import)",
            [
                (rule.kind.value, rule.days, rule.channel.value, rule.most, int(rule.on), rule.tag, rule.segment, import_)
                for rule in rules
                if rule.segment is None or rule.segment in here
            ],
        )

    def take_away(self, import_: bytes, leave: Collection[bytes]) -> set[bytes]:
        """Erase what the import brought and nobody changed since, but what belongs to customers of `leave`; whose it was."""
        whose: set[bytes] = set()
        for table in ("customer_notes", "tasks"):
            rows = self._db.execute(f"SELECT id, customer FROM {table} WHERE import = ?", (import_,)).fetchall()  # noqa: S608
            gone = [(id_, customer) for id_, customer in rows if customer not in leave]
            self._db.conn.executemany(f"DELETE FROM {table} WHERE id = ?", [(id_,) for id_, _ in gone])  # noqa: S608
            whose.update(customer for _, customer in gone if customer is not None)
        self._db.execute("DELETE FROM task_rules WHERE import = ?", (import_,))
        used = "SELECT 1 FROM task_rules WHERE segment = customer_segments.id"
        self._db.execute(f"DELETE FROM customer_segments WHERE import = ? AND NOT EXISTS ({used})", (import_,))  # noqa: S608
        return whose

    def _bring(self, into: str, rows: Sequence[tuple[Any, ...]]) -> int:
        marks = ", ".join("?" * (into.count(",") + 1))
        return max(self._db.conn.executemany(f"INSERT OR IGNORE INTO {into} VALUES ({marks})", rows).rowcount, 0)  # noqa: S608
