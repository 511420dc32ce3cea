"""Backups of 100,000 customers of about 1 KB to a folder. `python -m bench.backup [--quick] [--json]`.

Whole, after 100 changes, the drill, one customer, and the restore on a bare machine from words, all through the engine of the program; what
is written while a whole backup runs, and how long that waits. Beside it: a copy of the encrypted file.
"""

import argparse
import json
import os
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

from node.app import restoring
from node.model.customer import Customer
from node.store.store import Store
from node.targets.folder import Folder
from tests.node.desk import COSTS, WORDS, Desk
from tests.node.services.vaulted import PLACE, person

CUSTOMERS, CHANGES = 100_000, 100
# Seconds and milliseconds on two idle cores.
BARS = {"whole": 20.0, "changes": 2.0, "drill": 40.0, "customer": 20.0, "restore": 40.0, "write_p99": 250.0}


def fill(store: Store[Any], count: int) -> list[bytes]:
    """Customers of about 1 KB in the store, half of which nothing compresses."""
    ids: list[bytes] = []

    def add(unit: Any, first: int) -> None:
        made = [
            Customer(unit.random(32), replace(person(number), notes=os.urandom(240).hex()), unit.now, unit.now)
            for number in range(first, min(first + 1_000, count))
        ]
        unit.customers.keep_all(made)
        ids.extend(customer.id for customer in made)

    for first in range(0, count, 1_000):
        store.write_now(add, first)
    return ids


def change(store: Store[Any], ids: list[bytes]) -> None:
    """A note each."""
    for id_ in ids:

        def note(unit: Any, id_: bytes = id_) -> None:
            found = unit.customers.get(id_)
            unit.customers.keep(replace(found, person=replace(found.person, notes="called today")))

        store.write_now(note)


def writing_meanwhile(store: Store[Any], work: Callable[[], Any]) -> tuple[float, list[float]]:
    """Seconds of the work, and of each small write that was made meanwhile."""
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


def timed(work: Callable[[], Any]) -> float:
    """Seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        folder = Path(place)
        desk = Desk(folder / "desk")
        target = Folder(folder / "target")
        target.found("")
        desk.target = target
        ids = fill(desk.store, count)
        whole, waits = writing_meanwhile(desk.store, desk.make)
        desk.make()
        change(desk.store, ids[:CHANGES])
        changes = timed(desk.make)
        drill = timed(lambda: desk.engine.drill(target, PLACE))
        customer = timed(lambda: desk.engine.customer_then(target, ids[0], 1))
        desk.close()
        size = (folder / "desk" / "node.db").stat().st_size
        copied = timed(lambda: shutil.copyfile(folder / "desk" / "node.db", folder / "copy"))
        view = None

        def restore() -> None:
            nonlocal view
            view = restoring.restore(folder / "new", "a new passphrase", WORDS, target, costs=COSTS)

        restored = timed(restore)
    if view is None or view.rows < count:
        raise SystemExit("the restored store is not whole: the figures mean nothing")
    beside = {"copy of the file": round(copied, 2), "its MB": round(size / 1e6)}
    figures = {
        "whole": figure("whole", whole, "s", beside),
        "changes": figure("changes", changes, "s", beside),
        "drill": figure("drill", drill, "s", {}),
        "customer": figure("customer", customer, "s", {}),
        "restore": figure("restore", restored, "s", beside),
        "write_p99": figure(
            "write_p99", statistics.quantiles(waits, n=100)[98] * 1e3, "ms", {"median": round(statistics.median(waits) * 1e3, 1)}
        ),
    }
    return {"name": "backup", "size": {"customers": count, "changes": CHANGES}, "figures": figures}


def figure(key: str, value: float, unit: str, beside: dict[str, float]) -> dict[str, Any]:
    """One figure with its bar; less is better."""
    return {"value": round(value, 2), "unit": unit, "beside": beside, "bar": BARS[key], "ok": value <= BARS[key]}


def table(document: dict[str, Any]) -> str:
    lines = [f"{'figure':14}{'value':>10}{'bar':>10}  unit"]
    for key, one in document["figures"].items():
        beside = "".join(f"   {name}: {value}" for name, value in one["beside"].items())
        lines.append(f"{key:14}{one['value']:>10}{one['bar']:>10}  {one['unit']}{beside}{'' if one['ok'] else '  MISSED'}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.backup", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of the table")
    given = parser.parse_args()
    document = measure(CUSTOMERS // (10 if given.quick else 1))
    print(json.dumps(document) if given.json else table(document))
    return 0 if all(one["ok"] for one in document["figures"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
