"""The process whose writes the battery `power` records: `python -m tests.battery.recorded FILE COMMITS SYNCHRONOUS`."""

import os
import sys
from pathlib import Path

from node.store import database
from node.store.store import Store

KEY = bytes(range(32))
ROWS = 3
READY = b"ready\n"


def commit(unit, number):
    for row in range(ROWS):
        unit.settings.set(f"row {number}.{row}", "x" * (700 + 311 * (number % 11)))


def settle(synchronous):
    """Open stores so from here on."""
    extra = ("PRAGMA wal_autocheckpoint = 40",)  # so that a short run folds the log into the file many times
    database._SETTINGS = (
        *(line for line in database._SETTINGS if "synchronous" not in line),
        f"PRAGMA synchronous = {synchronous}",
        *extra,
    )


def main() -> None:
    path, commits, synchronous = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    settle(synchronous)
    store = Store.open(path, KEY, "me")
    os.write(1, READY)
    for number in range(commits):
        store.write_now(commit, number)
        os.write(1, b"ack %d\n" % number)
    os._exit(0)


if __name__ == "__main__":
    main()
