"""Which rows changed: triggers on every carried table write table and primary key down, so that a backup finds them at once.

Installed at each opening from the list in kept.py and the schema as it is, so that neither can forget the other. They write nothing
until a first backup has begun (`backup_account` is empty until then).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlite_utils import Database

from .failures import named
from .kept import KEPT, Kept

KEY_COLUMNS = ("k1", "k2", "k3")
_PREFIX = "backup_of_"
_CAPTURING = "EXISTS (SELECT 1 FROM backup_account)"


@dataclass(frozen=True, slots=True)
class Shape:
    """A table as the store has it: columns in alphabetical order, the primary key in its own."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    by_rowid: bool


def shape(db: Database, name: str) -> Shape:
    """The shape of a table; without columns where there is no such table."""
    found = db.execute("SELECT name, pk FROM pragma_table_info(?)", (name,)).fetchall()
    key = tuple(column for _, column in sorted((place, column) for column, place in found if place))
    if found and not 1 <= len(key) <= len(KEY_COLUMNS):
        raise ValueError(f"the primary key of {name} has {len(key)} columns, and a backup finds a row by {len(KEY_COLUMNS)} at most")
    row = db.execute("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?", (name,)).fetchone()
    return Shape(name, tuple(sorted(column for column, _ in found)), key, bool(row) and not row[0])


def install(db: Database) -> None:
    """Bring the triggers up to the list and the schema."""
    wanted = dict(_triggers(db))
    with named():
        sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND substr(name, 1, ?) = ?"
        present = dict(db.execute(sql, (len(_PREFIX), _PREFIX)).fetchall())
        if present == wanted:
            return
        db.execute("BEGIN IMMEDIATE")
        try:
            for name in present:
                db.execute(f"DROP TRIGGER {name}")
            for trigger in wanted.values():
                db.execute(trigger)
            db.execute("COMMIT")
        except BaseException:
            db.rollback()
            raise


def _triggers(db: Database) -> Iterator[tuple[str, str]]:
    for kept in KEPT.values():
        found = shape(db, kept.name)
        if found.columns:
            yield from _of_table(kept, found)


def _of_table(kept: Kept, table: Shape) -> Iterator[tuple[str, str]]:
    columns = ", ".join(KEY_COLUMNS[: len(table.key)])

    def note(row: str, condition: str = "") -> str:
        keys = ", ".join(f"{row}.{column}" for column in table.key)
        return f"INSERT INTO backup_changes (noun, {columns}) SELECT '{table.name}', {keys}{condition};"

    moved = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in table.key)
    bodies = {
        "INSERT": ("NEW", note("NEW")),
        "DELETE": ("OLD", note("OLD")),
        "UPDATE": ("NEW", note("NEW") + " " + note("OLD", f" WHERE {moved}")),
    }
    for act, (row, body) in bodies.items():
        name = f"{_PREFIX}{table.name}_{act.lower()}"
        condition = f"{_CAPTURING} AND {kept.filter(row)}" if kept.where else _CAPTURING
        yield name, f"CREATE TRIGGER {name} AFTER {act} ON {table.name} WHEN {condition} BEGIN {body} END"
