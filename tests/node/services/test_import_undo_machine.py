"""Random files, edits and undos: an import that is undone leaves every table as it was, but for those that something happened to since."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.errors import ConflictError
from node.model.person import Address, Consent, Contact, Labelled, Names, Phone
from node.services import customer_imports, customer_preview
from node.store.customers import Customers
from tests.node.services.importing import dump, stage_people
from tests.node.services.world import World

OWN = ("customer_imports", "staged_imports", "operations")
SHADOW = tuple(f"customer_{name}_{part}" for name in ("words", "parts") for part in ("data", "idx", "docsize", "config", "content"))
"""The full-text indexes' own pages: the same words may lie in other pages. What they hold is compared by the terms and the vocabulary."""

NAMES = st.sampled_from(["Mia", "Jo", "Zoë", "Mía", "Bo"])
MAILS = st.sampled_from(["a@example.com", "A@example.com", "b@example.com", "shop@example.com"])
NUMBERS = st.sampled_from(["+34600000111", "+34600000222"])


@st.composite
def person(draw):
    return Contact(
        1,
        Names(draw(NAMES)),
        tuple(Phone("", raw, raw) for raw in draw(st.lists(NUMBERS, max_size=2, unique=True))),
        tuple(Labelled("", value) for value in draw(st.lists(MAILS, max_size=2, unique=True))),
        tuple(Address("", (draw(st.sampled_from(["Calle 1", "Calle 2"])),), "Valencia") for _ in range(draw(st.integers(0, 1)))),
        notes=draw(st.sampled_from(["", "tea", "roses"])),
        photo=draw(st.sampled_from([None, None, b"\xff\xd8", b"\x89PNG"])),
        tags=tuple(draw(st.lists(st.sampled_from(["vip", "new"]), max_size=2, unique=True))),
        consents=tuple(Consent("mail", given=said, day="") for said in draw(st.lists(st.booleans(), max_size=1))),
    )


FILES = st.lists(person(), min_size=1, max_size=6)
RULES = st.fixed_dictionaries(
    {
        "match_by": st.lists(st.sampled_from(["who", "email", "phone"]), min_size=1, unique=True),
        "found": st.sampled_from(["update", "skip", "new"]),
        "twins": st.sampled_from(["new", "merge", "skip"]),
    }
)


def _state(node):
    found = dump(node, but=(*OWN, *SHADOW))
    found["words"] = node.read(lambda unit: sorted(map(tuple, unit.db.execute("SELECT * FROM customer_vocabulary"))))
    return found


def _take(node, people, rules):
    staged = stage_people(node, *(replace(someone, row=row) for row, someone in enumerate(people, 1)))
    node.write(customer_preview.set_rules, staged=staged, **rules)
    node.clock.tick(1000)
    return bytes.fromhex(node.write(customer_imports.apply_import, staged=staged).id), staged


def _forget(node, staged):
    while not node.write(lambda unit: (found := unit.staged_imports.get(staged)) is None or unit.staged_imports.drop(found.seq, rows=100)):
        pass


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(FILES, RULES), min_size=1, max_size=3), st.data())
def test_undone_in_turn_each_import_leaves_what_was_before_it(files, data):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        node = world.node("ana")
        states, ids = [_state(node)], []
        for people, rules in files:
            id_, staged = _take(node, people, rules)
            _forget(node, staged)
            ids.append(id_)
            states.append(_state(node))
        _edit(node, ids[-1], states, data)
        for id_ in reversed(ids):
            states.pop()
            node.clock.tick(1)
            node.write(customer_imports.undo_import, import_id=id_)
            assert _state(node) == states[-1]
        world.close()


def _edit(node, last, states, data):
    """Perhaps a customer of the last import is changed by hand: undoing is refused until that is taken back."""
    rows = node.read(lambda unit: unit.db.execute("SELECT customer FROM customer_changes WHERE import = ?", (last,)).fetchall())
    if not rows or not data.draw(st.booleans()):
        return
    customer = data.draw(st.sampled_from(sorted(row[0] for row in rows)))
    before = node.read(lambda unit: unit.customers.get(customer))
    node.clock.tick(1)
    node.write(
        lambda unit: unit.customers.keep(replace(before, person=replace(before.person, notes="by hand"), updated=unit.now, source=None))
    )
    plan = node.read(customer_imports.plan_undo, import_id=last)
    assert [item.id for item in plan.touched] == [customer.hex()]
    changed = _state(node)
    with pytest.raises(ConflictError) as caught:
        node.write(customer_imports.undo_import, import_id=last)
    assert caught.value.code == "changed-since"
    assert _state(node) == changed
    node.write(lambda unit: unit.customers.keep(before))
    pictured = node.read(lambda unit: unit.customers.photo(customer))
    assert pictured == before.person.photo
    assert _state(node) == states[-1]


def test_control_a_column_that_is_not_put_back_is_seen(tmp_path, monkeypatch):
    world = World(tmp_path)
    node = world.node("ana")
    someone = Contact(1, Names("Mia"), emails=(Labelled("", "a@example.com"),))
    _forget(node, _take(node, [someone], {})[1])
    before = _state(node)
    id_, staged = _take(node, [replace(someone, notes="tea")], {})
    _forget(node, staged)
    whole = Customers.restore

    def forgetful(self, images):
        whole(self, [(key, replace(image, columns=(*image.columns[:-1], None))) for key, image in images])

    monkeypatch.setattr(Customers, "restore", forgetful)
    node.write(customer_imports.undo_import, import_id=id_)
    assert _state(node)["customers"] != before["customers"]
    world.close()
