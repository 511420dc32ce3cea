"""Backups of 100,000 customers of about 1 KB to a folder. `python -m bench.backup [--quick] [--json] [--only PART]`.

Whole, after 100 changes, the drill, one customer, and the restore on a bare machine from words, all through the engine of the program; what
is written while a whole backup runs, and how long that waits. Beside it: a copy of the encrypted file.
"""

import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.report import Asked, Figure, Report, Took, main, timed
from bench.search import keep_people
from node.app import restoring
from node.store.store import Store
from node.targets.folder import Folder
from tests.node.desk import COSTS, WORDS, Desk
from tests.node.services.vaulted import PLACE

CUSTOMERS, CHANGES = 100_000, 100


def change(store: Store[Any], ids: list[bytes]) -> None:
    """A note each."""
    for id_ in ids:

        def note(unit: Any, id_: bytes = id_) -> None:
            found = unit.customers.get(id_)
            unit.customers.keep(replace(found, person=replace(found.person, notes="called today")))

        store.write_now(note)


def writing_meanwhile(store: Store[Any], work: Callable[[], Any]) -> tuple[Took, list[float]]:
    """What the work took, and the seconds of each small write that was made meanwhile."""
    waits: list[float] = []
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            began = time.perf_counter()
            store.write_now(lambda unit: unit.settings.set("bench", unit.now))
            waits.append(time.perf_counter() - began)
            time.sleep(0.02)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        taken = timed(work)
    finally:
        ended.set()
        thread.join()
    return taken, waits


class Backed:
    """A seller's node with so many customers, and a folder for its backups."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = folder
        self.desk = Desk(folder / "desk")
        self.target = Folder(folder / "target")
        self.target.found("")
        self.desk.target = self.target
        self.ids = keep_people(self.desk.store, count)


def making(backed: Backed) -> dict[str, Figure]:
    """A whole backup with somebody writing meanwhile, and one after some changes."""
    desk = backed.desk
    whole, waits = writing_meanwhile(desk.store, desk.make)
    desk.make()
    change(desk.store, backed.ids[:CHANGES])
    changes = timed(desk.make)
    desk.close()
    beside = _copied(backed)
    slow, middle = statistics.quantiles(waits, n=100)[98] * 1e3, statistics.median(waits) * 1e3
    return {
        "whole": Figure(whole.wall, "s", 20.0, {"processor": whole.processor} | beside),
        "changes": _figure(changes, 2.0),
        "write_p99": Figure(slow, "ms", 250.0, {"median": middle}),
    }


def reading(backed: Backed) -> dict[str, Figure]:
    """The drill, and one customer as they were."""
    desk = backed.desk
    desk.make()
    drill = timed(lambda: desk.engine.drill(backed.target, PLACE))
    customer = timed(lambda: desk.engine.customer_then(backed.target, backed.ids[0], 1))
    desk.close()
    return {"drill": _figure(drill, 40.0), "customer": _figure(customer, 20.0)}


def restored(backed: Backed) -> dict[str, Figure]:
    """A new machine."""
    backed.desk.make()
    backed.desk.close()
    took = timed(lambda: restoring.restore(backed.folder / "new", "a new passphrase", WORDS, backed.target, costs=COSTS))
    if took.answer.rows < len(backed.ids):
        raise SystemExit("the restored store is not whole: the figures mean nothing")
    return {"restore": Figure(took.wall, "s", 40.0, {"processor": took.processor} | _copied(backed))}


def _copied(backed: Backed) -> dict[str, float]:
    file = backed.folder / "desk" / "node.db"
    took = timed(lambda: shutil.copyfile(file, backed.folder / "copy"))
    return {"copy of the file": took.wall, "its MB": file.stat().st_size / 1e6}


def _figure(took: Took, bar: float) -> Figure:
    return Figure(took.wall, "s", bar, {"processor": took.processor})


PARTS: dict[str, Callable[[Backed], dict[str, Figure]]] = {"make": making, "read": reading, "restore": restored}
"""Each with a node of its own."""


def measure(asked: Asked) -> Report:
    count, found = asked.scaled(CUSTOMERS), {}
    for name, run in PARTS.items():
        if asked.wants(name):
            with tempfile.TemporaryDirectory(prefix="bench-") as place:
                found |= run(Backed(Path(place), count))
    return Report("backup", {"customers": count, "changes": CHANGES}, found)


if __name__ == "__main__":
    sys.exit(main(__doc__, measure, PARTS))
