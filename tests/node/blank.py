"""A store in which nothing is yet: made once a process for each key and laid where it is wanted, since all the migrations take a tenth of a
second. What tests of the migrations and of making a store are about is made there as a node makes it.
"""

import os
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from node.store.store import Store

START = 1_700_000_000_000


@cache
def _files(key):
    """(What is behind the stem, the bytes, when written) of each: the store knows its catalog file by its time."""
    with TemporaryDirectory() as folder:
        Store.open(Path(folder) / "store.db", key, "me", clock=lambda: START).close()
        found = sorted(Path(folder).iterdir())
        return [(file.name.removeprefix("store"), file.read_bytes(), file.stat().st_mtime_ns) for file in found]


def lay_store(path, key):
    """Lay it at `path`, unless there is something already."""
    if path.exists():
        return
    for end, raw, written in _files(key):
        file = path.with_name(path.stem + end)
        file.write_bytes(raw)
        file.chmod(0o600)
        os.utime(file, ns=(written, written))
