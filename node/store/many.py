"""Many rows into one table, up to a thousand a statement.

The engine gives Python's lock away and takes it back at each step of a statement: with a row a step, several threads that insert at once
pass the lock around more than they insert (bench/catalog.py, `crowd`).
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from sqlite_utils import Database

AT_ONCE = 1024


def insert_many(db: Database, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """`into` is the statement up to its values: `INSERT INTO table (a, b)`."""
    if not rows:
        return
    one, at, size = f"({', '.join('?' * len(rows[0]))})", 0, AT_ONCE
    while at < len(rows):
        while size > len(rows) - at:
            size //= 2
        statement = f"{into} VALUES {', '.join([one] * size)}"
        db.conn.execute(statement, tuple(chain.from_iterable(rows[at : at + size])))
        at += size
