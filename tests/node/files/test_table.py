"""Tables as they come: encodings, delimiters, line ends, limits; and cells made safe for spreadsheets."""

import csv
import io

import pytest

from node.errors import UserError
from node.files import table
from node.files.table import open_table


def rows(data, **options):
    with open_table(io.BytesIO(data), "list.csv", **options) as found:
        return [(row.number, row.get("name"), row.get("city")) for row in found]


def refusal(data):
    with pytest.raises(UserError) as caught:
        rows(data)
    assert "list.csv" in str(caught.value)
    return caught.value.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_way_to_write_the_same_table(encoding, delimiter, end):
    text = end.join(["Name,City", "Zoë,Köln", "Ann,Bonn"]).replace(",", delimiter)
    assert rows(text.encode(encoding)) == [(2, "Zoë", "Köln"), (3, "Ann", "Bonn")]


def test_rows_are_counted_as_a_spreadsheet_counts():
    data = b'Name,City\n"A\nB",X\n\n,,\nC,"Y ""Z"""\n'
    assert rows(data) == [(2, "A\nB", "X"), (5, "C", 'Y "Z"')]


@pytest.mark.parametrize("end", [b'"A,X\nB,Y\n', b'C,"X', b'A,X\n"B,Y\r\nC,Z\r\n\r\n'])
def test_a_quotation_mark_that_nothing_closes_is_told_though_the_file_ends(end):
    assert refusal(b"Name,City\n" + end) == "file-broken"


def test_quotation_marks_as_programs_write_them_are_read():
    assert rows(b'Name,City\nA "the" B,X\n"C"x,"Y\nZ"') == [(2, 'A "the" B', "X"), (3, "Cx", "Y\nZ")]


def test_mixed_line_ends_and_short_and_long_rows():
    assert rows(b"Name,City\r\nA,X\nB\rC,Y,more\r\n") == [(2, "A", "X"), (3, "B", ""), (4, "C", "Y")]


def test_a_letter_cut_between_two_pieces(monkeypatch):
    monkeypatch.setattr("node.files.decoding.CHUNK", 3)
    assert rows("Name,City\nZoë,Köln €\n".encode()) == [(2, "Zoë", "Köln €")]
    assert rows("Name,City\nZoë,Köln €\n".encode("cp1252")) == [(2, "Zoë", "Köln €")]


@pytest.mark.parametrize("data", [b"", b"   \r\n  ", b"\xef\xbb\xbf", b"\n\n"])
def test_empty_files(data):
    assert refusal(data) == "file-empty"


@pytest.mark.parametrize(
    "data",
    [
        b"Name,City\nA\x00B,X\n",
        "Name,City\nZoë,Köln\n".encode() + "Jörg,Köln\n".encode("cp1252"),  # two encodings in one file
        b"Name,City\n" + b"\x81\x8d,X\n",  # no letters in Windows-1252
        "Name,City\nA,B\n".encode("utf-32"),
        "Name,City\nA,B\n".encode("utf-16")[:-1],
    ],
)
def test_letters_that_cannot_be_read(data):
    assert refusal(data) == "file-encoding"


def test_limits_of_rows_columns_cells_and_lines(monkeypatch):
    assert refusal(b",".join([b"Name"] * 401) + b"\n") == "file-limit"
    monkeypatch.setattr(table, "MAX_ROWS", 3)
    assert refusal(b"Name,City\n" + b"A,B\n" * 4) == "file-limit"
    assert len(rows(b"Name,City\n" + b"A,B\n" * 3)) == 3  # control: one fewer is read
    monkeypatch.setattr(table, "_MAX_LINE", 1000)
    assert refusal(b"Name,City\n" + b"A" * 200_000) == "file-limit"


def test_a_quotation_mark_left_open_does_not_eat_the_file():
    before = csv.field_size_limit()
    assert refusal(b'Name,City\nA,B\n"C,' + b"D,E\n" * 400_000) == "file-broken"
    assert csv.field_size_limit() == before


def test_long_cells_are_read_and_the_limit_of_the_process_is_put_back():
    before = csv.field_size_limit()
    assert len(rows(b"Name,City\n" + b"A" * 900_000 + b",B\n")[0][1]) == 900_000
    assert csv.field_size_limit() == before
    assert before < 900_000  # control: without the room it would have failed


def test_progress_counts_bytes():
    seen = []
    data = b"Name,City\n" + b"A,B\n" * 50_000
    rows(data, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == len(data)
