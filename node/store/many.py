"""Many rows into one table, up to a thousand a statement, and one writer of catalog files after the other.

The engine gives Python's lock away and takes it back at each step of a statement: with a row a step, several threads that insert at once
pass the lock around more than they insert. With a thousand they still do where there are dozens of files (bench/catalog.py, `crowd`): a
node is the only one in its process and never waits here, the nodes of a process that has several share its one lock in any case.
"""

from collections.abc import Sequence
from itertools import chain
from threading import Lock
from typing import Any

from sqlite_utils import Database

AT_ONCE = 1024
TURN = Lock()
"""Held while a batch of rows is put into a catalog file, or a step of its index merged (ADR 0068): by who waits for nothing else."""


def insert_many(db: Database, into: str, rows: Sequence[tuple[Any, ...]], *, ending: str = "") -> None:
    """`into` is the statement up to its values: `INSERT INTO table (a, b)`; `ending` what follows them.

    The driver looks for an adapter of each `bytes` anew, which takes six times as long as a copy that it takes as it is.
    """
    if not rows:
        return
    one, at, size = f"({', '.join('?' * len(rows[0]))})", 0, AT_ONCE
    while at < len(rows):
        while size > len(rows) - at:
            size //= 2
        statement = f"{into} VALUES {', '.join([one] * size)}{ending}"
        values = chain.from_iterable(rows[at : at + size])
        db.conn.execute(statement, tuple([bytearray(value) if type(value) is bytes else value for value in values]))
        at += size
