"""What an export writes, our readers make the same people of: cards, tables and lines, for whatever a record may hold."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.errors import UserError
from node.files import export_csv, export_json, export_vcard
from node.files.contacts import open_contacts
from node.model.export import CustomerLine, Header
from node.model.person import Address, Consent, Contact, Labelled, Names, Phone, Raw
from tests.node.model.test_details import FULL

HEADER = Header(1, 1_700_000_000_000, "00" * 32, "ana", "seller", "USD")
PLAIN = Contact(
    1, Names("Mia Torres", "Mia", "Torres"), (Phone("mobile", "+34600000111", "+34600000111"),), (Labelled("home", "mia@example.com"),),
    (Address("home", ("Calle 1", "2º B"), "Valencia", "V", "46003", "Spain"),), "1988-04-23", "Org, Inc", "Boss", "two\nlines", "Mi",
    (Labelled("", "https://example.org"),), (Labelled("wedding", "2010-05-06"), Labelled("anniversary", "--05-06")), b"\x89PNG\r\n\x1a\n", "es",
    (Labelled("instagram", "@mia"),), ("vip", "likes, commas"), (Raw("X-SHOE", "", "38"),), "party", "Jo", (Labelled("no calls", "before 9"),),
    (Labelled("card", "88;12"),), (Consent("newsletter", given=True, day="2026-01-02", how="on a form"),),
)  # fmt: skip
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["", "=1+1", "'=x", "a: b", ": ", "\\n", "a;b", "é\u2028", "x (+123456)", "x ()", "\r\n"]
)
_PAIRS = st.lists(st.builds(Labelled, _TEXT, _TEXT), max_size=3).map(tuple)
PEOPLE = st.builds(
    Contact,
    row=st.just(0), names=st.builds(Names, _TEXT.filter(bool), _TEXT, _TEXT, _TEXT, _TEXT, _TEXT),
    phones=st.lists(st.builds(Phone, _TEXT, _TEXT | st.just("+34600000111"), st.none() | st.just("+34600000111")), max_size=3).map(tuple),
    emails=_PAIRS, addresses=st.lists(st.builds(Address, _TEXT, st.lists(_TEXT, max_size=3).map(tuple), _TEXT, _TEXT, _TEXT, _TEXT), max_size=2).map(tuple),
    birthday=_TEXT, organisation=_TEXT, title=_TEXT, notes=_TEXT, nickname=_TEXT, urls=_PAIRS, dates=_PAIRS, photo=st.none() | st.binary(min_size=1, max_size=9),
    language=_TEXT, handles=_PAIRS, tags=st.lists(_TEXT, max_size=3).map(tuple), other=st.lists(st.builds(Raw, _TEXT, _TEXT, _TEXT), max_size=2).map(tuple),
    came_by=_TEXT, referrer=_TEXT, preferences=_PAIRS, custom=_PAIRS,
    consents=st.lists(st.builds(Consent, _TEXT, st.booleans(), _TEXT, _TEXT), max_size=2).map(tuple),
)  # fmt: skip


def line(person, number=1):
    return CustomerLine(bytes([number]).hex() * 32, person, 1, 2, None)


def written(writer, *people):
    parts = [
        writer.begin(HEADER),
        writer.rows("customer", CustomerLine, [line(person) for person in people]),
        writer.end({"customer": len(people)}),
    ]
    return b"".join(parts)


def read(content, region="US"):
    with open_contacts(io.BytesIO(content), name="export", default_region=region) as found:
        entries = list(found.entries())
    assert [entry.problems for entry in entries] == [()] * len(entries)
    return found.dialect, [replace(entry.person, row=0) for entry in entries]


@given(PEOPLE)
@settings(max_examples=300)
def test_cards_are_read_as_the_same_people(person):
    assert read(written(export_vcard.CardWriter(), person)) == ("vcard", [person])


@given(PEOPLE)
@settings(max_examples=300)
def test_tables_are_read_as_the_same_people_without_pictures(person):
    assert read(written(export_csv.TableWriter(), person)) == ("gemstra-csv", [replace(person, photo=None)])


@given(PEOPLE)
@settings(max_examples=300)
def test_lines_are_read_as_the_same_people(person):
    assert read(written(export_json.JsonWriter(), person)) == ("gemstra-json", [person])


@pytest.mark.parametrize("region", ["US", "ES", "DE"])
def test_whole_people_go_round_in_every_form(region):
    people = [replace(person, row=0) for person in (PLAIN, FULL)]
    assert read(written(export_vcard.CardWriter(), *people), region)[1] == people
    assert read(written(export_json.JsonWriter(), *people), region)[1] == people
    assert read(written(export_csv.TableWriter(), *people), region)[1] == [replace(person, photo=None) for person in people]


# --- cards


def test_a_card_is_plain_where_plain_says_it_all():
    content = written(export_vcard.CardWriter(), replace(PLAIN, row=0))
    assert b"X-GEMSTRA-EXACT" not in content
    assert max(map(len, content.split(b"\r\n"))) <= 75
    text = content.replace(b"\r\n ", b"").decode()
    for expected in (
        "VERSION:4.0", "N:Torres;Mia;;;", "TEL;TYPE=mobile;PREF=1:+34600000111", "ADR;TYPE=home;PREF=1:;;Calle 1\\n2º B;Valencia;V;46003;Spain",
        "BDAY:19880423", "ANNIVERSARY:--0506", "ORG:Org\\, Inc", "NOTE:two\\nlines", "PHOTO:data:image/png;base64,", "CATEGORIES:vip,likes\\, commas",
        "X-GEMSTRA-CONSENT:newsletter;given;2026-01-02;on a form",
    ):  # fmt: skip
        assert expected in text


def test_what_was_changed_elsewhere_counts_and_not_the_record_that_came_along():
    content = written(export_vcard.CardWriter(), replace(FULL, row=0))
    assert b"X-GEMSTRA-EXACT" in content
    changed = content.replace(b"NICKNAME:Mi", b"NICKNAME:Moi")
    assert changed != content
    with open_contacts(io.BytesIO(changed), name="x.vcf") as found:
        [entry] = found.entries()
    assert entry.person.nickname == "Moi"
    assert "X-GEMSTRA-EXACT" not in {raw.name for raw in entry.person.other}


@pytest.mark.parametrize("broken", [b"!", b"AAAA", b"eJw="])
def test_a_record_that_is_none_is_passed_over(broken):
    from node.files import exact_card

    lines = [b"VERSION:4.0", b"FN:A"]
    good = exact_card.exact_line(lines, Contact(1, Names("B"))).encode()
    assert exact_card.exact_person([*lines, good]).names.full == "B"
    assert exact_card.exact_person([*lines, good[:18], b" " + good[18:30], b" " + good[30:]]).names.full == "B"
    assert exact_card.exact_person([*lines, good.rpartition(b":")[0] + b":" + broken]) is None


def test_a_name_cannot_end_a_card():
    nasty = Contact(
        0,
        Names("A\r\nEND:VCARD\r\nBEGIN:VCARD\r\nFN:B"),
        notes="END:VCARD",
        other=(Raw("END", "", "VCARD"), Raw("X-A", ";\r\nEND:VCARD", "1")),
    )
    assert read(written(export_vcard.CardWriter(), nasty)) == ("vcard", [nasty])


# --- tables


@pytest.mark.parametrize("text", ["=cmd|'/c calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "'=1", "''=1", "'plain", "plain", ""])
def test_no_cell_is_a_formula_and_each_comes_back(text):
    made = export_csv.safe(text)
    assert not made.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert export_csv.unsafe(made) == text


def test_no_cell_of_a_table_begins_a_formula():
    texts = {name: f"={name}" for name in ("nickname", "organisation", "title", "notes", "birthday", "language", "came_by", "referrer")}
    person = replace(
        PLAIN,
        row=0,
        names=Names("@A", "-b", "+c"),
        tags=("=t",),
        phones=(Phone("", "+1", None),),
        emails=(Labelled("", "=e@x.org"),),
        **texts,
    )
    content = written(export_csv.TableWriter(), person)
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [cell for row in rows for cell in row if cell[:1] in "=+-@\t\r" and cell] == []
    assert read(content)[1] == [replace(person, photo=None)]


@pytest.mark.parametrize("cell", ["a;b", "x", "a;given;2026-01-02"])
def test_a_table_changed_so_that_it_says_nothing_is_told(cell):
    cells = [export_csv.safe(text) for text in export_csv.customer_cells(line(PLAIN))]
    cells[25 - 1] = cell
    entry = export_csv.read_customer(2, cells)
    assert (entry.person, entry.problems) == (None, ("A cell of this row is not as the export wrote it.",))


# --- lines


def test_an_export_that_was_cut_off_is_known():
    content = written(export_json.JsonWriter(), PLAIN).splitlines(keepends=True)
    views = {"customer": CustomerLine}
    assert [kind for kind, _ in export_json.read_lines(content, views)] == ["header", "customer", "end"]
    for broken in (content[:-1], [*content[:1], content[1][:-9], content[2]], [b'{"kind":"other","value":1}\n'], [b"[]\n"], [b"\xff\n"]):
        with pytest.raises(UserError) as caught:
            list(export_json.read_lines(broken, views))
        assert caught.value.code == "export-broken"


def test_lines_of_customers_that_are_broken_are_told_in_their_place():
    content = written(export_json.JsonWriter(), PLAIN, PLAIN).splitlines(keepends=True)
    content[1] = content[1].replace(b'"names"', b'"nomes"')
    with open_contacts(io.BytesIO(b"".join(content)), name="x.jsonl") as found:
        entries = list(found.entries())
    assert [(entry.row, entry.person is None) for entry in entries] == [(1, True), (2, False)]
    newer = written(export_json.JsonWriter(), PLAIN).replace(b'"gemstra":1', b'"gemstra":2')
    with open_contacts(io.BytesIO(newer), name="x.jsonl") as found:
        [entry] = found.entries()
    assert "newer Gemstra" in entry.problems[0]
