"""Files and functions stay short enough to be read at once; names say what a module is about."""

import ast
import statistics

import pytest

from tests.house.sources import PACKAGES, ROOT, files, functions, tree

MOST_LINES = 600
NOT_A_NOUN = {"utils", "util", "helpers", "helper", "common", "misc", "stuff", "tools"}


def _lines(path):
    return path.read_text("utf-8").count("\n")


def _share(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def too_long(paths):
    return [f"{path}: {count} lines" for path in paths if (count := _lines(path)) > MOST_LINES]


def test_no_file_is_longer_than_600_lines():
    ours = list(files(".py", ".sol", ".js", ".css", ".html", ".sql"))
    assert len(ours) > 200
    assert too_long(ours) == []


def test_control_a_long_file_is_found(tmp_path):
    long = tmp_path / "long.py"
    long.write_text("x = 1\n" * (MOST_LINES + 1))
    assert len(too_long(files(".py", root=tmp_path))) == 1


def test_modules_are_short():
    sizes = {path: _lines(path) for path in files(".py", under=PACKAGES)}
    assert statistics.median(sizes.values()) <= 150
    longest = sorted(sizes, key=sizes.__getitem__)[-5:]
    assert _share(sizes.values(), 0.95) <= 450, [f"{path.relative_to(ROOT)}: {sizes[path]}" for path in longest]


def test_functions_are_short():
    lengths = [(length, f"{path.relative_to(ROOT)}:{name}") for path in files(".py", under=PACKAGES) for name, length in functions(path)]
    assert _share([length for length, _ in lengths], 0.95) <= 45, sorted(lengths)[-5:]
    assert max(lengths)[0] <= 90, max(lengths)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_named_for_nothing(package):
    assert [str(path) for path in files(".py", under=(package,)) if path.stem in NOT_A_NOUN or path.parent.name in NOT_A_NOUN] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_what_it_is(package):
    silent = [
        str(path.relative_to(ROOT)) for path in files(".py", under=(package,)) if path.stat().st_size and not ast.get_docstring(tree(path))
    ]
    assert silent == []
