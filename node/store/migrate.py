"""Bring a store's schema up to this program's. It decides order and atomicity; the SQL is in migrations/NNNN_*.sql.

A store lists the numbers it has had. Numbers are reserved by noun (migrations/__init__.py), so a lower one may come later;
`PRAGMA user_version` holds the highest.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

from sqlcipher3 import dbapi2
from sqlite_utils import Database

from node.errors import UserError

from .failures import named

_LEDGER = "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, applied INTEGER NOT NULL) STRICT"


@cache
def shipped(folder_name: str = "migrations") -> Mapping[int, str]:
    """Number → SQL of every migration of this program, in order: of the store, or of the catalog file (`catalog_migrations`)."""
    folder = resources.files("node.store") / folder_name
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    found: dict[int, str] = {}
    for name in names:
        number = int(name[:4])
        if number in found:
            raise ValueError(f"two migrations are numbered {number:04}")
        found[number] = (folder / name).read_text("utf-8")
    return found


def migrate(database: Database, now: int, migrations: Mapping[int, str] | None = None) -> list[int]:
    """Apply what is missing, each in one transaction, and return the numbers applied.

    Raises UserError `newer-schema` when the store was written by a newer program.
    """
    known = shipped() if migrations is None else migrations
    with named():
        applied = _applied(database)
        strange = applied - set(known)
        if strange:
            raise UserError(
                f"This store was written by a newer Gemstra (schema {max(strange)}). Install the newer version.",
                code="newer-schema",
            )
        missing = [number for number in sorted(known) if number not in applied]
        for number in missing:
            _apply(database, number, known[number], now)
    return missing


def _applied(database: Database) -> set[int]:
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone():
        return set()
    return {row[0] for row in database.execute("SELECT number FROM migrations")}


def _apply(database: Database, number: int, sql: str, now: int) -> None:
    database.execute("BEGIN IMMEDIATE")
    try:
        database.execute(_LEDGER)
        for statement in _statements(sql):
            database.execute(statement)
        database.execute("INSERT INTO migrations (number, applied) VALUES (?, ?)", (number, now))
        highest = database.execute("SELECT max(number) FROM migrations").fetchone()[0]
        database.execute(f"PRAGMA user_version = {int(highest)}")
        database.execute("COMMIT")
    except BaseException:
        database.rollback()
        raise


def _statements(sql: str) -> Iterator[str]:
    """The statements of a file, each ending at a line's end (triggers hold semicolons of their own)."""
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if dbapi2.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        raise ValueError(f"a migration ends inside a statement: {pending.strip()[:60]!r}")
