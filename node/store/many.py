"""Many rows into one table, a hundred a statement.

The engine gives Python's lock away and takes it back at each step of a statement: with a row a step, several threads that insert at once
pass the lock around more than they insert (bench/catalog.py, `crowd`).
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from sqlite_utils import Database

AT_ONCE = 100


def insert_many(db: Database, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """`into` is the statement up to its values: `INSERT INTO table (a, b)`."""
    if not rows:
        return
    one = f"({', '.join('?' * len(rows[0]))})"
    whole = len(rows) - len(rows) % AT_ONCE
    many = f"{into} VALUES {', '.join([one] * AT_ONCE)}"
    for at in range(0, whole, AT_ONCE):
        db.conn.execute(many, tuple(chain.from_iterable(rows[at : at + AT_ONCE])))
    db.conn.executemany(f"{into} VALUES {one}", rows[whole:])
