"""Searching a million products as one types. `python -m bench.catalog_search [--quick] [--json]`.

200 searches through the service, each a page of 24 with prices and earnings: whole words 40 %, beginnings of 2 to 5 letters 30 %, two
words 20 %, a single letter 10 %; a third with filters, in all orders. Beside them the same words looked for in titles by `LIKE`. `fill`
is the processor's time to bring the products in, in bulk; `apply` 100,000 operations one batch after the other, with the state hash.
"""

import random
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from bench.catalog_goods import BRANDS, KINDS, goods, operations
from bench.report import Asked, Figure, Report, main, timed
from bench.search import percentile
from node.model.catalog import Entry, FeedRow, Span
from node.services.catalog_search import search_products
from node.store.catalog_file import file_of
from node.store.catalog_writer import FileWriter
from node.store.store import Store
from node.vault import vault
from node.vault.keys import Keys, Profile
from protocol.operations import Noun, Operation, Verb
from protocol.state_hash import StateHash

PRODUCTS, SEARCHES, APPLIED = 1_000_000, 200, 100_000
ROUNDS = 3
BAR = 50.0
FEED, OTHER = b"\x01" * 32, b"\x02" * 32
SAMPLE = 5_000
_PACK = 4_000
_ORDERS = ("best", "cheap", "dear")


def entries(count: int) -> Iterator[Entry]:
    """Records of so many products and their offers, numbered as their log has them, in the order of slots."""
    for noun in (Noun.OFFER, Noun.PRODUCT):
        for seq, (verb, name, record) in enumerate(operations(count), start=1):
            if verb == f"put-{noun}":
                yield Entry(seq, noun, name, record)


def fill(store: Store[Keys], count: int) -> None:
    """A followed feed of so many products, in bulk, its index in order afterwards."""
    store.write_now(lambda unit: unit.catalog.keep_feed(FeedRow(FEED, unit.me.identity, "main", "USD", own=False, synced_at=unit.now)))
    store.catalog.write_now(FileWriter.begin, FEED, b"bench")
    low, number, every = None, 0, entries(count)
    while part := list(islice(every, _PACK)):
        high = (part[-1].noun, part[-1].name)
        store.catalog.write_now(FileWriter.load, FEED, number.to_bytes(32), Span(low, high), part)
        low, number = high, number + 1
    store.catalog.write_now(FileWriter.seal, FEED, 2 * count, StateHash(), b"bench")
    while store.catalog.write_now(FileWriter.merge, 500):
        pass


def apply(store: Store[Keys], count: int) -> None:
    """So many operations, checked one by one as a sync does, in one transaction."""
    checked = [Operation(Verb(verb), name, record) for verb, name, record in islice(operations(count), count)]
    for operation in checked:
        operation.read()
    store.catalog.write_now(FileWriter.apply, OTHER, [Entry(1, *operation.slot, operation.record) for operation in checked])


def searches(count: int) -> list[dict[str, Any]]:
    """What is asked."""
    dice = random.Random(7)
    titles = [title.split() for _, title, *_ in goods(SAMPLE)]
    found: list[dict[str, Any]] = []
    for number in range(count):
        one, other = dice.choice(dice.choice(titles)), dice.choice(dice.choice(titles))
        words = (one, one, one, one, *[one[: dice.randrange(2, 6)]] * 3, *[f"{one} {other[:3]}"] * 2, one[:1])
        asked: dict[str, Any] = {"q": words[number % len(words)], "order": dice.choice(_ORDERS)}
        if number % 3 == 0:
            low = dice.randrange(500, 5_000)
            filters = ({"in_stock": True}, {"brand": f"Brand {dice.randrange(BRANDS)}"}, {"category": f"Kind {dice.randrange(KINDS)}"})
            asked |= dice.choice((*filters, {"lowest": low, "highest": low * 2}))
        found.append(asked)
    return found


def measure(asked: Asked) -> Report:
    """All of it."""
    count, applied = asked.scaled(PRODUCTS), asked.scaled(APPLIED)
    with tempfile.TemporaryDirectory() as folder:
        keys = Keys(Profile(bytes(32), "seller", "Bench", "USD"), vault.prepare().secrets)
        path = Path(folder) / "node.db"
        store = Store.open(path, keys.store_key, keys)
        filled, applying = timed(lambda: fill(store, count)), timed(lambda: apply(store, applied))
        store.catalog.write_now(FileWriter.forget, OTHER)
        size = file_of(path).stat().st_size
        times = []
        for number in range(ROUNDS + 1):  # the first only warms the caches
            for wanted in searches(SEARCHES):
                took = timed(lambda wanted=wanted: store.read_now(search_products, **wanted))
                if number:
                    times.append(took.wall * 1000)
        scans = [timed(lambda text=wanted["q"]: store.read_now(_scan, text)).wall * 1000 for wanted in searches(SEARCHES)[:20]]
        store.close()
    figures = {
        "search": Figure(
            percentile(times, 0.95), "ms p95", BAR, {"median": percentile(times, 0.5), "titles by LIKE": percentile(scans, 0.5)}
        ),
        "fill": Figure(filled.processor, "s"),
        "apply": Figure(applying.processor, "s"),
        "file": Figure(size / 1e6, "MB"),
    }
    return Report("catalog_search", {"products": count, "searches": SEARCHES, "operations": applied}, figures)


def _scan(unit: Any, words: str) -> list[Any]:
    sql = "SELECT id FROM cat.products WHERE title LIKE ? ORDER BY title COLLATE NOCASE LIMIT 24"
    found: list[Any] = unit.db.execute(sql, (f"%{words}%",)).fetchall()
    return found


if __name__ == "__main__":
    raise SystemExit(main(__doc__, measure))
