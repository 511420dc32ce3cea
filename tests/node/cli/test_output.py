"""What peers wrote reaches the terminal as text: it steers nothing and breaks nothing."""

import json
import sys
from datetime import datetime
from types import SimpleNamespace

import pytest

from node.cli import brand
from node.cli.output import Output

HOSTILE = ["[/nothing]", "[red]alert[/red]", "[link=https://example.org]here[/link]", "\x1b]0;title\x07", "\x9b31m", "a\u202eb"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_is_never_markup_and_never_a_control(monkeypatch, capsys, text) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    Output().show([{"name": text}], ["name"])
    Output().show({"name": text})
    Output().show(text)
    Output().say(f"paired with {text}\nand more")
    shown = capsys.readouterr()
    expected = "".join(letter if letter.isprintable() else "�" for letter in text)
    assert shown.out.count(expected) == 3
    assert shown.err == f"paired with {expected}\nand more\n"


def test_times_of_a_table_are_read_by_people_and_stay_numbers_for_programs(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    rows = [{"name": "a", "due": 1_700_000_000_000, "size": 1_700_000_000_000}, {"name": "b", "due": 0, "size": 0}]
    Output().show(rows, ["name", "due", "size"])
    _, first, second = capsys.readouterr().out.splitlines()
    name, due, size = first.split("\t")
    assert datetime.fromisoformat(due).timestamp() == 1_699_999_980  # the minute of it
    assert (name, size, second) == ("a", "1700000000000", "b\t\t0")
    Output().show([{"asked": True, "until": 2**62}], ["asked", "until"])
    assert capsys.readouterr().out.splitlines()[1] == f"True\t{2**62}"
    Output(as_json=True).show(rows, ["name", "due", "size"])
    assert json.loads(capsys.readouterr().out) == rows


def test_times_of_one_record_are_read_by_people_too(capsys) -> None:
    record = {"synced_at": 1_700_000_000_000, "until": 0, "as_of": 1_700_000_000_000, "compare_at": 1_700, "size": 1_700_000_000_000}
    Output().show(record)
    shown = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines() if len(line.split()) > 1)
    assert [datetime.fromisoformat(shown[name]).timestamp() for name in ("synced_at", "as_of")] == [1_699_999_980] * 2
    assert (shown["compare_at"], shown["size"], "until" in shown) == ("1700", "1700000000000", False)
    Output(as_json=True).show(record)
    assert json.loads(capsys.readouterr().out) == record


def test_a_text_of_several_lines_stays_in_its_column(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    Output().show({"id": "1", "description": "A cream.\n\n\x1b[31mNo\rperfume"})
    assert capsys.readouterr().out == ("id           1\ndescription  A cream.\n             \n             �[31mNo\n             perfume\n")
    Output().show([{"id": "1", "text": "a\nb\tc"}], ["id", "text"])
    assert capsys.readouterr().out == "id\ttext\n1\ta b�c\n"


@pytest.mark.parametrize(("names", "shown"), [(("Lumen", "Lumen"), True), (("Lumen", "Nova"), False)])
def test_shops_of_one_name_are_told_apart_among_a_brands_figures(monkeypatch, capsys, names, shown) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False)
    rows = [
        {"period": "2026-10", "merchant": mark * 64, "merchant_name": name, "handle": "soap"}
        for mark, name in zip("ab", names, strict=True)
    ]
    call = SimpleNamespace(client=SimpleNamespace(get=lambda *_, **__: rows), output=Output())
    monkeypatch.setattr(brand, "call_of", lambda _: call)
    brand.figures(None)
    printed = capsys.readouterr().out
    assert [mark * 64 in printed for mark in "ab"] == [shown] * 2
