"""The process that the battery `vault_migrate` kills: `python -m tests.battery.vault_migrating FILE MODE` brings a store up to date.

In the mode `loose`, the planted fault, each statement of a migration is a transaction of its own.
"""

import os
import sys
from pathlib import Path

from node.store import migrate as steps
from node.store.store import Store
from tests.battery.vault_life import KEY


def loosely(database, number, sql, now):
    database.execute(steps._LEDGER)
    for statement in steps._statements(sql):
        database.execute(statement)
    database.execute("INSERT INTO migrations (number, applied) VALUES (?, ?)", (number, now))


def main() -> None:
    if sys.argv[2] == "loose":
        steps._apply = loosely
    store = Store.open(Path(sys.argv[1]), KEY, "me")
    os.write(1, b"ready\n")
    store.close()


if __name__ == "__main__":
    main()
