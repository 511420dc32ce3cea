"""The protocol's index names every page, every file of vectors and every module."""

import re

from tests.house.sources import ROOT

INDEX = (ROOT / "docs/protocol/README.md").read_text("utf-8")


def test_every_page_vector_file_and_module_is_in_the_index():
    linked = set(re.findall(r"\]\(([^)]+)\)", INDEX))
    named = set(re.findall(r"`(?:protocol/)?([\w.]+)`", INDEX))
    folder = ROOT / "docs/protocol"
    assert {str(path.relative_to(folder)) for path in [*folder.glob("[!R]*.md"), *folder.glob("diagrams/*.mmd")]} == linked
    assert {path.stem for path in (ROOT / "tests/vectors").glob("*.json")} - named == set()
    modules = {path.name for path in (ROOT / "protocol").glob("*.py")} - {"__init__.py", "errors.py", "machine.py"}
    assert modules - named == set()
