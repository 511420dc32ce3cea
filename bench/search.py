"""Figures of finding and opening customers, for bench.vault: 200 searches as people type them, one customer, and the first page after
unlocking. Beside the encrypted store stands the same file without encryption, asked the same in turn: a busy machine is as busy for both.
"""

import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from sqlcipher3 import dbapi2

from bench.people import SEED, people
from node.app.founding import STORE_FILE
from node.cli.client import Client
from node.errors import Unavailable
from node.model.customer import Customer
from node.model.person import Contact
from node.services import customer_search, customers
from node.store.database import READER_CACHE_KB, Database, open_database
from node.store.store import Store
from node.store.unit import Unit
from node.vault import vault
from node.vault.keys import Keys, Profile

QUERIES = 200
ROUNDS = 3
SAMPLE = 5_000
NOW = 1_800_000_000_000
PASSPHRASE = "a passphrase for the bench"
HOST = "bench.localhost"
PATIENCE = 120.0


@dataclass(frozen=True)
class Times:
    """What each call took, in ms: of the encrypted store and of the plain file, and the store's processor time."""

    store: list[float]
    plain: list[float]
    processor: list[float]

    def at(self, share: float) -> tuple[float, float]:
        """The value that this share of the calls stays within."""
        return percentile(self.store, share), percentile(self.plain, share)


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def queries(count: int, seed: int = SEED) -> list[str]:
    """The mix: whole words 40 %, prefixes of 3 to 5 letters 30 %, parts of phones and e-mails 20 %, one or two letters 10 %."""
    chance = Random(seed)
    sample = list(islice(people(SAMPLE), SAMPLE))
    kinds = (_word, _word, _word, _word, _prefix, _prefix, _prefix, _part, _part, _letters)
    return [kinds[number % len(kinds)](chance, sample) for number in range(count)]


def misspelt(count: int, seed: int = SEED) -> list[str]:
    """Names with two letters changed about, as hasty fingers type them."""
    chance = Random(seed)
    names = [name for person in islice(people(SAMPLE), SAMPLE) for name in person.names.full.split() if len(name) >= 5]
    found: list[str] = []
    while len(found) < count:
        name = chance.choice(names)
        at = chance.randrange(1, len(name) - 1)
        found.append(name[:at] + name[at + 1] + name[at] + name[at + 2 :])
    return found


def _words(person: Contact) -> list[str]:
    places = [address.city for address in person.addresses]
    return [word for text in (person.names.full, *person.tags, *places, person.notes) for word in text.split() if len(word) >= 3]


def _word(chance: Random, sample: list[Contact]) -> str:
    return chance.choice(_words(chance.choice(sample)))


def _prefix(chance: Random, sample: list[Contact]) -> str:
    return _word(chance, sample)[: chance.randrange(3, 6)]


def _letters(chance: Random, sample: list[Contact]) -> str:
    return chance.choice(chance.choice(sample).names.full.split())[: chance.randrange(1, 3)]


def _part(chance: Random, sample: list[Contact]) -> str:
    while True:
        person = chance.choice(sample)
        known = [phone.e164 or "" for phone in person.phones] + [email.value for email in person.emails]
        if known:
            text = chance.choice(known)
            start, size = chance.randrange(1, len(text) - 4), chance.randrange(3, 8)
            return text[start : start + size]


# --- a store of so many


def keep_people(store: Store[Keys], count: int) -> list[bytes]:
    """Customers of a store; their ids."""
    chance = Random(SEED)
    ids: list[bytes] = []

    def keep(unit: Unit[Keys]) -> None:
        made = people(count)
        with unit.customers.in_bulk():
            while part := list(islice(made, 2_000)):
                rows = [Customer(chance.randbytes(32), person, NOW + person.row, NOW) for person in part]
                ids.extend(row.id for row in rows)
                unit.customers.keep_all(rows)

    store.write_now(keep)
    return ids


def _plain_copy(store: Store[Keys], path: Path) -> None:
    writer = store._writer  # noqa: SLF001  nothing but a bench takes the encryption off
    writer.execute("ATTACH DATABASE ? AS plain KEY ''", (str(path),))
    writer.execute("SELECT sqlcipher_export('plain')").fetchall()
    writer.execute("DETACH DATABASE plain")


def _unit(database: Database, keys: Keys) -> Unit[Keys]:
    return Unit(database, NOW, keys, bytes)


def compared(count: int) -> tuple[Times, Times, Times]:
    """Searches, misspelt ones, and opening one customer: each asked of the encrypted store and of the same file in plain, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        draft = vault.prepare()
        keys = Keys(Profile(bytes(32), "seller", "Bench", "USD"), draft.secrets)
        path, plain = Path(folder) / "node.db", Path(folder) / "plain.db"
        store = Store.open(path, keys.store_key, keys)
        ids = keep_people(store, count)
        _plain_copy(store, plain)
        store.close()
        connection = dbapi2.connect(str(plain), isolation_level=None)
        connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KB}")
        connection.execute("PRAGMA temp_store = MEMORY")
        both = open_database(path, keys.store_key, readonly=True), Database(connection)
        searched, slipped = (
            _in_turn(both, keys, [lambda unit, text=text: customer_search.list_customers(unit, search=text) for text in asked])
            for asked in (queries(QUERIES), misspelt(QUERIES // 4))
        )
        chosen = Random(SEED).sample(ids, min(QUERIES, len(ids)))
        opened = _in_turn(both, keys, [lambda unit, id_=id_: customers.get_customer(unit, id_) for id_ in chosen])
        for database in both:
            database.close()
        return searched, slipped, opened


def _in_turn(both: tuple[Database, Database], keys: Keys, calls: list[Callable[[Unit[Keys]], Any]]) -> Times:
    """The first round only warms the caches."""
    times = Times([], [], [])
    for number in range(ROUNDS + 1):
        for call in calls:
            found = []
            for database, kept in zip(both, (times.store, times.plain), strict=True):
                start, used = time.perf_counter(), time.thread_time()
                database.execute("BEGIN")
                found.append(call(_unit(database, keys)))
                database.execute("ROLLBACK")
                if number:
                    kept.append((time.perf_counter() - start) * 1000)
                if number and kept is times.store:
                    times.processor.append((time.thread_time() - used) * 1000)
            if found[0] != found[1]:
                raise SystemExit("the store and the plain file found other customers")
    return times


# --- from unlocking to the first page


def first_pages(counts: tuple[int, ...], rounds: int = 3) -> list[dict[str, float]]:
    """Seconds from the passphrase to the first page, and of a second page, in real nodes with so many customers each: unlocked in turn,
    the median of each.
    """
    with tempfile.TemporaryDirectory() as folder:
        nodes = [Path(folder) / str(count) for count in counts]
        for data, count in zip(nodes, counts, strict=True):
            _found(data, count)
        found = [[_one_unlock(data) for data in nodes] for _ in range(rounds)]
        return [_middle([one[at] for one in found]) | {"file": (data / STORE_FILE).stat().st_size / 1e6} for at, data in enumerate(nodes)]


def _middle(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: percentile([one[name] for one in rounds], 0.5) for name in rounds[0]}


def _found(data: Path, count: int) -> None:
    with _node(data) as (client, _):
        client.post_once("/setup", passphrase=PASSPHRASE, name="Bench", role="seller", currency="USD")
    keys = vault.unlock(data, PASSPHRASE)
    store = Store.open(data / STORE_FILE, keys.store_key, keys)
    keep_people(store, count)
    store.close()


def _one_unlock(data: Path) -> dict[str, float]:
    with _node(data) as (client, port):
        cookie = _session(client, port)
        start = time.perf_counter()
        client.post_once("/unlock", passphrase=PASSPHRASE)
        unlocked = time.perf_counter()
        _get(port, "/", cookie)
        shown = time.perf_counter()
        _get(port, "/customers", cookie)
        return {"unlock": unlocked - start, "first": shown - start, "customers": time.perf_counter() - shown}


class _node:  # noqa: N801  used as a with statement
    """A node process on a folder, and its page's port."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def __enter__(self) -> tuple[Client, int]:
        import socket

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        command = [
            sys.executable,
            "-m",
            "node.main",
            "--data",
            str(self._data),
            "run",
            "--port",
            str(port),
            "--host-name",
            HOST,
            "--die-with-parent",
        ]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        client = Client(self._data)
        for _ in _patience("the node"):
            try:
                client.get("/status")
                return client, port
            except Unavailable:
                continue
        raise AssertionError

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(60)


def _patience(what: str) -> Iterator[None]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        yield
        time.sleep(0.02)
    raise SystemExit(f"waited {PATIENCE:g} s for {what}")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stay)


def _session(client: Client, port: int) -> str:
    code = client.post("/open-link")["code"]
    body = urllib.parse.urlencode({"code": code}).encode()
    headers = {"Host": f"{HOST}:{port}", "Origin": f"http://{HOST}:{port}", "Sec-Fetch-Site": "same-origin"}
    try:
        _OPENER.open(urllib.request.Request(f"http://127.0.0.1:{port}/open", data=body, headers=headers), timeout=PATIENCE)
    except urllib.error.HTTPError as answer:
        found = re.match(r"[^;]+", answer.headers["Set-Cookie"] or "")
        if answer.code == 303 and found:
            return found[0]
        raise
    raise SystemExit("the page gave no session")


def _get(port: int, path: str, cookie: str) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": f"{HOST}:{port}", "Cookie": cookie})
    with _OPENER.open(request, timeout=PATIENCE) as answer:
        answer.read()
