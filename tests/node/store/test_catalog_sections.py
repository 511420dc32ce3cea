"""Sections in the catalog file: kept along with every change they are what all records say, and a subscriber who is told what left and
what came has them.
"""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.model.catalog import Entry
from node.services import catalog_reckoning
from node.services.catalog_reckoning import Reckoning
from node.store.catalog_file import sound
from node.store.catalog_sections import FileSections
from node.store.catalog_writer import Ended, FileWriter, Logged
from node.store.database import open_plain
from node.store.migrate import migrate, shipped
from protocol.codec import to_bytes
from protocol.errors import ProtocolError
from protocol.log import Frontier, leaf_hash
from protocol.money import Money
from protocol.offer import Offer, Stock
from protocol.operations import Noun, Operation, Verb, element, put, remove, written
from protocol.product import Product, Variant, product_id
from protocol.return_policy import ReturnCost, ReturnPolicy
from protocol.sections import Division, Part, names_of
from protocol.state_hash import StateHash

FEED, BRAND = bytes([1]) * 32, Division.BRAND
BRANDS = ("", "Alba", "Boreal", "Cedar")


def product(handle, brand, title=0):
    return Product(handle, f"Soap {title}", vendor=brand, category=f"Bath > {brand}", variants=(Variant(handle.upper(), ""),))


def offer(of, price=100):
    return Offer(of.variants[0].sku, product_id(to_bytes(of)), Money(price, "USD"), Stock.IN_STOCK)


def policy(name, days=14):
    return ReturnPolicy(name, days, ReturnCost.CUSTOMER, 0, "")


def expected(records, division):
    """{section: (count, state)} of a state, found anew."""
    at = {product_id(record): names_of(record, (division,))[0] for slot, record in records.items() if slot[0] is Noun.PRODUCT}
    found = {}
    for slot, record in records.items():
        name = names_of(record, (division,))[0] if slot[0] is Noun.PRODUCT else ""
        if slot[0] is Noun.OFFER:
            name = at.get(read(slot, record).product, "")
        count, state = found.get(name, (0, StateHash()))
        found[name] = (count + 1, state.add(element(slot, record)))
    return found


def read(slot, record):
    return Operation(Verb(f"put-{slot[0]}"), slot[1], record).read()


class File:
    """A catalog file of a writer, and what it must hold."""

    def __init__(self, path) -> None:
        self.db = open_plain(path)
        migrate(self.db, 0, shipped("catalog_migrations"))
        self.records, self.size, self.tree = {}, 0, Frontier()

    def publish(self, *batches):
        """Batches of a call, reckoned as the service does: the file hears of each by itself, and what all brought to sections where that
        is known.
        """
        reckoning, logged = Reckoning(self.state), []
        for batch in batches:
            entries = []
            for operation in batch:
                self.size += 1
                raw, came = written(operation)
                entries.append((self.size, raw))
                self.tree = self.tree.append(leaf_hash(raw))
                reckoning.add(operation, came, self.records.get(operation.slot))
                if operation.record is None:
                    self.records.pop(operation.slot, None)
                else:
                    self.records[operation.slot] = operation.record
            logged.append(Logged.of(entries))
        state, sections = reckoning.end()
        assert state == self.state
        for some in logged:
            self.write(FileWriter.project, FEED, some, sections is not None)
        self.write(FileWriter.conclude, FEED, Ended(self.tree.root, state, b"head"), sections)
        return sections

    @property
    def state(self):
        return StateHash().change(added=(element(slot, record) for slot, record in self.records.items()))

    def write(self, run, *args):
        self.db.execute("BEGIN IMMEDIATE")
        result = run(FileWriter(self.db, 0), *args)
        self.db.execute("COMMIT")
        return result

    @property
    def key(self):
        return FileWriter(self.db, 0).key(FEED)

    @property
    def sections(self):
        return FileSections(self.db)

    def held(self, division):
        return {name: found for name, found in self.sections.states(self.key, division).items() if found[0]}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A new file for each example."""
    folder, made = tmp_path_factory.mktemp("files"), []

    def make():
        made.append(File(folder / f"{len(made)}.db"))
        return made[-1]

    return make


_numbers = st.integers(0, 4)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("product"), _numbers, st.sampled_from(BRANDS), st.integers(0, 1)),
        st.tuples(st.just("offer"), _numbers, st.sampled_from(BRANDS), st.integers(0, 1)),
        st.tuples(st.just("both"), _numbers, st.sampled_from(BRANDS), st.integers(0, 1)),
        st.tuples(st.just("gone"), _numbers, st.sampled_from(("product", "offer")), st.just(0)),
        st.tuples(st.just("policy"), _numbers, st.just(""), st.integers(0, 1)),
    ),
    min_size=1,
    max_size=8,
)


def operations(steps):
    found = []
    for kind, number, name, title in steps:
        one = product(f"p{number}", name, title)
        match kind:
            case "product":
                found.append(put(one))
            case "offer":
                found.append(put(offer(one)))
            case "both":
                found += [put(one), put(offer(one))]
            case "policy":
                found.append(put(policy(f"r{number}", 14 + title)))
            case _:
                found.append(remove(Noun(name), f"p{number}" if name == "product" else f"P{number}"))
    return found


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(_steps, min_size=1, max_size=2), min_size=1, max_size=4), st.data())
def test_what_sections_hold_and_tell_is_what_all_records_say(files, published, data):
    """Whoever follows a part from any head on has it afterwards, but for offers that moved without an entry, which only numbers show."""
    file = files()
    part = Part(BRAND, ("", *data.draw(st.lists(st.sampled_from(BRANDS[1:]), unique=True, min_size=1).map(sorted))))
    followed, since = {}, 0
    for batches in published:
        file.publish(*(operations(steps) for steps in batches))
        for division in Division:
            assert file.held(division) == expected(file.records, division)
        if data.draw(st.booleans()):
            rows = list(file.sections.since(file.key, since, part))
            assert [row.seq for row in rows] == sorted({row.seq for row in rows})
            assert all(since < row.seq <= file.size for row in rows)
            for row in rows:
                followed.pop((row.noun, row.name), None)
                if row.record is not None:
                    followed[row.noun, row.name] = row.record
            wanted = within(file.records, part)
            moved = {slot for slot in {*followed, *wanted} if followed.get(slot) != wanted.get(slot)}
            assert all(slot[0] is Noun.OFFER and slot not in {(row.noun, row.name) for row in rows} for slot in moved)
            assert sorted(file.sections.numbers(file.key, part)) == file.sections.numbers(file.key, part)
            assert len(file.sections.numbers(file.key, part)) == len(wanted)
            followed, since = wanted, file.size
    assert sound(file.db)
    if file.records:
        again = files()
        again.publish([put(read(slot, record)) for slot, record in file.records.items()])
        for division in Division:
            assert set(again.sections.leaves(again.key, division)) == set(file.sections.leaves(file.key, division))


def within(records, part):
    at = {product_id(record): names_of(record, (BRAND,))[0] for slot, record in records.items() if slot[0] is Noun.PRODUCT}
    found = {}
    for slot, record in records.items():
        name = names_of(record, (BRAND,))[0] if slot[0] is Noun.PRODUCT else ""
        if slot[0] is Noun.OFFER:
            name = at.get(read(slot, record).product, "")
        if name in part.names:
            found[slot] = record
    return found


def goods(count=12):
    made = [product(f"p{number:02}", BRANDS[number % 4]) for number in range(count)]
    return [operation for one in made for operation in (put(one), put(offer(one)))]


def test_what_only_adds_is_reckoned_once(files):
    file, made = files(), goods(40)
    assert file.publish(made[:30], made[30:60]) is not None
    first = {division: file.held(division) for division in Division}
    assert file.publish(made[60:], [put(policy("r"))]) is not None
    for division in Division:
        assert first[division] != file.held(division) == expected(file.records, division)
    assert sound(file.db)


@pytest.mark.parametrize(
    "made",
    [
        lambda one: [put(replace(one, title="Another"))],  # replaced
        lambda one: [remove(Noun.OFFER, one.variants[0].sku)],
        lambda one: [put(offer(one, 90))],
        lambda one: [put(product("new", "Alba")), put(offer(replace(one, title="Nowhere")))],
        lambda one: [put(offer(product("new", "Alba"))), put(product("new", "Alba"))],  # the offer stood apart from its product
        lambda one: [put(product("new", "Alba")), put(product("new", "Boreal"))],
        lambda one: [put(product("new", "Alba")), remove(Noun.PRODUCT, "new")],
    ],
)
def test_what_does_more_than_add_is_found_by_the_file(files, made):
    file = files()
    file.publish(goods())
    assert file.publish(made(product("p00", BRANDS[0]))) is None
    for division in Division:
        assert file.held(division) == expected(file.records, division)
    assert sound(file.db)


@pytest.mark.parametrize(("limit", "value"), [("_AT_ONCE", 3), ("_MOST_BYTES", 200)])
def test_no_more_waits_to_be_hashed_than_a_little(files, limit, value, monkeypatch):
    monkeypatch.setattr(catalog_reckoning, limit, value)
    folded, fold = [], Reckoning._fold
    monkeypatch.setattr(Reckoning, "_fold", lambda reckoning: (folded.append(reckoning), fold(reckoning)))
    file = files()
    assert file.publish(goods()) is not None
    assert len(folded) > 4
    assert file.held(BRAND) == expected(file.records, BRAND)
    assert sound(file.db)


@pytest.mark.parametrize("limit", ["_MOST_KINDS", "_MOST_GOODS"])
def test_of_too_many_kinds_or_products_nothing_is_handed_on(files, limit, monkeypatch):
    monkeypatch.setattr(catalog_reckoning, limit, 2)
    monkeypatch.setattr(catalog_reckoning, "_AT_ONCE", 3)
    file = files()
    assert file.publish(goods()) is None
    assert file.held(BRAND) == expected(file.records, BRAND)
    assert sound(file.db)


def test_sections_that_were_handed_wrongly_are_seen(files):
    """A control: the check of the file hangs on what was handed on."""
    file, made = files(), goods()
    reckoning = Reckoning(StateHash())
    for operation in made[2:]:
        reckoning.add(operation, written(operation)[1], None)
    raws = [to_bytes(operation) for operation in made]
    file.write(FileWriter.project, FEED, Logged.of(list(enumerate(raws, 1))), True)
    state = StateHash().change(added=(element(operation.slot, operation.record) for operation in made))
    root = Frontier().append(*map(leaf_hash, raws)).root
    file.write(FileWriter.conclude, FEED, Ended(root, state, b"head"), reckoning.end()[1])
    assert not sound(file.db)


def test_a_file_of_before_sections_is_divided_from_its_records(files):
    file = files()
    file.publish(goods())
    before = {division: file.held(division) for division in Division}
    file.db.execute("UPDATE heads SET divided = ''")
    file.db.execute("DELETE FROM sections")
    file.db.execute("UPDATE products SET brand = NULL, category = NULL")
    file.write(FileWriter.divide, FEED)
    assert {division: file.held(division) for division in Division} == before
    assert before[BRAND]["Alba"][0] == 6


def entries(made):
    return [Entry(at, *operation.slot, operation.record) for at, operation in enumerate(made, start=1)]


def followed(files):
    """A feed of another's, here as a whole."""
    file = files()
    file.write(FileWriter.apply, FEED, entries([*goods(), put(policy("r"))]))
    file.write(FileWriter.advance, FEED, 25, b"head")
    return file


def test_a_whole_feed_is_narrowed_to_a_part_and_that_to_a_smaller_one(files):
    file = followed(files)
    for names in (("", "Alba", "Boreal"), ("", "Boreal"), ("",)):
        file.write(FileWriter.narrow, FEED, Part(BRAND, names))
        held = FileWriter(file.db, 0).held(FEED)
        assert held.part == Part(BRAND, names)
        assert (held.products, held.offers) == (3 * len(names), 3 * len(names))
        counts = {name: count for name, (count, _) in FileWriter(file.db, 0).sections(FEED).items()}
        assert counts == {name: 6 + (not name) for name in names}
        assert sound(file.db)
    file.write(FileWriter.widen, FEED, Part(BRAND, ("", "Cedar")))
    file.write(FileWriter.apply, FEED, [entry for entry in entries(goods()) if entry.name in ("p03", "P03")])
    assert FileWriter(file.db, 0).sections(FEED)["Cedar"][0] == 2
    assert sound(file.db)


def test_a_product_of_another_section_has_no_place_in_a_part(files):
    file = followed(files)
    file.write(FileWriter.narrow, FEED, Part(BRAND, ("", "Alba")))
    with pytest.raises(ProtocolError) as caught:
        file.write(FileWriter.apply, FEED, [entry for entry in entries(goods()) if entry.name == "p02"])
    assert caught.value.code == "outside-part"
    file.db.rollback()
    moved = put(product("p01", "Boreal"))
    with pytest.raises(ProtocolError):
        file.write(FileWriter.apply, FEED, [Entry(30, *moved.slot, moved.record)])
    file.db.rollback()
    renamed = put(replace(product("p01", "Alba"), title="New"))
    file.write(FileWriter.apply, FEED, [Entry(30, *renamed.slot, renamed.record)])  # the control
    assert {name: count for name, (count, _) in FileWriter(file.db, 0).sections(FEED).items()} == {"": 8, "Alba": 5}


def test_a_feed_followed_as_a_whole_again_is_not_all_here(files):
    file = followed(files)
    file.write(FileWriter.narrow, FEED, Part(BRAND, ("", "Alba")))
    file.write(FileWriter.whole, FEED)
    held = FileWriter(file.db, 0).held(FEED)
    assert (held.part, held.divided, held.size, held.products) == (None, False, 0, 6)


def test_sections_that_were_altered_are_noticed_when_the_file_is_checked(files):
    """Control: before they are altered they are sound."""
    file = files()
    file.publish(goods())
    assert sound(file.db)
    file.db.execute("UPDATE sections SET count = count + 1 WHERE name = 'Alba'")
    assert not sound(file.db)
