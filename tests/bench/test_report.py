"""The form of what benchmarks tell, and that a missed bar ends a benchmark with 1."""

import json
from pathlib import Path

import pytest

from bench.report import Asked, Figure, Report, main, timed


def report(value=1.0, unit="s", bar=2.0):
    return Report("example", {"orders": 10}, {"placed": Figure(value, unit, bar, {"plain SQLite": 0.25})})


def run(*arguments, told=None, **options):
    asked = []

    def measure(given):
        asked.append(given)
        return told or report()

    return main(__doc__, measure, arguments=list(arguments), **options), asked


@pytest.mark.parametrize(
    ("figure", "ok"),
    [
        (Figure(2.0, "s", 2.0), True),
        (Figure(2.01, "s", 2.0), False),
        (Figure(5.0, "1/s", 5.0), True),
        (Figure(4.9, "MB/s", 5.0), False),
        (Figure(1e9, "s"), True),
    ],
)
def test_a_figure_meets_its_bar(figure, ok):
    assert figure.ok is ok
    assert figure.document()["ok"] is ok


def test_the_document(capsys):
    assert run("--json")[0] == 0
    figure = {"value": 1.0, "unit": "s", "beside": {"plain SQLite": 0.25}, "bar": 2.0, "ok": True}
    assert json.loads(capsys.readouterr().out) == {"name": "example", "size": {"orders": 10}, "figures": {"placed": figure}}


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_missed_bar_is_told_and_ends_with_one(capsys, form):
    assert run(*form, told=report(value=3.0))[0] == 1
    assert ('"ok": false' if form else "MISSED") in capsys.readouterr().out


def test_the_table_shows_each_figure_and_what_is_beside_it():
    lines = report().table().splitlines()
    assert lines[0] == "example: 10 orders"
    assert lines[2].split() == ["placed", "1.0", "2.0", "s"]
    assert lines[3].split() == ["plain", "SQLite", "0.25"]


def test_what_is_asked():
    assert run()[1] == [Asked()]
    assert run("--quick", "--only", "first", parts=("first", "second"))[1] == [Asked(quick=True, only=("first",))]
    assert (Asked(quick=True).scaled(100), Asked().scaled(100)) == (10, 100)
    assert run("--keep", "there", keeps=True)[1] == [Asked(keep=Path("there"))]
    assert Asked().wants("second")
    assert not Asked(only=("first",)).wants("second")


def test_another_process_of_a_benchmark_measures_nothing():
    served = []
    code, asked = run("--serve", "here", inner={"--serve": served.append})
    assert (code, asked, served) == (0, [], ["here"])


def test_the_time_of_work():
    took = timed(lambda: sum(range(1000)))
    assert took.answer == 499500
    assert took.wall > 0
    assert took.processor >= 0
