"""Files that are wrong, each with its name or its row's reason; the store is as before, table for table."""

import asyncio
import base64
import io

import pytest

from node.errors import NodeError
from node.model import staged as staged_model
from node.services import customer_imports, customer_preview
from tests.node.services.importing import dump, runs, stage_file, stage_people
from tests.node.services.test_customer_imports import JO, MIA
from tests.node.services.world import World

WIDE = ",".join(f"c{number}" for number in range(401))
ROWS = b"Name,Email\n" + b"".join(b"N%d,n%d@example.com\n" % (number, number) for number in range(1200))


@pytest.fixture
def node(tmp_path):
    world = World(tmp_path)
    yield world.node("ana")
    world.close()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file-empty"),
        (b"Name,Email\n", "file-empty"),
        (b"PK\x03\x04....xl/workbook.xml", "file-kind"),
        (b"PK\x03\x04....", "file-kind"),
        (b"\x1f\x8b\x08", "file-kind"),
        (b'{"people": []}', "file-kind"),
        (b"%PDF-1.7", "file-kind"),
        (b"<html>", "file-kind"),
        (b"SQLite format 3\x00...", "file-kind"),
        (ROWS + b"Bo\x00,b\n", "file-encoding"),
        (b"BEGIN:VCARD\nFN:A\x00da\nEND:VCARD\n", "file-encoding"),
        (ROWS.decode().encode("utf-16-le")[:-1] + b"\x00\xd8\xd8", "file-encoding"),
        ("Name\nRenée\n".encode() + b"Zo\xeb\n", "file-encoding"),
        (f"Name,{WIDE}\nA\n".encode(), "file-limit"),
        (ROWS + f"A,{WIDE}\n".encode(), "file-limit"),
        (ROWS + b'"' + b"x" * 1_000_001 + b'"\n', "file-broken"),
        (b"x" * 9_000_000, "file-limit"),
    ],
    ids=range(17),
)
def test_a_file_that_is_none_is_named_and_leaves_nothing(node, data, code):
    before = dump(node)
    with pytest.raises(NodeError) as caught:
        stage_file(node, data, name="people.csv")
    assert (caught.value.code, "people.csv" in str(caught.value)) == (code, True)
    assert dump(node) == before


class Rows(io.RawIOBase):
    """A table of two gigabytes that exists nowhere."""

    def __init__(self) -> None:
        self.read_bytes = 0

    def read(self, size=-1):
        piece = (b"Name,Note\n" if not self.read_bytes else b"") + b"Somebody,%s\n" % (b"word " * 200) * 64
        self.read_bytes += len(piece)
        return piece if self.read_bytes < 2 << 30 else b""


@pytest.mark.parametrize(("size", "most"), [(2 << 30, 0), (0, 4 << 20)])
def test_two_gigabytes_are_refused_before_or_soon(node, monkeypatch, size, most):
    """Said to be so large, not a byte is read; not said, reading ends at the bound (here a small one) and what was read is gone."""
    if not size:
        monkeypatch.setattr(staged_model, "MOST_BYTES", most)
    before, source = dump(node), Rows()
    with pytest.raises(NodeError) as caught:
        asyncio.run(runs(node).stage(source, "people.csv", "US", ask=False, size=size))
    assert caught.value.code == "too-large"
    assert source.read_bytes <= most + (1 << 20)
    assert dump(node) == before


def test_a_picture_of_fifty_megabytes_stops_neither_its_card_nor_others(node):
    line = b" " + b"A" * 72 + b"\r\n"
    pieces = iter(
        [b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Big\r\nPHOTO;ENCODING=b;TYPE=JPEG:AAAA\r\n"]
        + [line * 900] * 800
        + [b"TEL:+12025550100\r\nEND:VCARD\r\nBEGIN:VCARD\r\nVERSION:3.0\r\nFN:Long line\r\nPHOTO;ENCODING=b:"]
        + [b"A" * 65_536] * 200
        + [
            b"\r\nEND:VCARD\r\nBEGIN:VCARD\r\nVERSION:3.0\r\nFN:Small\r\nPHOTO;ENCODING=b:"
            + base64.b64encode(b"\xff\xd8")
            + b"\r\nEND:VCARD\r\n",
            b"",
        ]
    )

    class Pieces:
        def read(self, _size=-1):
            return next(pieces)

    staged = asyncio.run(runs(node).stage(Pieces(), "phone.vcf", "US", ask=False))
    rows = node.read(customer_preview.list_rows, staged=staged).rows
    assert [(row.name, row.picture, len(row.problems)) for row in rows] == [("Big", False, 1), ("Long line", False, 1), ("Small", True, 0)]
    assert all("picture is larger than 5 MB" in row.problems[0] for row in rows[:2])
    assert "+1 202-555-0100" in rows[0].detail


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-8-sig", "cp1252"])
def test_letters_are_read_in_whatever_way_they_are_written(node, encoding):
    staged = stage_file(node, "Name,Email\nRenée Müller and a long name,r@example.com\n".encode(encoding))
    assert node.read(customer_preview.list_rows, staged=staged).rows[0].name == "Renée Müller and a long name"


def test_mixed_line_ends_right_to_left_names_and_emoji(node):
    table = 'Name,Note\r\nعائشة النجار,one\rאילנה,two\nمريم 🌹👩‍🦰,"a\r\nb"\r\n'.encode()
    staged = stage_file(node, table)
    assert [row.name for row in node.read(customer_preview.list_rows, staged=staged).rows] == ["عائشة النجار", "אילנה", "مريم 🌹👩‍🦰"]
    cards = b"BEGIN:VCARD\nFN:Ada\rNOTE:x\r\nEND:VCARD\rBEGIN:VCARD\r\r\nFN:Ben\nEND:VCARD"
    staged = stage_file(node, cards, name="x.vcf")
    assert [row.name for row in node.read(customer_preview.list_rows, staged=staged).rows] == ["Ada", "Ben"]


def test_what_is_no_e_mail_phone_or_day_is_kept_as_it_was_and_said(node):
    staged = stage_file(node, b"Name,Email,Phone,Birthday\nBo,nobody at all,ask,1980-02-30\n,not a mail,,\n")
    first, second = node.read(customer_preview.list_rows, staged=staged).rows
    assert [problem.split("\xe2")[0].split("”")[0] for problem in first.problems] == ["“nobody at all", "“ask", "“1980-02-30"]
    assert second.name == "not a mail"
    node.write(customer_imports.apply_import, staged=staged)
    person = node.read(lambda unit: unit.customers.get(unit.db.execute("SELECT id FROM customers WHERE name = 'Bo'").fetchone()[0])).person
    assert (person.emails, person.phones, person.birthday) == ((), (), "")
    assert {(raw.name, raw.value) for raw in person.other} == {("Email", "nobody at all"), ("Phone", "ask"), ("Birthday", "1980-02-30")}


def test_cards_with_the_same_id_are_two_people_unless_they_are_the_same(node):
    card = b"BEGIN:VCARD\nUID:7\nFN:%s\nEND:VCARD\n"
    staged = stage_file(node, card % b"Ada" + card % b"Ben" + card % b"Ada", name="x.vcf")
    rows = node.read(customer_preview.list_rows, staged=staged).rows
    assert [(row.outcome, row.action, row.twin) for row in rows] == [("new", "new", 0), ("new", "new", 0), ("duplicate", "skip", 1)]


def test_a_file_that_is_stopped_while_it_is_read_leaves_nothing(node):
    before, made = dump(node), runs(node)

    class Stopped(Rows):
        def read(self, size=-1):
            if self.read_bytes > 1 << 20:
                made.stop_all()
            return super().read(size)

    with pytest.raises(NodeError) as caught:
        asyncio.run(made.stage(Stopped(), "people.csv", "US", ask=False))
    assert caught.value.code == "import-stopped"
    assert dump(node) == before


def test_two_things_at_once_with_one_file_are_refused(node):
    made, staged = runs(node), stage_people(node, MIA, JO)

    async def both():
        return await asyncio.gather(made.apply(staged), made.apply(staged), return_exceptions=True)

    results = asyncio.run(both())
    assert {getattr(result, "code", "done") for result in results} <= {"done", "import-busy", "not-ready", "not-found"}
    assert sum(not isinstance(result, Exception) for result in results) == 1
