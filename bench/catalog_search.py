"""Searching a million products of four merchants as one types. `python -m bench.catalog_search [--quick] [--products N] [--keep FOLDER]`.

`search`: 200 searches through the service, each a page of 24 with prices and earnings: whole words 40 %, beginnings of 2 to 5 letters 30 %,
two words 20 %, a single letter 10 %; a third with filters, in all orders. Beside them the same words looked for in titles by `LIKE`. Then
kinds of searches by themselves, 30 of each; `compare` (who sells a GTIN) and `list` (products by title). `fill` is the processor's time to
bring the products in, in bulk; `apply` 100,000 operations one batch after the other, with the state hash, in an empty file. With `--keep`
the products stay in that folder: the next run of the same size begins with them, and tells neither.
"""

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from bench.catalog_goods import BRANDS, CHEAP, KINDS, PASSPHRASE, check, goods, operations, records, words
from bench.report import Asked, Figure, Report, main, timed
from bench.search import percentile
from node.app.founding import STORE_FILE, found
from node.model.catalog import Entry, FeedRow, PlanRecord, Span
from node.model.identity import Founder
from node.services.browse import list_products
from node.services.catalog_search import compare_code, search_products
from node.store.catalog_file import file_of
from node.store.catalog_writer import FileWriter
from node.store.store import Store
from node.vault import vault
from node.vault.keys import Keys, Profile
from protocol.envelope import sign
from protocol.identity import Role
from protocol.operations import Noun, Operation, Verb
from protocol.plan import TYPE, Leftover, Override, Plan, Scope, plan_hash
from protocol.state_hash import StateHash

PRODUCTS, SEARCHES, APPLIED = 1_000_000, 200, 100_000
ROUNDS, EACH, DEEP = 3, 30, 5
BAR = 50.0
SHARES = (2, 4, 8, 8)
"""Of so many products each merchant has one."""
RATES = (1_000, 1_500, 2_500, 3_000)
FEEDS = tuple(bytes([number]) * 32 for number in (1, 2, 3, 4))
OTHER = bytes([9]) * 32
SAMPLE = 5_000
_PACK = 40_000
"""So many go in at once: each is somewhere else in most indexes, whose pages are then written once for many."""
_ORDERS = ("best", "cheap", "dear")
_MADE = "made"
Search = dict[str, Any]


def fill(store: Store[Any], count: int) -> None:
    """Followed feeds of so many products in all, in bulk; their index in order afterwards. Each GTIN is sold four times."""
    check()
    every, first = goods(count), 0
    for number, feed in enumerate(FEEDS):
        plan = store.write_now(_follow, number)
        store.catalog.write_now(FileWriter.begin, feed, b"bench")
        last, size = ("", ""), count // SHARES[number]
        for part in range(0, size, _PACK):
            last = _load(store, feed, list(islice(every, min(_PACK, size - part))), first, plan, last, max(count // 4, 1))
            first += _PACK
        store.catalog.write_now(FileWriter.seal, feed, 2 * size, StateHash(), b"bench")
    while store.catalog.write_now(FileWriter.merge, 500):
        pass


def _load(store: Store[Any], feed: bytes, part: list[Any], first: int, plan: bytes, last: tuple[str, str], codes: int) -> tuple[str, str]:
    """Load the next goods of a feed, the offers first as packs have them, each noun from where it ended; where they end now."""
    found = [(item[0], *reversed(records(item, gtin((first + at) % codes), plan))) for at, item in enumerate(part)]
    ends = (f"S{found[-1][0]}", found[-1][0])
    for at, noun in enumerate((Noun.OFFER, Noun.PRODUCT)):
        entries = [Entry(seq, noun, name if at else f"S{name}", row[at]) for seq, (name, *row) in enumerate(found)]
        store.catalog.write_now(FileWriter.load, feed, entries[0].name.encode(), Span((noun, last[at]), (noun, ends[at])), entries)
    return ends


def _follow(unit: Any, number: int) -> bytes:
    """Follow a merchant; its plan pays another rate for some categories."""
    merchant = bytes([0x20 + number]) * 32
    unit.catalog.keep_feed(FeedRow(FEEDS[number], merchant, "main", "USD", own=False, synced_at=unit.now))
    overrides = tuple(Override(Scope.CATEGORY, f"Kind {kind}", RATES[number] // 2 + 10 * kind) for kind in range(0, KINDS, 3))
    plan = Plan(merchant, 1, "USD", RATES[number], (), overrides, 5_000, Leftover.MERCHANT, 0, 0, 10**16, 0, 0, 10_000)
    unit.catalog.keep_plan(PlanRecord(plan_hash(plan), plan, sign(unit.me.device, TYPE, plan, created=unit.now).raw), unit.now)
    return plan_hash(plan)


def gtin(number: int) -> str:
    """Thirteen digits, the last of which checks the others."""
    digits = f"4{number:011}"
    return digits + str(-sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits)) % 10)


def apply(store: Store[Any], count: int) -> None:
    """So many operations, checked one by one as a sync does, in one transaction."""
    checked = [Operation(Verb(verb), name, record) for verb, name, record in islice(operations(count), count)]
    for operation in checked:
        operation.read()
    store.catalog.write_now(FileWriter.apply, OTHER, [Entry(1, *operation.slot, operation.record) for operation in checked])


def searches(count: int) -> list[Search]:
    """What is asked."""
    dice = random.Random(7)
    titles = [title.split() for _, title, *_ in goods(SAMPLE)]
    found: list[Search] = []
    for number in range(count):
        one, other = dice.choice(dice.choice(titles)), dice.choice(dice.choice(titles))
        asked: Search = {"q": (one, one, one, one, *[one[: dice.randrange(2, 6)]] * 3, *[f"{one} {other[:3]}"] * 2, one[:1])[number % 10]}
        asked["order"] = dice.choice(_ORDERS)
        if number % 3 == 0:
            low = dice.randrange(500, 5_000)
            filters = ({"in_stock": True}, {"brand": f"Brand {dice.randrange(BRANDS)}"}, {"category": f"Kind {dice.randrange(KINDS)}"})
            asked |= dice.choice((*filters, {"lowest": low, "highest": low * 2}))
        found.append(asked)
    return found


def kinds(count: int) -> dict[str, list[Search]]:
    """Searches of one kind each. Words are weighted as titles have them, except the rare ones."""
    dice = random.Random(8)
    pool = [word for _, title, *_ in goods(SAMPLE) for word in title.lower().split()]
    rare = words()[-2_000:]

    def some(make: Callable[[], Search]) -> list[Search]:
        return [{"order": _ORDERS[number % 3], **make()} for number in range(count)]

    def priced() -> Search:
        low = dice.randrange(500, 5_000)
        return {"q": dice.choice(pool)[:3], "lowest": low, "highest": low + dice.choice((50, 500, 5_000))}

    return {
        "common word": some(lambda: {"q": dice.choice(pool)}),
        "rare word": some(lambda: {"q": dice.choice(rare)}),
        "beginning": some(lambda: {"q": dice.choice(pool)[: dice.randrange(1, 6)]}),
        "two words": some(lambda: {"q": f"{dice.choice(pool)} {dice.choice(pool)[:3]}"}),
        "no words": some(dict),
        "in stock": some(lambda: {"q": dice.choice(pool)[:4], "in_stock": True}),
        "price range": some(priced),
        "brand": some(lambda: {"q": dice.choice(pool)[:2], "brand": f"Brand {dice.randrange(BRANDS)}"}),
        "category": some(lambda: {"q": dice.choice(pool)[:2], "category": f"Kind {dice.randrange(KINDS)}"}),
        "merchant": some(lambda: {"q": dice.choice(pool)[:4], "merchant": bytes([0x20 + dice.randrange(len(FEEDS))]) * 32}),
        "earns at least": some(lambda: {"q": dice.choice(pool)[:4], "earns": dice.randrange(100, 2_000)}),
        "earns most": some(lambda: {"q": dice.choice(pool)[:4], "order": "earns"}),
    }


@dataclass(slots=True)
class Times:
    """What each call took, in ms."""

    store: Store[Any]
    taken: list[float] = field(default_factory=list)

    def rounds(self, calls: Sequence[tuple[Callable[..., Any], Search]]) -> Iterator[float]:
        """All of them, a few times over; the first time only warms the caches."""
        for number in range(ROUNDS + 1):
            for call, asked in calls:
                took = timed(lambda call=call, asked=asked: self.store.read_now(call, **asked))
                if number:
                    yield took.wall * 1000

    def figure(self, calls: Sequence[tuple[Callable[..., Any], Search]], **beside: float) -> Figure:
        """What 19 of 20 of the calls stay within."""
        taken = list(self.rounds(calls))
        return Figure(percentile(taken, 0.95), "ms p95", BAR, {"median": percentile(taken, 0.5), "slowest": max(taken), **beside})


def measure(asked: Asked) -> Report:
    """All of it."""
    count = asked.scaled(PRODUCTS, "products")
    applied = min(count, asked.scaled(APPLIED))
    if asked.keep is not None:
        return _measure(asked.keep / f"catalog_search-{count}", count, applied)
    with tempfile.TemporaryDirectory() as folder:
        return _measure(Path(folder) / "seller", count, applied)


def _measure(folder: Path, count: int, applied: int) -> Report:
    figures: dict[str, Figure] = {}
    made = folder / _MADE
    if not made.exists():
        figures["apply"] = _applied(applied)
        shutil.rmtree(folder, ignore_errors=True)  # of a run that was broken off
        found(folder, PASSPHRASE, Founder("Bench", Role.SELLER, "USD"), costs=CHEAP)
    keys = vault.unlock(folder, PASSPHRASE)
    store: Store[Any] = Store.open(folder / STORE_FILE, keys.store_key, keys)
    try:
        if not made.exists():
            figures["fill"] = Figure(timed(lambda: fill(store, count)).processor, "s")
            made.touch()
        figures = _found(store) | figures
    finally:
        store.close()
        keys.lock()
    figures["file"] = Figure(file_of(folder / STORE_FILE).stat().st_size / 1e6, "MB")
    return Report("catalog_search", {"products": count, "searches": SEARCHES, "operations": applied}, figures)


def _applied(count: int) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        keys = Keys(Profile(bytes(32), "seller", "Bench", "USD"), vault.prepare().secrets)
        store: Store[Keys] = Store.open(Path(folder) / STORE_FILE, keys.store_key, keys)
        try:
            return Figure(timed(lambda: apply(store, count)).processor, "s")
        finally:
            store.close()


def _found(store: Store[Any]) -> dict[str, Figure]:
    mixed = searches(SEARCHES)
    scans = [timed(lambda text=wanted["q"]: store.read_now(_scan, text)).wall * 1000 for wanted in mixed[:20]]
    times = Times(store)
    figures = {"search": times.figure([(search_products, wanted) for wanted in mixed], **{"titles by LIKE": percentile(scans, 0.5)})}
    each = kinds(EACH)
    for name, some in each.items():
        figures[name] = times.figure([(search_products, wanted) for wanted in some])
    deep = [(search_products, _further(store, wanted)) for wanted in each["beginning"]]
    figures[f"page {DEEP + 1}"] = times.figure(deep)
    dice = random.Random(9)
    figures["compare"] = times.figure([(compare_code, {"code": gtin(dice.randrange(1_000))}) for _ in range(EACH)])
    figures["list"] = times.figure([(list_products, {"search": wanted["q"]}) for wanted in each["beginning"]])
    return figures


def _further(store: Store[Any], wanted: Search) -> Search:
    """The same, some pages on."""
    cursor = ""
    for _ in range(DEEP):
        page = store.read_now(search_products, **wanted, cursor=cursor)
        if not page.cursor:
            break
        cursor = page.cursor
    return {**wanted, "cursor": cursor}


def _scan(unit: Any, text: str) -> list[Any]:
    sql = "SELECT id FROM cat.products WHERE title LIKE ? ORDER BY title COLLATE NOCASE LIMIT 24"
    rows: list[Any] = unit.db.execute(sql, (f"%{text}%",)).fetchall()
    return rows


if __name__ == "__main__":
    raise SystemExit(main(__doc__, measure, sizes=("products",), keeps=True))
