"""A store that the first schema made, every table of it filled, brought up to date by a process that is killed at one of its writes, then
by another that is not: no row is lost, whenever it was killed."""

import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from node.errors import NodeError
from node.store.catalog_file import file_of, files_of
from node.store.database import open_database, open_plain
from node.store.store import Store
from tests.battery.vault_life import KEY
from tests.integration import traced

FULL, SHORT = 150, 3
CONTROL = 60
NEVER = 65_000  # the highest number strace takes: more writes than there are
ROOT = Path(__file__).parents[2]
FIRST = ROOT / "tests" / "data" / "first_schema.db"
"""Made by the program before there were archived customers, pictures apart, backups: migrations 1 to 70. Keyed by vault_life.KEY."""
MOVED = {"migrations", "catalog_pages"}  # its rows say what was applied; pages that were not proved yet are asked for again
CARRIED = {
    "products": ("feed", "handle", "product", "title", "record"),
    "offers": ("feed", "sku", "product", "record"),
}
"""These are in the catalog file now."""


def kept(database, tables=None):
    """The rows of every table, as often as each is there; of `tables` only the columns named."""
    names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
    found = {}
    for name in sorted(set(names) - MOVED):
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({name})")]
        wanted = columns if tables is None else [column for column in tables.get(name, ()) if column in columns]
        if wanted:
            found[name] = (wanted, Counter(map(tuple, database.execute(f"SELECT {', '.join(wanted)} FROM {name}").fetchall())))
    return found


def first():
    """What the store of the first schema holds."""
    database = open_database(FIRST, KEY, readonly=True)
    try:
        return kept(database)
    finally:
        database.close()


def lost(path, before):
    """Rows that are no longer there as they were, in lines. Without the columns that a migration took away."""
    database = open_database(path, KEY)
    try:
        after = kept(database, {name: columns for name, (columns, _) in before.items()})
    finally:
        database.close()
    after |= carried(path)
    return [f"{name}: {number} rows" for name, (columns, rows) in before.items() if (number := _missing(columns, rows, after.get(name)))]


def carried(path):
    """The rows of the catalog file that were the store's."""
    file = open_plain(file_of(path))
    try:
        found = {}
        for name, columns in CARRIED.items():
            shown = ", ".join("h.feed" if column == "feed" else f"t.{column}" for column in columns)
            rows = file.execute(f"SELECT {shown} FROM {name} AS t JOIN heads AS h ON h.id = t.feed").fetchall()
            found[name] = (list(columns), Counter(map(tuple, rows)))
        return found
    finally:
        file.close()


def _missing(columns, rows, after):
    if after is None:
        return sum(rows.values())
    here = [columns.index(column) for column in after[0]]
    shown = Counter()
    for row, times in rows.items():
        shown[tuple(row[place] for place in here)] += times
    return sum((shown - after[1]).values())


def killed(folder, name, write, mode):
    """A copy of the store whose migration was killed at its `write`-th write; whether it got to its end."""
    path = folder / name
    shutil.copyfile(FIRST, path)
    program = [sys.executable, "-m", "tests.battery.vault_migrating", str(path), mode]
    command = traced.command(folder / "trace", program, "pwrite64")
    command[command.index("--") : command.index("--")] = ["-e", f"inject=pwrite64:error=EIO:signal=SIGKILL:when={write}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    return path, "ready" in done.stdout


def _lives(size, folder, mode, *, stop=False):
    before, dice, failures, midway = first(), random.Random(1), [], 0
    _, ended = killed(folder, "whole.db", NEVER, "whole")
    assert ended
    writes = (folder / "trace").read_bytes().count(b"pwrite64(")
    for number in range(size):
        path, ended = killed(folder, f"store{number}.db", dice.randrange(1, writes), mode)
        midway += not ended
        try:
            Store.open(path, KEY, "me").close()
            failures += [f"life {number}: lost of {line}" for line in lost(path, before)]
        except NodeError as error:
            failures.append(f"life {number}: does not open: {error.code}: {error}")
        except Exception as error:
            failures.append(f"life {number}: {error!r}")
        for file in (path, *files_of(path)):
            file.unlink(missing_ok=True)
        if failures and stop:
            break
    if not midway:
        failures.append("nothing was killed in the middle")
    return failures


def run(size, folder):
    return _lives(size, folder, "whole")


def control(folder):
    """Migrations without a transaction."""
    return any("store" not in line for line in _lives(CONTROL, folder, "loose", stop=True))
