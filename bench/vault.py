"""The vault at a hundred thousand customers, beside plain SQLite. `python -m bench.vault [--quick] [--json] [--only FIGURE]`.

Each figure is a function of its own, which makes what it needs in a folder of its own and answers with its value; FIGURES joins them. The
store is the real one, encrypted and durable; beside it stands what the same rows cost a plain SQLite file on that disk, in the same run.
Bars are for a machine that is otherwise idle; beside a time stands the processor time it took.
"""

import asyncio
import hashlib
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Self

from bench import search
from bench.people import people
from bench.report import Asked, Figure, Report, main
from node.app.opened import ContactFiles
from node.memory import look_seldom_for_garbage
from node.model.customer import same_person
from node.model.person import Contact
from node.services import customer_imports, customer_search
from node.services.import_runs import ImportRuns
from node.store.store import Store
from node.vault import vault
from node.vault.keys import Keys, Profile

PEOPLE = 100_000


# --- people


def card(person: Contact) -> bytes:
    """A made-up person as a phone would export them, about 1 KB."""
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"N:{person.names.family};{person.names.given};;;", f"FN:{person.names.full}"]
    lines += [f"TEL;TYPE={item.label}:{item.e164 or item.raw}" for item in person.phones]
    lines += [f"EMAIL;TYPE={item.label}:{item.value}" for item in person.emails]
    for item in person.addresses:
        street = "\\n".join(item.lines).replace(",", "\\,")
        lines.append(f"ADR;TYPE={item.label}:;;{street};{item.city};{item.region};{item.postcode};{item.country}")
    note = person.notes.replace(",", "\\,").replace("\n", "\\n")
    lines += [f"BDAY:{person.birthday}", f"CATEGORIES:{','.join(person.tags)}", f"NOTE:{note}", "END:VCARD", ""]
    return "\r\n".join(lines).encode()


def write_cards(file: Path, count: int) -> None:
    """A file of so many people; nobody in it exists."""
    made = people(count)
    with file.open("wb") as target:
        while chunk := list(islice(made, 1000)):
            target.writelines(map(card, chunk))


def open_store(folder: Path) -> Store[Keys]:
    """A seller's store with keys of its own."""
    draft = vault.prepare()
    keys = Keys(Profile(bytes(32), "seller", "Bench", "USD"), draft.secrets)
    return Store.open(folder / "node.db", keys.store_key, keys)


# --- figures: import


def import_file(count: int) -> dict[str, Figure]:
    """A file of people read, matched and taken over, then the same again (everybody is here), then undone; in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.vault", "--import-alone", str(count)], capture_output=True, text=True, check=True, timeout=3600
    )
    found = json.loads(done.stdout)
    share = count / PEOPLE
    plain = plain_insert(count)
    return {
        "import": Figure(found["import"], "s", 30.0 * share, {"processor": found["import_cpu"], "plain SQLite": plain}),
        "import_again": Figure(found["again"], "s", 30.0 * share, {"processor": found["again_cpu"]}),
        "import_undo": Figure(found["undo"], "s", None, {}),
        "import_resident": Figure(found["resident"], "MB", 400.0, {"before": found["before"]}),
        "read_while_importing": Figure(found["read"], "ms", None, {"alone": found["read_alone"]}),
        "loop_while_importing": Figure(found["loop"], "ms", None, {}),
    }


def import_alone(count: int) -> dict[str, float]:
    """What `import_file` measures, in this process, which looks for garbage as a node does."""
    look_seldom_for_garbage()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "people.vcf"
        write_cards(file, count)
        store = open_store(Path(folder))
        try:
            return asyncio.run(_imports(store, file, count))
        finally:
            store.close()


async def _imports(store: Store[Keys], file: Path, count: int) -> dict[str, float]:
    runs = ImportRuns(store, ContactFiles())
    found, first = {"before": resident_mb()}, ""
    with Reading(store) as reading:
        await asyncio.sleep(1)
        found["read_alone"] = reading.median()
        late = asyncio.create_task(_lateness())
        for name in ("import", "again"):
            start, cpu = time.perf_counter(), time.process_time()
            with file.open("rb") as source:
                staged = await runs.stage(source, file.name, "US", ask=False)
            view = await runs.apply(staged)
            found[name], found[f"{name}_cpu"] = time.perf_counter() - start, time.process_time() - cpu
            if (view.created, view.known) != ((count, 0) if name == "import" else (0, count)):
                raise SystemExit(f"{name}: {view.created} created, {view.known} known of {count}")
            first = first or view.id
        found["read"], found["loop"], found["resident"] = reading.median(), late_result(late), peak_mb()
    start = time.perf_counter()
    await store.write(customer_imports.undo_import, bytes.fromhex(first))
    found["undo"] = time.perf_counter() - start
    left = await store.read(lambda unit: unit.db.execute("SELECT count(*) FROM customers").fetchone()[0])
    if left:
        raise SystemExit(f"undo left {left} customers")
    return found


class Reading:
    """A page's read, again and again beside the work, by another thread."""

    def __init__(self, store: Store[Keys]) -> None:
        self._store, self._over = store, threading.Event()
        self._times: list[float] = []
        self._pool = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        self._work = self._pool.submit(self._run)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._work.result()

    def _run(self) -> None:
        while not self._over.wait(0.05):
            start = time.perf_counter()
            self._store.read_now(customer_search.list_customers, limit=50)
            self._times.append((time.perf_counter() - start) * 1000)

    def median(self) -> float:
        """Milliseconds of the reads since the last time this was asked."""
        times, self._times = sorted(self._times), []
        return times[len(times) // 2] if times else 0.0


async def _lateness() -> list[float]:
    """How late the event loop comes back, in ms, every 10 ms until cancelled."""
    times: list[float] = []
    try:
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.01)
            times.append((time.perf_counter() - start - 0.01) * 1000)
            _LATE[:] = times
    finally:
        _LATE[:] = times


_LATE: list[float] = []


def late_result(task: "asyncio.Task[list[float]]") -> float:
    """The median lateness."""
    task.cancel()
    return sorted(_LATE)[len(_LATE) // 2] if _LATE else 0.0


def plain_insert(count: int) -> float:
    """Seconds that a plain SQLite file takes for the same cards in one transaction, a row a likeness; making them is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        db = sqlite3.connect(Path(folder) / "plain.db")
        db.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "CREATE TABLE people (id BLOB PRIMARY KEY, name TEXT, record BLOB);"
            "CREATE TABLE keys (kind TEXT, value TEXT, person BLOB, PRIMARY KEY (kind, value, person)) WITHOUT ROWID;"
        )
        spent, made, number = 0.0, people(count), 0
        while chunk := list(islice(made, 1000)):
            rows = [(hashlib.sha256(b"%d" % (number + at)).digest(), person.names.full, card(person)) for at, person in enumerate(chunk)]
            keys = [(kind, value, row[0]) for row, person in zip(rows, chunk, strict=True) for kind, value in same_person(person)]
            number += len(chunk)
            start = time.perf_counter()
            db.executemany("INSERT INTO people VALUES (?, ?, ?)", rows)
            db.executemany("INSERT INTO keys VALUES (?, ?, ?)", keys)
            spent += time.perf_counter() - start
        start = time.perf_counter()
        db.commit()
        db.close()
        return spent + time.perf_counter() - start


# --- figures: search, one customer, the first page


def search_and_open(count: int) -> dict[str, Figure]:
    """200 searches with their counts, misspelt names, and opening one customer, beside the same tables and queries without encryption."""
    searched, slipped, opened = search.compared(count)
    (slow, plain), (middle, plain_middle) = searched.at(0.95), searched.at(0.5)
    used = search.percentile(searched.processor, 0.95)
    (one, plain_one), (mended, plain_mended) = opened.at(0.95), slipped.at(0.95)
    return {
        "search_p95": Figure(slow, "ms", 50.0, {"processor": used, "plain SQLite": plain}),
        "search_median": Figure(middle, "ms", None, {"plain SQLite": plain_middle}),
        "search_ratio": Figure(sum(searched.store) / sum(searched.plain), "×", 1.5, {}),
        "search_misspelt_p95": Figure(mended, "ms", None, {"plain SQLite": plain_mended}),
        "open_one_p95": Figure(one, "ms", 20.0, {"plain SQLite": plain_one}),
    }


def unlock_to_first_page(count: int) -> dict[str, Figure]:
    """A real node: from the passphrase to the page of Today, derivation of the key and all, and to the list of customers after it."""
    few, found = search.first_pages((100, count))
    return {
        "first_page": Figure(
            found["first"], "s", 2.0, {"unlock": found["unlock"], "with 100 people": few["first"], "file MB": found["file"]}
        ),
        "customers_page": Figure(found["customers"], "s", None, {"with 100 people": few["customers"]}),
    }


FIGURES: dict[str, Callable[[int], dict[str, Figure]]] = {
    "import": import_file,
    "search": search_and_open,
    "first_page": unlock_to_first_page,
}
"""Each makes what it needs for so many customers; one may answer several figures that come of one work."""


# --- the bench


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def peak_mb() -> float:
    with Path("/proc/self/status").open() as status:
        return next(int(line.split()[1]) / 1000 for line in status if line.startswith("VmHWM"))


def measure(asked: Asked) -> Report:
    count = asked.scaled(PEOPLE)
    found: dict[str, Figure] = {}
    for name, run in FIGURES.items():
        if asked.wants(name):
            found |= run(count)
    return Report("vault", {"customers": count}, found)


if __name__ == "__main__":
    sys.exit(main(__doc__, measure, FIGURES, {"--import-alone": lambda count: print(json.dumps(import_alone(int(count))))}))
