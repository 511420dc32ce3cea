"""An export comes back into another node: customers who they were, when they came and what hangs on them; and all of it can be undone."""

import asyncio
import io
import json

import pytest

from node.errors import ConflictError
from node.model.customer import Customer
from node.model.details import Details, Entry
from node.model.filters import Filters
from node.model.person import Contact, Labelled, Names
from node.services import customer_imports, customer_preview, customers, erasure, notes, segments, task_rules, tasks
from node.store.import_besides import ImportBesides
from tests.node.files.test_exports import PLAIN
from tests.node.model.test_details import FULL

from .importing import dump, runs
from .test_export import exported

BACK = ("customer", "note", "task", "segment", "rule")
NOT_CONTENT = ("customer_imports", "staged_imports", "operations", "sqlite_sequence")
MIA, FULLY, NOBODY = bytes([1]) * 32, bytes([2]) * 32, bytes([3]) * 32


@pytest.fixture
def ana(world):
    """A desk with something of everything that comes back."""
    node = world.node("ana")
    people = {MIA: PLAIN, FULLY: FULL, NOBODY: Contact(7, Names("Twin")), bytes([4]) * 32: Contact(8, Names("Twin"))}
    for number, (id_, person) in enumerate(people.items(), 1):
        kept = Customer(id_, person, 1000 * number, 5000 * number, None, 7000 if id_ == FULLY else None)
        node.write(lambda unit, kept=kept: unit.customers.keep(kept))
    node.write(notes.add_note, customer=MIA, text="She called", channel="call", direction="in", at=123_456)
    task = node.write(tasks.add_task, title="Call her", customer=MIA, note="about the serum", channel="call").id
    node.clock.tick(1)
    node.write(tasks.finish_task, task=bytes.fromhex(task))
    node.write(tasks.add_task, title="Buy paper")
    node.write(segments.save_segment, name="Friends", filters=Filters(tags=("vip",), since="90"))
    node.write(task_rules.set_rule, rule="quiet", on=True, days=1, most=2, tag="")
    for _ in range(4):
        node.write(task_rules.tick)
        node.clock.tick(3_600_000)
    return node


def lines(node, kinds=BACK):
    """Those kinds of what the node exports."""
    return [text for text in exported(node)[1].splitlines() if json.loads(text)["kind"] in kinds]


def stage(node, content):
    return asyncio.run(runs(node).stage(io.BytesIO(content), "all.jsonl", "US", ask=False, size=len(content)))


def take(node, content):
    return node.write(customer_imports.apply_import, staged=stage(node, content))


def rewritten(content, kind, **changes):
    """The export with the first line of a kind changed."""
    found, done = [], False
    for text in content.splitlines():
        line = json.loads(text)
        if line["kind"] == kind and not done:
            line["value"] |= changes
            done = True
        found.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode())
    assert done
    return b"\n".join(found) + b"\n"


def test_export_import_export_is_equal_with_ids_and_times(ana, world):
    ben = world.node("ben")
    before = lines(ana)
    assert {json.loads(text)["kind"] for text in before} == set(BACK)
    assert any(json.loads(text)["value"].get("rule") == "quiet" for text in before if json.loads(text)["kind"] == "task")
    view = take(ben, exported(ana)[1])
    assert (view.created, view.failed, view.brought.notes, view.brought.segments, view.brought.rules) == (4, 0, 1, 1, 1)
    assert view.brought.tasks == sum(json.loads(text)["kind"] == "task" for text in before)
    assert lines(ben) == before
    assert ben.read(customers.get_customer, customer=FULLY).archived == 7000
    for customer in (MIA, FULLY):  # the last contact is reckoned from what came along
        contacts = [node.read(lambda unit, id_=customer: unit.notes.last_contact(id_)) for node in (ana, ben)]
        assert contacts[0] == contacts[1]


def test_nothing_of_it_waits_once_it_was_taken_over(ana, world):
    ben = world.node("ben")
    take(ben, exported(ana)[1])
    for table in ("staged_rows", "staged_judgements", "staged_besides"):
        assert ben.read(lambda unit, of=table: unit.db.execute(f"SELECT count(*) FROM {of}").fetchone()) == (0,)


def test_the_same_file_again_changes_nothing(ana, world):
    ben, content = world.node("ben"), exported(ana)[1]
    take(ben, content)
    before = dump(ben, but=NOT_CONTENT)
    view = take(ben, content)
    assert (view.created, view.updated, view.known, view.brought.notes, view.brought.tasks) == (0, 0, 4, 0, 0)
    assert dump(ben, but=NOT_CONTENT) == before


def test_one_with_the_id_is_the_customer_whatever_else_is_like_it(ana, world):
    ben, content = world.node("ben"), exported(ana)[1]
    mail = (Labelled("", "other@example.com"),)
    ben.write(lambda unit: unit.customers.keep(Customer(MIA, Contact(1, Names("Mia of another name"), emails=mail), 1, 2)))
    view = take(ben, content)
    assert (view.created, view.updated) == (3, 1)
    found = ben.read(customers.get_customer, customer=MIA)
    assert (found.name, found.created, found.updated) == (PLAIN.names.full, 1, ben.clock.now)
    assert "other@example.com" in [item.value for item in found.details.emails]
    assert [note.text for note in ben.read(notes.notes_of, customer=MIA)] == ["She called"]


def test_someone_here_under_another_id_gets_what_hangs_on_them(ana, world):
    ben = world.node("ben")
    here = bytes.fromhex(ben.write(customers.add_customer, details=Details(name="Jo", emails=(Entry("full@example.com"),))).id)
    ana.write(
        lambda unit: unit.customers.keep(Customer(MIA, Contact(1, Names("Jo"), emails=(Labelled("", "full@example.com"),)), 1000, 5000))
    )
    view = take(ben, exported(ana)[1])
    assert (view.created, view.known + view.updated) == (3, 1)
    assert [note.text for note in ben.read(notes.notes_of, customer=here)] == ["She called"]
    assert [task.title for task in ben.read(tasks.tasks_of, customer=here) if not task.rule] == ["Call her"]


def test_a_row_that_is_left_out_leaves_out_what_hangs_on_it(ana, world):
    ben = world.node("ben")
    staged = stage(ben, exported(ana)[1])
    assert ben.read(customer_preview.get_staged, staged=staged).besides.notes == 1
    number = ben.read(customer_preview.list_rows, staged=staged).rows[0].number
    ben.write(customer_preview.choose, staged=staged, number=number, action="skip")
    view = ben.write(customer_imports.apply_import, staged=staged)
    assert (view.created, view.brought.notes) == (3, 0)
    assert ben.read(lambda unit: unit.db.execute("SELECT count(*) FROM tasks WHERE customer = ?", (MIA,)).fetchone()) == (0,)


def test_an_erased_customer_comes_back_under_another_id(ana):
    content = exported(ana)[1]
    ana.write(erasure.erase_customer, customer=MIA)
    view = take(ana, content)
    assert (view.created, view.brought.notes) == (1, 1)
    assert ana.read(lambda unit: unit.customers.get(MIA)) is None


def test_two_rows_of_one_id_are_both_kept(ana, world):
    ben, content = world.node("ben"), exported(ana)[1]
    first = next(text for text in content.splitlines() if json.loads(text)["kind"] == "customer")
    other = json.loads(first)
    other["value"]["person"]["notes"] = "another one"
    doubled = content.replace(first, first + b"\n" + json.dumps(other).encode())
    view = take(ben, doubled)
    assert view.created == 5
    assert ben.read(customers.get_customer, customer=MIA).details.note != "another one"


# --- taken back


def test_undone_everything_is_as_before(ana, world):
    ben = world.node("ben")
    kept = bytes.fromhex(ben.write(customers.add_customer, name="Twin", note="here before").id)
    ben.write(notes.add_note, customer=kept, text="mine")
    before = dump(ben, but=NOT_CONTENT)
    view = take(ben, exported(ana)[1])
    assert dump(ben, but=NOT_CONTENT) != before
    plan = ben.read(customer_imports.plan_undo, import_id=bytes.fromhex(view.id))
    assert plan.left == 0
    ben.write(customer_imports.undo_import, import_id=bytes.fromhex(view.id))
    assert dump(ben, but=NOT_CONTENT) == before


def test_a_follow_up_that_was_done_since_holds_its_customer(ana, world):
    ben = world.node("ben")
    view = take(ben, exported(ana)[1])
    task = next(row for row in ben.read(tasks.tasks_of, customer=MIA) if row.rule)
    ben.clock.tick(1)
    ben.write(tasks.finish_task, task=bytes.fromhex(task.id))
    with pytest.raises(ConflictError, match=PLAIN.names.full[:3]):
        ben.write(customer_imports.undo_import, import_id=bytes.fromhex(view.id))
    done = ben.write(customer_imports.undo_import, import_id=bytes.fromhex(view.id), leave=True)
    assert (done.removed, done.left) == (3, 1)
    assert [note.text for note in ben.read(notes.notes_of, customer=MIA)] == ["She called"]


def test_control_what_is_forgotten_by_an_undo_is_seen(ana, world, monkeypatch):
    ben = world.node("ben")
    before = dump(ben, but=NOT_CONTENT)
    view = take(ben, exported(ana)[1])
    monkeypatch.setattr(ImportBesides, "take_away", lambda _self, _import, _leave: set())
    ben.write(customer_imports.undo_import, import_id=bytes.fromhex(view.id))
    assert dump(ben, but=NOT_CONTENT)["customer_segments"] != before["customer_segments"]


# --- what is none of ours


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("customer", {"id": "00"}),
        ("customer", {"id": "Z" * 64}),
        ("customer", {"created": -1}),
        ("customer", {"updated": 1 << 60}),
        ("note", {"channel": "smoke"}),
        ("note", {"direction": "up"}),
        ("note", {"text": "x" * 5001}),
        ("note", {"id": "00"}),
        ("task", {"day": "2026-02-30"}),
        ("task", {"status": "dropped"}),
        ("task", {"status": "open", "finished": 5}),
        ("task", {"rule": "none"}),
        ("task", {"title": ""}),
        ("segment", {"name": ""}),
        ("segment", {"filters": {"month": 13}}),
    ],
)
def test_a_line_that_cannot_be_is_told_and_the_others_come(ana, world, kind, changes):
    ben = world.node("ben")
    view = take(ben, rewritten(exported(ana)[1], kind, **changes))
    assert view.failed == 1
    assert "none of" in view.errors[0].reason
    assert view.created == (3 if kind == "customer" else 4)


def test_nothing_of_an_erased_customer_waits(ana, world):
    ben = world.node("ben")
    content = exported(ana)[1]
    take(ben, content)
    stage(ben, content)
    count = "SELECT count(*) FROM staged_besides WHERE whose = ?"
    assert ben.read(lambda unit: unit.db.execute(count, (MIA.hex(),)).fetchone()) != (0,)
    ben.write(erasure.erase_customer, customer=MIA)
    assert ben.read(lambda unit: unit.db.execute(count, (MIA.hex(),)).fetchone()) == (0,)
