"""Follow-ups in the store. It keeps and lists; `node.model.task` decides what may become of one."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlite_utils import Database

from node.model.person import Contact
from node.model.task import Channel, Status, Task

from .customers import person_of

_COLUMNS = "id, title, day, channel, created, updated, note, customer, rule, occasion, about, status, finished, dropped"
_MARKS = ", ".join("?" * len(_COLUMNS.split(",")))
_LISTED = ", ".join(f"t.{name.strip()}" for name in _COLUMNS.split(",")) + ", c.name, c.record"
_FROM = "FROM tasks AS t LEFT JOIN customers AS c ON c.id = t.customer"
_SHOWN = "(t.rule = '' OR c.archived IS NULL)"  # nobody put aside is followed up by a rule
Listed = tuple[Task, str, Contact | None]


class Tasks:
    """The table `tasks` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, task: bytes) -> Listed | None:
        """The task, with its customer's name and record."""
        found = self._db.execute(f"SELECT {_LISTED} {_FROM} WHERE t.id = ?", (task,)).fetchone()
        return _listed(found) if found else None

    def keep(self, task: Task) -> None:
        """Write a task, new or changed."""
        values = (task.id, task.title, task.day.isoformat(), task.channel.value, task.created, task.updated, task.note, task.customer)
        rest = (task.rule, task.occasion, task.order, task.status.value, task.finished, task.dropped)
        names = [name.strip() for name in _COLUMNS.split(",")]
        changes = ", ".join((*(f"{name} = excluded.{name}" for name in names[1:]), "import = NULL"))
        self._db.execute(f"INSERT INTO tasks ({_COLUMNS}) VALUES ({_MARKS}) ON CONFLICT (id) DO UPDATE SET {changes}", values + rest)  # noqa: S608

    def open(self, first: str, last: str, limit: int, customer: bytes | None = None, rule: str = "", after: bytes = b"") -> list[Listed]:
        """Open tasks due from `first` (on it those after the id `after`) to `last`, the earliest first; of one customer or rule."""
        where, values = _narrowed(customer, rule)
        sql = (
            f"SELECT {_LISTED} {_FROM} WHERE t.status = 'open' AND (t.day, t.id) > (?, ?) AND t.day <= ? AND {_SHOWN} {where} "
            "ORDER BY t.day, t.id LIMIT ?"
        )
        return [_listed(row) for row in self._db.execute(sql, (first, after, last, *values, limit))]

    def done(self, since: int, before: tuple[int, bytes], limit: int, customer: bytes | None = None, rule: str = "") -> list[Listed]:
        """Tasks done after `since` (ms) and before the time and id `before`, the latest first."""
        where, values = _narrowed(customer, rule)
        sql = (
            f"SELECT {_LISTED} {_FROM} WHERE t.status = 'done' AND t.finished > ? AND (t.finished, t.id) < (?, ?) {where} "
            "ORDER BY t.finished DESC, t.id DESC LIMIT ?"
        )
        return [_listed(row) for row in self._db.execute(sql, (since, *before, *values, limit))]

    def of_customer(self, customer: bytes, limit: int) -> list[Listed]:
        """A customer's tasks that were not dropped, the latest day first."""
        sql = f"SELECT {_LISTED} {_FROM} WHERE t.customer = ? AND t.status <> 'dropped' ORDER BY t.day DESC, t.id LIMIT ?"
        return [_listed(row) for row in self._db.execute(sql, (customer, limit))]

    def due(self, last: str) -> int:
        """How many open ones are due until the day `last`."""
        sql = f"SELECT count(*) {_FROM} WHERE t.status = 'open' AND t.day <= ? AND {_SHOWN}"
        found: int = self._db.execute(sql, (last,)).fetchone()[0]
        return found

    def made(self, rule: str, customer: bytes, occasion: str) -> bool:
        """Whether the rule has made its task for this occasion, whatever became of it."""
        sql = "SELECT 1 FROM tasks WHERE rule = ? AND rule <> '' AND customer = ? AND occasion = ?"
        return bool(self._db.execute(sql, (rule, customer, occasion)).fetchone())

    def waits(self, rule: str, customer: bytes) -> bool:
        """Whether a task the rule made for the customer is still open."""
        sql = "SELECT 1 FROM tasks WHERE rule = ? AND rule <> '' AND customer = ? AND status = 'open'"
        return bool(self._db.execute(sql, (rule, customer)).fetchone())

    def made_since(self, rule: str, since: int) -> int:
        """How many tasks the rule has made since then (ms)."""
        sql = "SELECT count(*) FROM tasks WHERE rule = ? AND rule <> '' AND created >= ?"
        found: int = self._db.execute(sql, (rule, since)).fetchone()[0]
        return found

    def forget_dropped(self, before: int) -> int:
        """Erase what was dropped earlier than `before`: of a rule's task only what it is for stays, so that it is not made again."""
        gone: int = self._db.execute("DELETE FROM tasks WHERE status = 'dropped' AND rule = '' AND dropped < ?", (before,)).rowcount
        sql = "UPDATE tasks SET title = '', note = '' WHERE status = 'dropped' AND rule <> '' AND dropped < ? AND title <> ''"
        return gone + self._db.execute(sql, (before,)).rowcount


def _narrowed(customer: bytes | None, rule: str) -> tuple[str, Sequence[Any]]:
    parts: list[tuple[str, Any]] = [("AND t.customer = ?", customer)] if customer is not None else []
    parts += [("AND t.rule = ?", rule)] if rule else []
    return " ".join(sql for sql, _ in parts), [value for _, value in parts]


def _listed(row: tuple[Any, ...]) -> Listed:
    id_, title, day, channel, created, updated, note, customer, rule, occasion, about, status, finished, dropped, name, record = row
    head = (id_, title, date.fromisoformat(day), Channel(channel), created, updated)
    task = Task(*head, note, customer, rule, occasion, about, Status(status), finished, dropped)
    return task, name or "", None if record is None else person_of(record)
