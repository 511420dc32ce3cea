"""The pages drawn from the program say what the program does today, and no link in the documentation leads nowhere."""

import json
import re
from pathlib import Path

import pytest

from tests.house.pages import PAGES, interface
from tests.house.raised import raised
from tests.house.sources import ROOT, files

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)|<img[^>]+src=\"([^\"]+)\"|<source[^>]+srcset=\"([^\"]+)\"")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_drawn_page_is_up_to_date(name):
    assert (ROOT / "docs" / name).read_text("utf-8") == PAGES[name](), f"docs/{name} is not what the program says now: run `make docs`"


def test_every_error_has_a_code_and_words():
    found, known = raised()
    assert len(known) > 10
    assert len(found) > 100
    assert [code for code in found if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)] == []
    assert {code for code, entry in found.items() if not entry.where and entry.kinds} <= DEFAULTS


DEFAULTS = {
    "error", "refused", "invalid", "protocol", "unavailable", "integrity", "reverted", "transaction-refused", "wrong-chain", "bad-signature", "conflict", "malformed", "unauthorized", "locked", "not-found", "expired", "illegal-transition", "out-of-order"
}  # fmt: skip
"""Codes of classes, that an error without one of its own has."""


def test_control_an_undocumented_code_is_noticed(tmp_path):
    odd = tmp_path / "odd.py"
    odd.write_text(
        'class UserError(NodeError):\n    code = "refused"\n\nclass NodeError(Exception):\n    pass\n\nraise UserError(f"no {1}", code="brand-new")\n'
    )
    found, _ = raised({"odd": odd})
    assert found["brand-new"].says == {"no …"}
    assert "`brand-new`" not in (ROOT / "docs/errors.md").read_text("utf-8")


def test_the_interface_is_json_and_names_every_operation_once():
    operations = [operation["operationId"] for path in interface()["paths"].values() for operation in path.values()]
    assert len(operations) == len(set(operations)) > 20
    json.dumps(interface())


def anchors(page):
    """The fragment names of a page's headings, as forges make them."""
    shown = (re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", title).strip().lower() for title in HEADING.findall(page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in shown}


def broken(root):
    """Links in Markdown files that lead to no file or no heading."""
    found = []
    for page in files(".md", root=root):
        text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
        for match in LINK.finditer(text):
            target = next(part for part in match.groups() if part)
            if re.match(r"[a-z]+:", target):
                continue
            name, _, fragment = target.partition("#")
            there = (page.parent / name) if name else page
            if not there.exists() or (fragment and there.suffix == ".md" and fragment not in anchors(there)):
                found.append(f"{page.relative_to(root)}: {target}")
    return found


def test_every_link_leads_somewhere():
    assert broken(ROOT) == []


def test_control_a_broken_link_is_found(tmp_path):
    (tmp_path / "page.md").write_text("# One two\n[a](#one-two) [b](#three) [c](page.md) [d](none.md) ![e](no.png)\n")
    assert broken(tmp_path) == ["page.md: #three", "page.md: none.md", "page.md: no.png"]


def test_every_page_is_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        for match in LINK.finditer(page.read_text("utf-8")):
            target = (page.parent / next(part for part in match.groups() if part).partition("#")[0]).resolve()
            if target.suffix == ".md" and target.is_file():
                waiting.append(target)
    every = set(files(".md", under=("docs",))) | {ROOT / name for name in ("ARCHITECTURE.md", "GOALS.md", "CHANGELOG.md")}
    assert {str(page.relative_to(ROOT)) for page in every - reached} == set()


def make_targets():
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "docs/developing.md"])
def test_the_commands_a_page_names_exist(page):
    text = (ROOT / page).read_text("utf-8")
    named = set(re.findall(r"\bmake ([a-z]+)", " ".join(re.findall(r"`[^`]+`|```.*?```", text, re.DOTALL))))
    assert named - make_targets() == set()
    for module in re.findall(r"python -m ((?:tests|bench)[\w.]*)", text):
        path = ROOT / Path(*module.split("."))
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
    commands = set(re.findall(r"^#+ `gemstra ([a-z -]+)`$", (ROOT / "docs/cli.md").read_text("utf-8"), re.MULTILINE))
    for words in re.findall(r"`gemstra ([a-z]+(?: [a-z]+)?)", text):
        assert words in commands or words.split()[0] in commands, words
