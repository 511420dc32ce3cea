"""Bits that flip, sectors of zeros and an early end in the catalog file or its log: whatever is shown afterwards is what was signed, our own
feeds are whole again from their logs, a followed one is whole or known to be behind, and nothing in the store is lost."""

import random
import shutil

from node.errors import NodeError
from node.model.catalog import Entry, FeedRow, Span
from node.store import catalog_file
from node.store.catalog_file import file_of
from node.store.store import Store
from protocol.operations import EMPTY
from tests.battery.kill import KEY
from tests.battery.vault_bits import damaged
from tests.node.store.test_catalog_file import FEED, OTHER, Publisher, goods

FULL, SHORT = 1_000, 40
CONTROL = 400
STORE = "node.db"
_COUNTS = "SELECT (SELECT count(*) FROM feeds), (SELECT count(*) FROM catalog_log), (SELECT count(*) FROM settings)"


def prepare(folder):
    """A closed store with a feed of its own and one that it follows, beside it one as a kill leaves it; and what is in both."""
    (folder / "killed").mkdir(parents=True)
    store = Store.open(folder / STORE, KEY, "me")
    Publisher(store).publish(goods(60))
    operations = goods(80, price=300)
    entries = [Entry(number, *operation.slot, operation.record) for number, operation in enumerate(operations, start=1)]
    state = EMPTY.apply(operations).hash
    row = FeedRow(OTHER, bytes(32), "main", "USD", own=False, size=len(operations), state=state, checkpoint=b"head")
    store.write_now(lambda unit: unit.catalog.keep_feed(row))
    store.catalog.write_now(lambda writing: (writing.apply(OTHER, entries), writing.advance(OTHER, row.size, b"head")))
    for file in folder.iterdir():
        if file.is_file():
            shutil.copyfile(file, folder / "killed" / file.name)
    whole = content(store)
    store.close()
    return whole


def content(store):
    """What the two feeds hold, whether the followed one counts as whole, what is listed, and what the store has."""
    listed = "SELECT (SELECT count(*) FROM listings), (SELECT count(*) FROM words), (SELECT count(*) FROM offers)"

    def read(unit):
        ours, theirs = (tuple(sorted(unit.catalog.slots(feed, Span()))) for feed in (FEED, OTHER))
        whole = unit.catalog.held(OTHER).size == unit.catalog.feed(OTHER).size
        return ours, theirs, whole, unit.db.execute(_COUNTS).fetchone()

    return (*store.read_now(read), store.catalog.look_now(lambda feeds: feeds._db.execute(listed).fetchone()))


def judge(folder, wanted):
    """What is wrong with a store whose catalog file was damaged, in a line; empty when nothing is."""
    try:
        store = Store.open(folder / STORE, KEY, "me")
        try:
            ours, theirs, whole, kept, listed = content(store)
        finally:
            store.close()
    except NodeError as error:
        return f"{error.code}: {error}"
    except Exception as error:
        return f"no named error: {error!r}"
    if kept != wanted[3]:
        return f"the store has {kept} of {wanted[3]}"
    if ours != wanted[0]:
        return "our own feed is not what its log says"
    if whole and (theirs, listed) != (wanted[1], wanted[4]):
        return "a followed feed counts as whole and is not what was signed"
    return ""


def _tried(size, folder, seed, *, stop=False):
    wanted, dice, failures = prepare(folder / "whole"), random.Random(seed), []
    work = folder / "work"
    for number in range(size):
        shutil.rmtree(work, ignore_errors=True)
        killed = number % 3 == 2
        shutil.copytree(folder / "whole" / ("killed" if killed else ""), work, ignore=shutil.ignore_patterns("killed"))
        file = file_of(work / STORE)
        if killed:
            file = file.with_name(file.name + "-wal")
        data, what = damaged(file.read_bytes(), dice)
        file.write_bytes(data)
        if wrong := judge(work, wanted):
            failures.append(f"{file.name}, {what}: {wrong}")
            if stop:
                break
    return failures


def run(size, folder):
    return _tried(size, folder, 1)


def control(folder):
    """A file that is taken as it is."""
    genuine, catalog_file.sound = catalog_file.sound, lambda *_given, **_named: True
    try:
        return bool(_tried(CONTROL, folder, 2, stop=True))
    finally:
        catalog_file.sound = genuine
