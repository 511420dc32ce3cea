"""The catalog file: it follows our own logs, takes what others sign, and is made anew where it was lost, altered or damaged."""

import asyncio
import os
from dataclasses import dataclass, replace

import pytest

from node.model.catalog import Entry, FeedRow, Held, Span
from node.model.catalog_search import Asked, Order
from node.store import catalog_columns
from node.store.catalog_file import file_of, files_of
from node.store.catalog_tree import GROUP
from node.store.catalog_writer import FileWriter
from node.store.database import open_database
from node.store.migrate import migrate, shipped
from node.vault.keys import Ed25519Signer
from protocol.codec import from_bytes, to_bytes
from protocol.log import Checkpoint, Frontier, Tree, leaf_hash, sign_checkpoint, verify_consistency
from protocol.money import Money
from protocol.offer import Offer, Stock
from protocol.operations import EMPTY, Noun, Operation, put, remove
from protocol.product import Product, Variant, Withdrawal, product_id
from protocol.state_hash import StateHash

FEED, OTHER = bytes([1]) * 32, bytes([2]) * 32


def product(handle, title="Soap", skus=(), gtin=None):
    return Product(
        handle,
        title,
        vendor="Lumen",
        category="Bath > Soap",
        variants=tuple(Variant(sku, "", (), gtin) for sku in skus or (handle.upper(),)),
    )


def offer(sku, of, price=100, stock=Stock.IN_STOCK):
    return Offer(sku, put_id(of), Money(price, "USD"), stock)


def put_id(value):
    return product_id(to_bytes(value))


def goods(count, price=100):
    found = []
    for number in range(count):
        one = product(f"p{number:05d}")
        found += [put(one), put(offer(f"P{number:05d}", one, price + number))]
    return found


def entries(operations, first=1):
    return [Entry(first + at, *operation.slot, operation.record) for at, operation in enumerate(operations)]


@dataclass
class Publisher:
    """Our own feed, written as the service writes it."""

    store: object
    feed: bytes = FEED

    def publish(self, operations):
        def run(unit):
            row = unit.catalog.feed(self.feed) or FeedRow(self.feed, bytes(32), "main", "USD", own=True, frontier=Frontier())
            unit.catalog.keep_feed(row)
            raws = [to_bytes(operation) for operation in operations]
            tree, catalog = row.frontier, EMPTY
            for raw in raws:
                tree = tree.append(leaf_hash(raw))
            unit.catalog.append(self.feed, row.size + 1, raws)
            every = [operation for _, raw in unit.catalog.entries(self.feed, 0) for operation in [read(raw)]]
            state = catalog.apply(every).hash
            head = b"head" + tree.root
            unit.catalog.keep_feed(
                FeedRow(self.feed, bytes(32), "main", "USD", own=True, size=tree.size, state=state, frontier=tree, checkpoint=head)
            )

        self.store.write_now(run)


def read(raw):
    return from_bytes(Operation, raw)


def held(store, feed=FEED):
    return store.read_now(lambda unit: unit.catalog.held(feed))


def slots(store, feed=FEED, span=None):
    return store.read_now(lambda unit: list(unit.catalog.slots(feed, span or Span())))


def rows(store, sql, *values):
    return store.catalog.write_now(lambda writing: writing._db.execute(sql, values).fetchall())


def test_publishing_is_in_the_file_before_the_call_returns(store):
    Publisher(store).publish(goods(3))
    found = held(store)
    assert (found.size, found.products, found.offers) == (6, 3, 3)
    assert found.checkpoint == store.read_now(lambda unit: unit.catalog.feed(FEED)).checkpoint
    assert [entry.name for entry in slots(store)] == ["P00000", "P00001", "P00002", "p00000", "p00001", "p00002"]


def test_an_earlier_transaction_of_the_same_feed_is_seen_by_the_next(store):
    Publisher(store).publish(goods(1))
    Publisher(store).publish([put(product("p00000", "Salve")), remove(Noun.OFFER, "P00000")])
    assert [(entry.seq, entry.name) for entry in slots(store)] == [(3, "p00000")]
    changed = store.read_now(lambda unit: list(unit.catalog.since(FEED, 2)))
    assert [(entry.seq, entry.noun, entry.record is None) for entry in changed] == [(3, "product", False), (4, "offer", True)]
    everything = store.read_now(lambda unit: list(unit.catalog.since(FEED, 0)))
    assert [entry.seq for entry in everything] == [3]  # who has nothing needs no word of what is gone


def test_every_proof_of_the_stored_tree_is_the_trees(store):
    publisher, tree = Publisher(store), Tree()
    for at in range(0, 5 * GROUP + 7, 13):
        publisher.publish([put(product(f"h{at + number}")) for number in range(13)])
    raws = store.read_now(lambda unit: [raw for _, raw in unit.catalog.entries(FEED, 0)])
    for raw in raws:
        tree.append(leaf_hash(raw))
    for size in {1, GROUP - 1, GROUP, GROUP + 1, 4 * GROUP, 5 * GROUP - 1, len(raws)}:
        for old in range(size + 1):
            proof = store.read_now(lambda unit, old=old, size=size: unit.catalog.proof(FEED, old, size))
            assert proof == tree.consistency(old, size)
            if old:
                verify_consistency(old, tree.root(old), size, tree.root(size), proof)


def asking(store, run):
    """What `run` gave of a snapshot, and the statements that it took."""
    seen = []

    def watched(unit):
        unit.db.conn.set_trace_callback(seen.append)
        try:
            return run(unit)
        finally:
            unit.db.conn.set_trace_callback(None)

    return store.read_now(watched), seen


def test_a_proof_reads_a_few_rows_of_the_log(store):
    Publisher(store).publish([put(product(f"h{number}")) for number in range(40 * GROUP)])
    proof, seen = asking(store, lambda unit: unit.catalog.proof(FEED, 13 * GROUP + 5, 40 * GROUP))
    assert len(proof) > 5
    assert len(seen) < 60


def test_what_is_looked_up_together_is_not_asked_for_again(store):
    """However many handfuls came before: a handful's products are at hand also once its offers are."""
    Publisher(store).publish(goods(60))
    handles, skus = [f"p{number:05d}" for number in range(70)], [f"P{number:05d}" for number in range(70)]

    def run(unit, *, look=True):
        found = []
        for at in range(0, 70, 7):
            if look:
                unit.catalog.look_up(FEED, Noun.PRODUCT, handles[at : at + 7])
                unit.catalog.look_up(FEED, Noun.OFFER, skus[at : at + 7])
            slots = [(Noun.PRODUCT, name) for name in handles[at : at + 7]] + [(Noun.OFFER, name) for name in skus[at : at + 7]]
            found += [unit.catalog.record(FEED, slot) for slot in slots]
        return found

    (alone, each), (together, few) = asking(store, lambda unit: run(unit, look=False)), asking(store, run)
    assert together == alone
    assert together.count(None) == 20
    assert len(few) <= 4 * 10 < 140 <= len(each)


# --- lost, altered, damaged


def spoil(path, how):
    data = bytearray(path.read_bytes())
    if how == "deleted":
        path.unlink()
        return
    if how == "cut short":
        path.write_bytes(data[: len(data) // 2])
        return
    if how == "emptied":
        path.write_bytes(b"")
        return
    if how == "noise":
        path.write_bytes(os.urandom(len(data)))
        return
    places = [at for at in range(len(data)) if data.startswith(b"Salve", at)]
    assert len(places) >= 2  # in a record, in the column, in an index
    data[places[{"first": 0, "last": -1}[how]]] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("how", ["deleted", "cut short", "emptied", "noise", "first", "last"])
def test_what_happened_to_the_file_is_noticed_and_mended(make, path, how):
    store = make()
    Publisher(store).publish([*goods(60), put(product("salve", "Salve"))])
    before = slots(store), held(store)
    store.close()
    spoil(file_of(path), how)
    again = make()
    assert again.catalog.mended
    assert (slots(again), held(again)) == before


@pytest.mark.parametrize("table", ["renewing", "renewals"])
@pytest.mark.parametrize("filler", [b"\0", b"\x0d" + bytes(7)])
def test_what_is_read_before_the_file_is_checked_may_be_damaged_too(make, path, table, filler):
    """Zeros, and a page of a table without rows."""
    store = make()
    Publisher(store).publish(goods(60))
    before = slots(store), held(store)
    [[page]], [[size]] = rows(store, f"SELECT rootpage FROM sqlite_master WHERE name = '{table}'"), rows(store, "PRAGMA page_size")
    store.close()
    data = bytearray(file_of(path).read_bytes())
    data[(page - 1) * size : page * size] = filler.ljust(size, b"\0")
    file_of(path).write_bytes(data)
    again = make()
    assert (slots(again), held(again)) == before


def test_control_a_file_that_was_left_alone_is_not_made_anew(make, path):
    store = make()
    Publisher(store).publish(goods(60))
    inode = file_of(path).stat().st_ino
    store.close()
    again = make()
    assert not again.catalog.mended
    assert file_of(path).stat().st_ino == inode


def test_a_file_left_by_a_killed_node_is_checked_and_kept(make, path, tmp_path):
    store = make()
    Publisher(store).publish(goods(60))
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in (path, *files_of(path), path.with_name(path.name + "-wal")):
        if file.exists():
            (copy / file.name).write_bytes(file.read_bytes())
    again = make(where=copy / path.name)
    assert not again.catalog.mended
    assert slots(again) == slots(store)


def test_a_file_of_a_newer_program_is_made_anew(make, path):
    store = make()
    Publisher(store).publish(goods(2))
    rows(store, "INSERT INTO migrations (number, applied) VALUES (9999, 0)")
    store.close()
    again = make()
    assert again.catalog.mended
    assert held(again).products == 2


def test_a_log_that_was_put_back_is_projected_again(make, path, tmp_path):
    store = make()
    Publisher(store).publish(goods(2))
    store.close()
    saved = path.read_bytes()
    store = make()
    Publisher(store).publish(goods(5, price=900))
    store.close()
    path.write_bytes(saved)
    again = make()
    assert held(again).size == 4
    assert slots(again)[0].seq == 2


def test_a_head_that_is_signed_anew_is_no_other_log(make, path, monkeypatch):
    device = Ed25519Signer(bytes(32))

    def sign(unit, time):
        row = unit.catalog.feed(FEED)
        head = sign_checkpoint(device, Checkpoint(FEED, row.size, row.frontier.root, row.state.digest, time))
        unit.catalog.keep_feed(replace(row, checkpoint=head.raw))
        return head.raw

    store = make()
    Publisher(store).publish(goods(3))
    store.write_now(sign, 1)
    before, forgotten = [entry.seq for entry in slots(store)], []
    monkeypatch.setattr(FileWriter, "forget_some", lambda *given: forgotten.append(given) or True)
    later = store.write_now(sign, 2)
    assert held(store).checkpoint == later, "peers would be shown the head of before"
    store.close()
    again = make()
    assert ([entry.seq for entry in slots(again)], held(again).checkpoint, forgotten) == (before, later, [])


def test_how_far_opening_is_with_checking_the_file_is_told(make, path, monkeypatch):
    monkeypatch.setattr("node.store.catalog_file.TOLD_ROWS", 30)
    store = make()
    Publisher(store).publish(goods(50))
    store.close()
    os.utime(file_of(path), ns=(1, 1))
    told = []
    make(told=lambda *given: told.append(given)).close()
    assert told == [(0, 0), (30, 100), (60, 100), (90, 100), (100, 100)]


# --- feeds of others


def test_operations_lead_to_the_state_of_the_catalog(store):
    first, second = (
        goods(30),
        [put(product("p00003", "Salve")), remove(Noun.OFFER, "P00004"), remove(Noun.PRODUCT, "p00009"), *goods(2, price=7)],
    )
    catalog = EMPTY.apply(first)
    assert store.catalog.write_now(lambda writing: writing.apply(OTHER, entries(first))) == catalog.hash
    catalog = catalog.apply(second)
    assert store.catalog.write_now(lambda writing: writing.apply(OTHER, entries(second, 61))) == catalog.hash
    assert {(entry.noun, entry.name): entry.record for entry in slots(store, OTHER)} == dict(catalog.records)
    assert store.catalog.write_now(lambda writing: writing.apply(OTHER, entries(second, 61))) == catalog.hash  # twice is once


def test_what_is_refused_leaves_nothing(store):
    def run(writing):
        writing.apply(OTHER, entries(goods(3)))
        raise ValueError

    with pytest.raises(ValueError):
        store.catalog.write_now(run)
    assert held(store, OTHER) == Held(OTHER)
    assert rows(store, "SELECT count(*) FROM words") == [(0,)]


def packs(operations, size=40):
    """Stretches of slots, in order, that leave no gap."""
    catalog = EMPTY.apply(operations)
    seqs = {operation.slot: at for at, operation in enumerate(operations, start=1)}
    found = [
        Entry(seqs[slot], *slot, record)
        for slot, record in sorted(catalog.records.items(), key=lambda item: (item[0][0].value, item[0][1]))
    ]
    cuts = [found[at : at + size] for at in range(0, len(found), size)]
    low = None
    for number, cut in enumerate(cuts):
        high = None if cut is cuts[-1] else (cut[-1].noun, cut[-1].name)
        yield number.to_bytes(32, "big"), Span(low, high), cut
        low = high
    return catalog


def load(store, operations, *, most=10**9, manifest=b"m", size=40):
    store.catalog.write_now(lambda writing: writing.begin(OTHER, manifest))
    came = store.read_now(lambda unit: unit.catalog.loaded(OTHER))
    count = 0
    for pack, span, cut in packs(operations, size):
        if pack not in came and count < most:
            store.catalog.write_now(lambda writing, given=(pack, span, cut): writing.load(OTHER, *given))
            count += 1
    if most == 10**9:
        state = EMPTY.apply(operations).hash
        store.catalog.write_now(lambda writing: writing.seal(OTHER, len(operations), state, b"head"))
    return count


def test_packs_come_to_the_same_as_operations(store):
    operations = goods(150)
    load(store, operations)
    store.catalog.write_now(lambda writing: writing.apply(FEED, entries(operations)))
    assert slots(store, OTHER) == slots(store, FEED)
    assert (held(store, OTHER).products, held(store, OTHER).offers) == (150, 150)
    assert rows(store, "SELECT count(*), sum(low), sum(offers) FROM listings WHERE feed = 1") == rows(
        store, "SELECT count(*), sum(low), sum(offers) FROM listings WHERE feed = 2"
    )


def test_packs_over_another_state_leave_exactly_what_they_hold(store):
    load(store, goods(150))
    changed = [
        *goods(150),
        remove(Noun.OFFER, "P00017"),
        remove(Noun.PRODUCT, "p00018"),
        put(product("p00019", "Salve")),
        put(product("new")),
    ]
    load(store, changed, manifest=b"other", size=33)
    catalog = EMPTY.apply(changed)
    assert {(entry.noun, entry.name): entry.record for entry in slots(store, OTHER)} == dict(catalog.records)
    assert (held(store, OTHER).products, held(store, OTHER).offers) == (150, 149)
    assert rows(store, "SELECT count(*) FROM words") == rows(store, "SELECT count(*) FROM listings")


def test_a_load_that_was_broken_off_goes_on(make, path):
    store = make()
    store.write_now(lambda unit: unit.catalog.keep_feed(FeedRow(OTHER, bytes(32), "main", "USD", own=False)))
    assert load(store, goods(150), most=3) == 3
    store.close()
    again = make()
    assert load(again, goods(150)) == 5
    assert held(again, OTHER).products == 150


def test_numbers_are_those_of_what_is_there(store):
    Publisher(store).publish(goods(4))
    Publisher(store).publish([put(offer("P00001", product("p00001"), 5))])
    found = store.read_now(lambda unit: list(unit.catalog.numbers(FEED, 1, 100)))
    assert found == [1, 2, 3, 5, 6, 7, 8, 9]
    assert store.read_now(lambda unit: list(unit.catalog.numbers(FEED, 3, 7))) == [3, 5, 6]


def test_a_feed_that_nobody_follows_goes(make):
    store = make()
    load(store, goods(3))
    store.close()
    again = make()
    assert held(again, OTHER) == Held(OTHER)
    swept(again)
    assert rows(again, "SELECT count(*) FROM words") == [(0,)]
    assert rows(again, "SELECT count(*) FROM heads") == [(0,)]


def swept(store):
    """How many steps it took to take away what was let go."""
    steps = 0
    while asyncio.run(store.catalog.sweep()):
        steps += 1
    return steps


def test_a_large_feed_goes_some_rows_at_a_time_and_counts_as_gone_at_once(make, monkeypatch):
    """Killed in between, the next start goes on; a feed that is fetched again meanwhile begins from nothing."""
    monkeypatch.setattr(FileWriter.forget_some, "__defaults__", (20,))
    store = make()
    load(store, goods(150))
    store.catalog.write_now(lambda writing: writing.let_go(OTHER))
    assert held(store, OTHER) == Held(OTHER)
    for _ in range(3):
        asyncio.run(store.catalog.sweep())
    assert rows(store, "SELECT products + offers FROM heads") == [(240,)]
    store.close()
    again = make()
    assert held(again, OTHER) == Held(OTHER)
    assert swept(again) == 14  # 7.5 of products and of offers, three of them done, and the last
    assert rows(again, "SELECT (SELECT count(*) FROM listings) + (SELECT count(*) FROM words) + (SELECT count(*) FROM heads)") == [(0,)]
    load(again, goods(150))
    again.catalog.write_now(lambda writing: writing.let_go(OTHER))
    state = again.catalog.write_now(lambda writing: writing.apply(OTHER, entries(goods(3))))
    assert (held(again, OTHER).products, held(again, OTHER).state) == (3, state)
    assert swept(again) == 0


def test_what_packs_brought_counts_as_reckoned_only_when_that_was_looked_at(store):
    load(store, goods(9))
    sealed = held(store, OTHER).sealed
    assert sealed == held(store, OTHER).state.digest
    store.catalog.write_now(lambda writing: writing.prove(OTHER, b"other"))
    assert held(store, OTHER).sealed == sealed
    store.catalog.write_now(lambda writing: writing.prove(OTHER, sealed))
    assert held(store, OTHER).sealed is None


def test_a_state_is_two_kilobytes_of_a_head_that_is_not_there(store):
    assert held(store, OTHER).state == StateHash()


# --- a store from before the file


def before_the_file(path, key):
    """A store at the schema before, with a feed of ours and one that is followed, as the program then wrote them."""
    database = open_database(path, key)
    migrate(database, 0, {number: sql for number, sql in shipped().items() if number != 24})
    ours, theirs = goods(5), goods(7, price=300)
    for feed, own, operations in ((FEED, 1, ours), (OTHER, 0, theirs)):
        catalog = EMPTY.apply(operations)
        tree = Frontier()
        for operation in operations:
            tree = tree.append(leaf_hash(to_bytes(operation)))
        values = (feed, bytes(32), "USD", own, tree.size, b"head", catalog.hash.to_bytes(), to_bytes(tree))
        database.execute(
            "INSERT INTO feeds (feed, identity, name, currency, own, size, checkpoint, state, frontier) VALUES (?, ?, 'main', ?, ?, ?, ?, ?, ?)",
            values,
        )
        for (noun, name), record in catalog.records.items():
            if noun is Noun.PRODUCT:
                database.execute("INSERT INTO products VALUES (?, ?, ?, 'x', ?)", (feed, name, bytes(32), record))
            else:
                database.execute("INSERT INTO offers VALUES (?, ?, ?, ?)", (feed, name, bytes(32), record))
    for seq, operation in enumerate(ours, start=1):
        database.execute("INSERT INTO catalog_log VALUES (?, ?, ?)", (FEED, seq, to_bytes(operation)))
    database.close()
    return EMPTY.apply(ours), EMPTY.apply(theirs)


def test_a_store_from_before_loses_no_record(make, path, key):
    ours, theirs = before_the_file(path, key)
    store = make()
    for feed, catalog, size in ((FEED, ours, 10), (OTHER, theirs, 14)):
        assert {(entry.noun, entry.name): entry.record for entry in slots(store, feed)} == dict(catalog.records)
        assert (held(store, feed).size, held(store, feed).state, held(store, feed).checkpoint) == (size, catalog.hash, b"head")


def test_killed_while_it_was_carried_over_it_is_carried_over_again(make, path, key, monkeypatch):
    _, theirs = before_the_file(path, key)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("node.store.store.migrate", killed)
        with pytest.raises(KeyboardInterrupt):
            make()
    store = make()
    assert {(entry.noun, entry.name): entry.record for entry in slots(store, OTHER)} == dict(theirs.records)


def test_records_that_do_not_lead_to_their_state_are_fetched_again(make, path, key):
    before_the_file(path, key)
    database = open_database(path, key)
    database.execute("DELETE FROM offers WHERE sku = 'P00003' AND feed = ?", (OTHER,))
    database.close()
    store = make()
    assert held(store, OTHER) == Held(OTHER)
    assert store.read_now(lambda unit: unit.catalog.feed(OTHER)).size == 14  # the head stays: nobody goes back behind it


def test_a_file_from_before_recalls_counted_is_brought_up_to_date_at_opening(make):
    """Its words say that a product is in stock which its record calls back."""
    store = make()
    gone = replace(product("pear"), withdrawal=Withdrawal("it breaks", 1))
    store.write_now(lambda unit: unit.catalog.keep_feed(FeedRow(FEED, bytes(32), "main", "USD", own=False)))
    state = store.catalog.write_now(lambda writing: writing.apply(FEED, entries([put(gone), put(offer("PEAR", gone)), *goods(1)])))

    def in_stock(store):
        found = store.read_now(lambda unit: unit.catalog_search.find(Asked(available=True), Order.BEST, None, 9))
        return sorted(from_bytes(Product, listing.goods).handle for listing in found.listings)

    def as_before(writing):
        made = replace(catalog_columns.goods(to_bytes(gone)), recalled=False)
        sql = "SELECT l.id, l.feed, l.low FROM listings AS l JOIN products AS p ON p.id = l.goods WHERE handle = 'pear'"
        [(listing, feed, low)] = writing._db.execute(sql)
        words = catalog_columns.listing_words(made, feed, low, 0, is_offered=True, sold_out=False)
        writing._db.execute("INSERT OR REPLACE INTO words (rowid, text) VALUES (?, ?)", (listing, words))

    def older(writing):
        writing._db.execute("DROP TABLE renewals")
        writing._db.execute("DROP TABLE renewing")
        writing._db.execute("DELETE FROM migrations WHERE number IN (2, 7)")

    assert in_stock(store) == ["p00000"]
    store.catalog.write_now(as_before)
    assert in_stock(store) == ["p00000", "pear"]
    store.catalog.write_now(older)
    store.close()
    again = make()
    assert in_stock(again) == ["p00000"]
    assert (held(again, FEED).products, held(again, FEED).state) == (2, state)
    assert rows(again, "SELECT count(*) FROM renewals") == [(0,)]
    assert rows(again, "SELECT waiting, marked FROM renewing") == [(0, 1)]
