"""Contacts files looked at, decided, taken over and taken back, over a real store."""

import asyncio

import pytest

from node.errors import ConflictError, NotFound, UserError
from node.model.person import Address, Contact, Labelled, Names, Phone
from node.services import customer_imports, customer_preview, customer_search, customer_staging, customers, erasure, import_errors
from tests.node.services.importing import dump, runs, stage_file, stage_people, take
from tests.node.services.world import World

MIA = Contact(1, Names("Mia Torres"), (Phone("", "600 000 111", "+34600000111"),), addresses=(Address("", ("Calle 1",), "Valencia"),))
JO = Contact(2, Names("Jo Nilsson"), emails=(Labelled("", "jo@example.com"),))
TWIN = Contact(3, Names("Jo's brother"), emails=(Labelled("", "jo@example.com"),))
MOVED = Contact(1, Names("Mia Torres"), (Phone("", "+34600000111", "+34600000111"),), addresses=(Address("", ("Calle 2",), "Madrid"),))
OWN = ("customer_imports", "staged_imports", "operations")
"""What stays on purpose: that there was an import of a file of this name, and that answers were forgotten."""


def _names(node, **named):
    return [row.name for row in node.read(customer_search.list_customers, **named).customers]


def _rows(node, staged, **named):
    return node.read(customer_preview.list_rows, staged=staged, **named).rows


def _outcomes(node, staged):
    return [(row.name, row.outcome, row.action) for row in _rows(node, staged)]


def _id(node, name):
    return bytes.fromhex(next(row.id for row in node.read(customer_search.list_customers, search=name).customers))


def _undo(node, view, **options):
    return node.write(customer_imports.undo_import, import_id=bytes.fromhex(view.id), **options)


# --- who is who


def test_people_who_share_a_mailbox_are_two_customers_and_equal_rows_are_one(ana):
    view = take(ana, MIA, JO, TWIN, JO, errors=[(7, "It has no name.")])
    assert (view.imported, view.created, view.skipped, view.failed) == (3, 3, 1, 1)
    assert [(fault.row, fault.reason) for fault in view.errors] == [(7, "It has no name.")]
    assert _names(ana) == ["Jo Nilsson", "Jo's brother", "Mia Torres"]


@pytest.mark.parametrize("order", [(MIA, JO, TWIN), (TWIN, JO, MIA), (JO, TWIN, MIA)])
def test_the_same_file_again_doubles_nobody_in_whatever_order(ana, order):
    take(ana, MIA, JO, TWIN)
    before = dump(ana, but=OWN)
    again = take(ana, *order)
    assert (again.imported, again.created, again.updated, again.known) == (3, 0, 0, 3)
    assert dump(ana, but=OWN) == before


def test_a_preview_says_what_would_become_of_each_row_and_why(ana):
    take(ana, MIA, JO)
    before = dump(ana, but=("staged_imports", "staged_rows", "staged_judgements"))
    staged = stage_people(ana, MOVED, JO, TWIN, JO, errors=[(9, "why")])
    assert _outcomes(ana, staged) == [
        ("Mia Torres", "update", "update"),
        ("Jo Nilsson", "known", "update"),
        ("Jo's brother", "duplicate", "new"),
        ("Jo Nilsson", "duplicate", "skip"),
        ("", "error", "skip"),
    ]
    rows = _rows(ana, staged)
    assert [(change.field, change.before) for change in rows[0].changes] == [
        ("Phones", "+34 600 00 01 11"),
        ("Addresses", "Calle 1 Valencia"),
    ]
    assert [row.twin for row in rows] == [0, 0, 2, 2, 0]
    assert rows[4].problems == ("why",)
    view = ana.read(customer_preview.get_staged, staged=staged)
    assert (view.rows, view.new, view.update, view.known, view.duplicate, view.error, view.writes, view.skipped) == (5, 0, 1, 1, 2, 1, 2, 1)
    assert dump(ana, but=("staged_imports", "staged_rows", "staged_judgements")) == before  # nobody was written
    done = ana.write(customer_imports.apply_import, staged=staged)
    assert (done.created, done.updated, done.known) == (1, 1, 1)


def test_rows_come_in_pages_and_by_outcome(ana):
    staged = stage_people(ana, *(Contact(number, Names(f"N{number}")) for number in range(1, 8)), errors=[(8, "no")])
    first = ana.read(customer_preview.list_rows, staged=staged, limit=3)
    second = ana.read(customer_preview.list_rows, staged=staged, after=first.cursor, limit=10)
    assert [row.row for row in (*first.rows, *second.rows)] == list(range(1, 9))
    assert second.cursor == 0
    assert [row.row for row in _rows(ana, staged, outcome="error")] == [8]
    with pytest.raises(UserError):
        _rows(ana, staged, outcome="nonsense")


def test_two_customers_that_are_equally_like_a_row_wait_for_the_person(ana):
    take(ana, *(Contact(1, Names(name), emails=(Labelled("", "shop@example.com"),)) for name in ("Ana", "Bo")))
    row = Contact(1, Names("Cy"), emails=(Labelled("", "shop@example.com"),))
    staged = stage_people(ana, row)
    [shown] = _rows(ana, staged)
    assert (shown.outcome, shown.action, sorted(person.name for person in shown.candidates)) == ("duplicate", "skip", ["Ana", "Bo"])
    chosen = ana.write(customer_preview.choose, staged=staged, number=1, action="update", customer=_id(ana, "Bo"))
    assert (chosen.outcome, chosen.chosen, chosen.customer.name) == ("update", True, "Bo")
    assert ana.write(customer_imports.apply_import, staged=staged).updated == 1
    assert _names(ana) == ["Ana", "Cy"]


def test_rules_say_what_makes_two_the_same_and_what_becomes_of_them(ana):
    take(ana, MIA, JO)
    staged = stage_people(ana, MOVED, TWIN, Contact(4, Names("Jo's sister"), emails=(Labelled("", "jo@example.com"),)))
    assert [row[1:] for row in _outcomes(ana, staged)] == [("update", "update"), ("update", "update"), ("duplicate", "new")]
    ana.write(customer_preview.set_rules, staged=staged, match_by=["who"])
    assert [row[1:] for row in _outcomes(ana, staged)] == [("new", "new")] * 3
    ana.write(customer_preview.set_rules, staged=staged, match_by=["phone", "email"], found="skip", twins="merge")
    assert [row[1:] for row in _outcomes(ana, staged)] == [("update", "skip"), ("update", "skip"), ("duplicate", "merge")]
    ana.write(customer_preview.choose, staged=staged, number=1, action="new")
    ana.write(customer_preview.set_rules, staged=staged, match_by=["email"], found="new", twins="skip")
    assert [row[1:] for row in _outcomes(ana, staged)] == [("new", "new"), ("update", "new"), ("duplicate", "skip")]
    for wrong in ({"match_by": ["shoe"]}, {"found": "burn"}, {"twins": "burn"}):
        with pytest.raises(UserError) as caught:
            ana.write(customer_preview.set_rules, staged=staged, **wrong)
        assert caught.value.code == "bad-rules"


def test_rows_that_are_alike_become_one_customer_where_the_person_wants(ana):
    staged = stage_people(ana, JO, TWIN, Contact(9, Names("Jo Nilsson"), emails=(Labelled("", "jo@example.com"),), notes="tea"))
    ana.write(customer_preview.set_rules, staged=staged, twins="merge")
    view = ana.write(customer_imports.apply_import, staged=staged)
    assert (view.created, view.updated) == (1, 2)
    assert _names(ana) == ["Jo Nilsson"]


@pytest.mark.parametrize(
    ("number", "action", "customer", "code"),
    [
        (1, "burn", None, "bad-request"),
        (2, "new", None, "nobody-there"),
        (1, "merge", None, "no-twin"),
        (1, "update", None, "which-customer"),
        (1, "update", bytes(32), "which-customer"),
        (7, "new", None, "not-found"),
    ],
)
def test_decisions_that_make_no_sense_are_named(ana, number, action, customer, code):
    staged = stage_people(ana, MIA, errors=[(2, "no")])
    with pytest.raises((UserError, NotFound)) as caught:
        ana.write(customer_preview.choose, staged=staged, number=number, action=action, customer=customer)
    assert caught.value.code == code


def test_a_customer_who_went_since_the_look_is_not_brought_back(ana):
    first = take(ana, MIA)
    staged = stage_people(ana, MOVED)
    _undo(ana, first)
    view = ana.write(customer_imports.apply_import, staged=staged)
    assert (view.imported, view.skipped) == (0, 1)
    assert _names(ana) == []


def test_erasing_a_customer_reaches_the_rows_about_them_that_wait(ana):
    take(ana, MIA)
    staged = stage_people(ana, MOVED, JO)
    ana.write(erasure.erase_customer, customer=_id(ana, "Mia"))
    assert [row.name for row in _rows(ana, staged)] == ["Jo Nilsson"]
    assert len(dump(ana)["staged_rows"]) == 1


def test_of_a_file_that_was_taken_over_only_the_errors_stay(ana):
    take(ana, MIA)
    take(ana, JO, MIA, errors=[(3, "No name."), (9, "No name.")])
    for table in ("staged_rows", "staged_judgements"):
        assert len(dump(ana)[table]) == 2


def test_a_file_is_taken_over_once(ana):
    staged = stage_people(ana, MIA)
    ana.write(customer_imports.apply_import, staged=staged)
    for call in (customer_imports.apply_import, customer_preview.set_rules):
        with pytest.raises(ConflictError) as caught:
            ana.write(call, staged=staged)
        assert caught.value.code == "not-ready"


def test_a_merchant_has_no_customers(tmp_path):
    world = World(tmp_path)
    lumen = world.node("lumen", role="merchant")
    with pytest.raises(UserError) as caught:
        stage_people(lumen, MIA)
    assert caught.value.code == "not-a-seller"
    world.close()


# --- taken back


def test_an_undo_restores_every_table(ana):
    ana.write(customers.add_customer, name="Zoë", phone="212 555 0100")
    take(ana, MIA, JO)
    before = dump(ana, but=OWN)
    ana.clock.tick(1000)
    picture = Contact(2, Names("Jo Nilsson"), emails=(Labelled("", "jo@example.com"), Labelled("", "new@example.com")), photo=b"\xff\xd8")
    view = take(ana, MOVED, picture, TWIN)
    assert (view.created, view.updated) == (1, 2)
    assert dump(ana, but=OWN) != before
    undone = _undo(ana, view)
    assert (undone.removed, undone.restored, undone.left) == (1, 2, 0)
    assert dump(ana, but=OWN) == before
    assert [row.undone for row in ana.read(customer_imports.list_imports)] == [True, False]
    with pytest.raises(ConflictError) as caught:
        _undo(ana, view)
    assert caught.value.code == "already-undone"
    with pytest.raises(NotFound):
        ana.write(customer_imports.undo_import, import_id=bytes(32))


def test_imports_are_undone_one_after_the_other(ana):
    first = dump(ana, but=OWN)
    one = take(ana, MIA, JO)
    second = dump(ana, but=OWN)
    ana.clock.tick(1)
    two = take(ana, MOVED)
    with pytest.raises(ConflictError) as caught:
        _undo(ana, one)  # the second wrote Mia since
    assert caught.value.code == "changed-since"
    _undo(ana, two)
    assert dump(ana, but=OWN) == second
    _undo(ana, one)
    assert dump(ana, but=OWN) == first


def test_who_was_changed_since_is_named_and_stays(ana):
    view = take(ana, MIA, JO, TWIN)
    ana.clock.tick(1)
    kept = ana.read(customers.get_customer, customer=_id(ana, "brother"))
    details = kept.details
    ana.write(customers.change_customer, customer=_id(ana, "brother"), details=type(details)(name="Bo Nilsson"), updated=kept.updated)
    plan = ana.read(customer_imports.plan_undo, import_id=bytes.fromhex(view.id))
    assert (plan.left, [(item.name, item.how) for item in plan.touched]) == (1, [("Bo Nilsson", "changed")])
    before = dump(ana)
    with pytest.raises(ConflictError, match="Bo Nilsson") as caught:
        _undo(ana, view)
    assert caught.value.code == "changed-since"
    assert dump(ana) == before
    undone = _undo(ana, view, leave=True)
    assert (undone.removed, undone.left) == (2, 1)
    assert _names(ana) == ["Bo Nilsson"]


# --- files


def test_an_unknown_table_waits_for_its_columns_and_is_remembered(ana):
    data = "Kunde;Rufnummer;Schuh\nZoë Vega;030 901820;38\nBo;;39\n".encode()
    staged = stage_file(ana, data, region="DE", ask=True)
    assert ana.read(customer_preview.get_staged, staged=staged).state == "columns"
    columns = ana.read(customer_preview.list_columns, staged=staged)
    assert [(column.title, column.samples, column.field) for column in columns] == [
        ("Kunde", ("Zoë Vega", "Bo"), "name"),
        ("Rufnummer", ("030 901820",), "own"),
        ("Schuh", ("38", "39"), "own"),
    ]
    with pytest.raises(ConflictError):
        ana.write(customer_imports.apply_import, staged=staged)
    asyncio.run(runs(ana).map_columns(staged, {"Rufnummer": "phone", "Schuh": "preference:shoe size"}))
    assert ana.read(customer_preview.get_staged, staged=staged).new == 2
    ana.write(customer_imports.apply_import, staged=staged)
    found = ana.read(lambda unit: unit.customers.get(_id_in(unit, "Zoë Vega")))
    assert found.person.phones[0].e164 == "+4930901820"
    assert found.person.preferences == (Labelled("shoe size", "38"),)
    again = stage_file(ana, b"KUNDE;rufnummer ;Schuh\nCy;030 901821;40\n", region="DE", ask=True)
    assert ana.read(customer_preview.get_staged, staged=again).state == "ready"
    [remembered] = ana.read(customer_staging.list_mappings)
    assert remembered.columns == (("Kunde", "name"), ("Rufnummer", "phone"), ("Schuh", "preference:shoe size"))
    ana.write(customer_staging.forget_mapping, mapping=bytes.fromhex(remembered.id))
    assert ana.read(customer_staging.list_mappings) == []
    with pytest.raises(NotFound):
        ana.write(customer_staging.forget_mapping, mapping=bytes.fromhex(remembered.id))


def _id_in(unit, name):
    return unit.db.execute("SELECT id FROM customers WHERE name = ?", (name,)).fetchone()[0]


@pytest.mark.parametrize("fields", [{"Nope": "name"}, {"Kunde": "shoe"}, {"Kunde": "", "Note": ""}])
def test_mappings_that_make_no_sense_are_named_and_change_nothing(ana, fields):
    staged = stage_file(ana, b"Kunde;Note\nBo;x\n", ask=True)
    before = dump(ana)
    with pytest.raises(UserError) as caught:
        asyncio.run(runs(ana).map_columns(staged, fields))
    assert caught.value.code == "bad-mapping"
    assert dump(ana) == before


def test_the_rows_that_failed_come_back_as_a_file_to_mend(ana):
    staged = stage_file(ana, b"Name,Email,Phone\nBo,bo@example.com,1\n,,\n =2+3,,\n,,\"=cmd|' /C calc'!A0\"\n , , \n")
    piece = ana.read(import_errors.read_errors, staged=staged)
    assert piece.name == "people-errors.csv"
    lines = piece.text.splitlines()
    assert lines[0] == "Row,Reason,Name,Email,Phone"
    assert [line.split(",")[0] for line in lines[1:]] == ["6"]
    cards = stage_file(ana, b"BEGIN:VCARD\r\nVERSION:3.0\r\nNOTE:milk\r\nEND:VCARD\r\nBEGIN:VCARD\r\nFN:A\r\nEND:VCARD\r\n", name="x.vcf")
    piece = ana.read(import_errors.read_errors, staged=cards)
    assert piece.name == "x-errors.vcf"
    assert "X-GEMSTRA-CARD:1" in piece.text
    assert "NOTE:milk" in piece.text
    assert "FN:A" not in piece.text
    assert stage_file(ana, piece.text.encode(), name="again.vcf")


def test_files_that_nobody_came_back_to_go(ana):
    stage_people(ana, MIA)
    ana.clock.tick(8 * 86_400_000)
    for _ in range(3):
        ana.write(customer_staging.tick)
    assert ana.read(customer_preview.list_staged) == []
    assert dump(ana)["staged_rows"] == dump(ana)["staged_judgements"] == []


def test_there_is_a_bound_on_files_that_wait(ana):
    for _ in range(customer_staging.MOST_WAITING):
        stage_people(ana, MIA)
    with pytest.raises(ConflictError) as caught:
        stage_people(ana, MIA)
    assert caught.value.code == "too-many-waiting"


def test_a_broken_file_leaves_nothing(ana):
    before = dump(ana)
    rows = b"Name,Email\n" + b"".join(b"N%d,n%d@example.com\n" % (number, number) for number in range(3000))
    with pytest.raises(UserError) as caught:
        stage_file(ana, rows + b"," * 500 + b"\n")
    assert caught.value.code == "file-limit"
    assert dump(ana) == before


def test_taking_over_stops_when_the_person_says_so_with_nothing_written(ana):
    staged = stage_people(ana, *(Contact(number, Names(f"N{number}")) for number in range(1, 3000)))
    before = dump(ana)
    heard = []

    def tell(done, total):
        heard.append((done, total))
        raise UserError("Stopped.", code="import-stopped")

    with pytest.raises(UserError):
        ana.write(customer_imports.apply_import, staged=staged, tell=tell)
    assert heard == [(1000, 2999)]
    assert dump(ana) == before
    assert ana.write(customer_imports.apply_import, staged=staged).created == 2999


def test_a_table_that_waited_for_days_is_not_taken_for_one_that_was_cut_short(ana):
    """The clock looks while its rows are read anew."""
    staged = stage_file(ana, b"First Name,Mail\nMia,mia@example.com\n", ask=True)
    ana.clock.tick(2 * 86_400_000)
    found, _ = ana.read(customer_staging.checked_targets, staged, {"Mail": "email"})
    ana.write(customer_staging.begin_mapping, found)
    for _ in range(3):
        ana.write(customer_staging.tick)
    assert [(row.id, row.state) for row in ana.read(customer_preview.list_staged)] == [(staged.hex(), "reading")]
    ana.clock.tick(2 * 86_400_000)
    for _ in range(3):
        ana.write(customer_staging.tick)
    assert ana.read(customer_preview.list_staged) == []  # it was
