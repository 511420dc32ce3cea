"""Catalogs between whole nodes in processes of their own over libp2p on this machine.
`python -m bench.catalog [--quick] [--json] [--only …] [--products N] [--sellers N]`.

`sync`: a seller fetches a merchant's whole catalog, then 1,000 changes, then nothing. Beside the first sync stands one process that
inserts the same rows into the same tables and search index, from memory, and hashes each once; beside the changes the same found by a
Merkle search tree, by set reconciliation, and one listing at a time. `crowd`: 50 sellers at once beside one alone, counted from when their
networks are ready, while the merchant's page is asked for again and again. Their hosts are spread over two processes, and the merchant
has its own: a node is a process, and in one the engine's lock over its memory would hold up fifty writers that never meet outside a
benchmark. Bytes are those of questions and answers with their frames, without the ciphers'.

A million products take about a quarter of an hour, most of it making and reading them, the crowd about four minutes; what is known already
is shown on the error output.
"""

import hashlib
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.catalog_beside import merkle_walk, set_reconciliation, state_of
from bench.catalog_goods import PASSPHRASE, merchant, update_file
from bench.catalog_sellers import serve
from bench.node import process_cpu
from bench.report import Asked, Figure, Report, main, told
from bench.search import _get, _session
from node.app.founding import STORE_FILE
from node.cli.client import Client
from node.errors import Unavailable
from node.model.catalog import Entry, Span
from node.store.catalog_feeds import FileFeeds
from node.store.catalog_file import CatalogFile, file_of
from node.store.catalog_writer import FileWriter
from node.store.database import open_plain
from node.store.store import wall_clock

PRODUCTS, CHANGED, CROWD, CROWD_PRODUCTS, LISTINGS = 1_000_000, 1_000, 50, 20_000, 2_000
PATIENCE = 7_200.0
HOST = "bench.localhost"
BARS = {
    "cold_sync": 2.0,
    "seller_resident": 400.0,
    "merchant_resident": 400.0,
    "update": 1.0,
    "update_trips": 1.0,
    "update_extra": 20.0,
    "unchanged": 400.0,
    "crowd": 0.8,
    "crowd_spread": 2.0,
    "crowd_page": 300.0,
}
_BATCH = 4_000


class Sellers:
    """A process of sellers."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "bench.catalog", "--serve", str(folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, what: str, **given: Any) -> Any:
        """Its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": what, **given}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the sellers ended with {self._process.wait()} at {what}")
        return json.loads(line)

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(60)


class Merchant:
    """The merchant's process, its client and its page."""

    def __init__(self, folder: Path) -> None:
        import socket

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        command = [sys.executable, "-m", "node.main", "--data", str(folder), "run", "--port", str(self._port), "--host-name", HOST]
        self._process = subprocess.Popen([*command, "--die-with-parent"], stderr=subprocess.DEVNULL)
        self.client = Client(folder, timeout=PATIENCE)
        self.folder = folder
        _until("the merchant", lambda: self.client.get("/status"))
        self.client.post_once("/unlock", passphrase=PASSPHRASE)
        _until("its network", self._networked)
        self._cookie = _session(self.client, self._port)

    def _networked(self) -> bool:
        said = str(self.client.get("/status")["network"])
        if said.startswith("stopped"):
            raise SystemExit(f"the merchant's network is {said}")
        return said == "ready"

    def page(self) -> float:
        """Seconds that the catalog's page takes."""
        began = time.perf_counter()
        _get(self._port, "/catalog", self._cookie)
        return time.perf_counter() - began

    def resident(self) -> float:
        """The most that was resident, in MB."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1000

    def processor(self) -> float:
        """Seconds of the processor so far."""
        return process_cpu(self._process.pid) / 1000

    def feed(self) -> tuple[bytes, int]:
        """Its feed and how far that is."""
        [found] = self.client.get("/catalog/feeds")
        return bytes.fromhex(found["feed"]), found["size"]

    def packed(self, feed: bytes) -> None:
        """Wait until there are packs."""
        _until("the packs", (self.folder / "packs" / feed.hex() / "manifest").is_file)

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(60)


def _until(what: str, test: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if test():
                return
        except Unavailable:
            pass
        time.sleep(0.02)
    raise SystemExit(f"waited {PATIENCE:g} s for {what}")


@contextmanager
def shop(folder: Path, products: int, processes: int = 1) -> Iterator[tuple[Merchant, list[Sellers]]]:
    """A merchant with a catalog, its packs made, and so many processes for sellers."""
    places = [folder / f"sellers{number}" for number in range(processes)]
    for place in places:
        place.mkdir(parents=True)
    merchant(folder / "merchant", products)
    node = Merchant(folder / "merchant")
    sellers = [Sellers(place) for place in places]
    try:
        node.packed(node.feed()[0])
        yield node, sellers
    finally:
        node.end()
        for process in sellers:
            process.end()


def pair(node: Merchant, sellers: Sellers, at: int) -> None:
    """By invite and code."""
    id_ = sellers.tell("join", at=at, link=node.client.post("/peers/invites")["link"])
    _until("the code", lambda: any(row["id"] == id_ and row["code"] for row in node.client.get("/peers/pairings")))
    node.client.post(f"/peers/pairings/{id_}/confirm")
    sellers.tell("confirm", at=at, pairing=id_)


# --- one seller


def sync(folder: Path, products: int) -> Iterator[dict[str, Figure]]:
    with shop(folder, products) as (node, [sellers]):
        sellers.tell("start", count=1)
        pair(node, sellers, 0)
        feed, size = node.feed()
        before = (sellers.tell("processor"), node.processor())
        began = sellers.tell("go")
        [done] = sellers.tell("wait", size=size)
        cold = done - began
        used = (sellers.tell("processor") - before[0], node.processor() - before[1])
        [(asked, fetched)] = sellers.tell("counted")
        memory = {"seller_resident": sellers.tell("memory"), "merchant_resident": node.resident()}
        plain = inserted(node.folder / STORE_FILE, feed, folder / "plain")
        yield {
            "cold_sync": Figure(cold / plain["wall"], "× plain", BARS["cold_sync"], {"seconds": cold, **_beside(used, plain)}),
            "cold_rate": Figure(products / cold, "products/s"),
            "cold_bytes": Figure(fetched / 1e6, "MB", None, {"questions": asked, "rows MB": plain["bytes"] / 1e6}),
        }
        yield changes(node, sellers, feed, folder)
        after = {"seller_resident": sellers.tell("memory"), "merchant_resident": node.resident()}
        yield {name: Figure(most, "MB", BARS[name], {"after the first sync": memory[name]}) for name, most in after.items()}


def _beside(used: tuple[float, float], plain: dict[str, float]) -> dict[str, float]:
    seconds = {"plain": plain["wall"], "plain, of the processor": plain["processor"]}
    return seconds | {"seller, of the processor": used[0], "merchant, of the processor": used[1]}


def changes(node: Merchant, sellers: Sellers, feed: bytes, folder: Path) -> dict[str, Figure]:
    """1,000 products with other words and prices, then nothing new."""
    file = file_of(node.folder / STORE_FILE)
    before, size = state_of(file, feed), node.feed()[1]
    count = update_file(folder / "update.csv", CHANGED)
    sellers.tell("clear")
    with (folder / "update.csv").open("rb") as source:
        staged = node.client.upload("/catalog/import", source, name="update.csv", currency="USD")
    if staged["changed"] < count:
        raise SystemExit(f"{staged['changed']} of {count} changed: the figures mean nothing")
    node.client.post_once(f"/catalog/import/{staged['id']}/apply")
    signed = time.time()
    grown = node.feed()[1]
    [there] = sellers.tell("wait", size=grown)
    [(trips, moved)] = sellers.tell("counted")
    rows = _since(file, feed, size)
    records = sum(len(entry.record or b"") for entry in rows)
    alone = len(_pressed([entry.record or b"" for entry in rows]))
    after = state_of(file, feed)
    walk, ranges = merkle_walk(before, after), set_reconciliation(before, after)
    took, listed = sellers.tell("listings", count=LISTINGS, size=grown)
    sellers.tell("clear")
    asked = sellers.tell("ask")
    [(questions, unchanged)] = sellers.tell("counted")
    scale = len(rows) / LISTINGS
    trips_beside = {"Merkle walk": walk[1] + 1, "set reconciliation": ranges[1], "one request per listing": len(rows)}
    kilobytes = {"Merkle walk": walk[0] / 1000, "set reconciliation": ranges[0] / 1000}
    kilobytes["one request per listing"] = (listed * scale - records) / 1000
    return {
        "update": Figure(there - signed, "s", BARS["update"], {"one request per listing": took * scale}),
        "update_trips": Figure(trips, "round trips", BARS["update_trips"], trips_beside),
        "update_extra": Figure(
            (moved - alone) / 1000,
            "kB beside",
            BARS["update_extra"],
            {**kilobytes, "the records, pressed": alone / 1000, "the records": records / 1000},
        ),
        "unchanged": Figure(unchanged - _feeds_bytes(questions), "bytes", BARS["unchanged"], {"seconds": asked}),
    }


def _feeds_bytes(questions: int) -> int:
    """What asking for the list of feeds took, which came before: it isn't part of asking whether a feed changed."""
    from bench.catalog_sellers import FRAME_BYTES
    from protocol.feed import Feed, FeedsAnswer, FeedsRequest
    from protocol.messages import pack

    if questions != 2:
        raise SystemExit(f"{questions} questions where nothing changed")
    return len(pack(FeedsRequest())) + len(pack(FeedsAnswer((Feed(bytes(32), "main", "USD"),)))) + 2 * FRAME_BYTES


def _since(file: Path, feed: bytes, size: int) -> list[Entry]:
    database = open_plain(file, readonly=True)
    try:
        return list(FileFeeds(database).since(feed, size))
    finally:
        database.close()


def _pressed(records: list[bytes]) -> bytes:
    """The records alone, as small as rows travel."""
    import zstandard

    return zstandard.ZstdCompressor(level=3).compress(b"".join(records))


# --- the plain way


def inserted(store: Path, feed: bytes, folder: Path) -> dict[str, float]:
    """Seconds of a process of its own that inserts the merchant's rows, and hashes each once."""
    folder.mkdir()
    command = [sys.executable, "-m", "bench.catalog", "--plain", json.dumps([str(store), feed.hex(), str(folder)])]
    answer: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return answer


def plain(given: str) -> None:
    """The process: only inserting and hashing count, not where the rows come from."""
    store, feed, folder = json.loads(given)
    source = open_plain(file_of(Path(store)), readonly=True)
    rows = FileFeeds(source).slots(bytes.fromhex(feed), Span())
    target = CatalogFile.open(Path(folder) / STORE_FILE, 0, wall_clock)
    wall = used = 0.0
    size, before = 0, None
    while batch := list(itertools.islice(rows, _BATCH)):
        began, spent = time.perf_counter(), time.process_time()
        for entry in batch:
            hashlib.sha256(entry.record or b"").digest()
        span = Span(before, (batch[-1].noun, batch[-1].name))
        target.write_now(FileWriter.load, bytes.fromhex(feed), bytes(32), span, batch)
        wall, used = wall + time.perf_counter() - began, used + time.process_time() - spent
        size += sum(len(entry.record or b"") for entry in batch)
        before = span.high
    target.close()
    print(json.dumps({"wall": wall, "processor": used, "bytes": size}))


# --- many sellers


def crowd(folder: Path, count: int) -> Iterator[dict[str, Figure]]:
    with shop(folder, CROWD_PRODUCTS, processes=2) as (node, processes):
        parts = [count // 2, count - count // 2]
        for sellers, part in zip(processes, parts, strict=True):
            for at in range(sellers.tell("start", count=part + (sellers is processes[0]))):
                pair(node, sellers, at)
        size, single = node.feed()[1], parts[0]  # the one that is alone is the last of the first process
        before = _processor(node, processes)
        began = processes[0].tell("go", first=single)
        [end] = processes[0].tell("wait", size=size, first=single)
        one, used = CROWD_PRODUCTS / (end - began), _processor(node, processes)
        alone = {"one alone": one, **{f"{who} of one alone, of the processor": used[who] - before[who] for who in used}}
        pages = Pages(node)
        began = min(sellers.tell("go", last=part) for sellers, part in zip(processes, parts, strict=True))
        waited = [sellers.tell("wait", size=size, last=part) for sellers, part in zip(processes, parts, strict=True)]
        ends = [end - began for some in waited for end in some]
        slowest, grown = pages.stop(), _processor(node, processes)
        each = {f"{who} for each, of the processor": (grown[who] - used[who]) / count for who in grown}
    together = count * CROWD_PRODUCTS / max(ends)
    asked = {"median": statistics.median(slowest) * 1000, "times": len(slowest)}
    yield {
        "crowd": Figure(together, "products/s", BARS["crowd"] * one, {"× one alone": together / one, **alone, **each}),
        "crowd_spread": Figure(
            max(ends) / min(ends), "× fastest", BARS["crowd_spread"], {"fastest, s": min(ends), "slowest, s": max(ends)}
        ),
        "crowd_page": Figure(max(slowest) * 1000, "ms", BARS["crowd_page"], asked),
    }


def _processor(node: Merchant, processes: list[Sellers]) -> dict[str, float]:
    return {"merchant": node.processor(), "sellers": sum(sellers.tell("processor") for sellers in processes)}


class Pages(threading.Thread):
    """Asks for the merchant's page again and again."""

    def __init__(self, node: Merchant) -> None:
        super().__init__(daemon=True)
        self._node = node
        self._over = threading.Event()
        self._took: list[float] = []
        self.start()

    def run(self) -> None:
        self._node.page()  # the first one reads the page's own text as well
        while not self._over.wait(0.2):
            self._took.append(self._node.page())

    def stop(self) -> list[float]:
        """Seconds of each."""
        self._over.set()
        self.join()
        return self._took


def measure(asked: Asked) -> Report:
    products, sellers = asked.scaled(PRODUCTS, "products"), asked.scaled(CROWD, "sellers")
    figures: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if asked.wants("sync"):
            for part in sync(Path(folder) / "sync", products):
                figures |= told(part)
        if asked.wants("crowd"):
            for part in crowd(Path(folder) / "crowd", sellers):
                figures |= told(part)
    return Report("catalog", {"products": products, "sellers": sellers}, figures)


if __name__ == "__main__":
    sys.exit(main(__doc__, measure, ("sync", "crowd"), {"--serve": serve, "--plain": plain}, sizes=("products", "sellers")))
