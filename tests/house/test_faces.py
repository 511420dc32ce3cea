"""One layer of use cases, three faces: what the API offers is reachable by a command and from a page, or it is listed here with the reason."""

import ast
import re

import pytest

from node.api.table import ROUTES
from tests.house.sources import files, tree

NO_PAGE = {
    "node.open_link": "it is the way onto the page",
    "today.list_outbox": "orders and Today show what waits, each beside what it concerns",
    "catalog_following.sync": "a page that shows a catalog has it synced by itself",
    "browse.list_products": "the page finds products by searching",
    "browse.list_offers": "pages show offers within their products",
    "segments.get_segment": "the page of segments shows each with its filters",
    "grants.consent_receipt": "not built yet",
    "chain.connect": "done once, by who runs the machine",
    "chain.faucet": "for test chains, by who runs the machine",
}
NO_COMMAND = {
    "plans.get_plan": "the list shows whole plans",
    "claims.list_claimable": "`commission claim` takes what is claimable",
    "restore.begin": "`backup restore` does it where no node runs",
    "restore.view": "`backup restore` shows it itself",
    "restore.stop": "`backup restore` ends with Ctrl-C",
}


def told(node):
    """A path as a command writes it, with a NUL where a value stands."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
    return ""


def commands():
    nodes = (node for path in files(".py", under=("node/cli",)) if "demo" not in path.parts for node in ast.walk(tree(path)))
    return {text.partition("?")[0] for node in nodes if (text := told(node)).startswith("/")}


def pages():
    nodes = [node for path in files(".py", under=("node/web",)) for node in ast.walk(tree(path))]
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)} | {node.id for node in nodes if isinstance(node, ast.Name)}


def reached(path, known):
    pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", path))
    return any(pattern.fullmatch(text) for text in known)


def test_each_use_case_has_a_command():
    known = commands()
    assert {route.name for route in ROUTES if not reached(route.path, known)} - NO_COMMAND.keys() == set()


def test_each_use_case_has_a_page():
    known = pages()
    assert {route.name for route in ROUTES if route.run.__name__ not in known} - NO_PAGE.keys() == set()


def test_control_a_path_nobody_calls_is_found():
    assert not reached("/orders/{order}/frame", commands())
    assert reached("/orders/{order}/place", commands())


@pytest.mark.parametrize("exceptions", [NO_PAGE, NO_COMMAND])
def test_the_exceptions_are_use_cases(exceptions):
    assert exceptions.keys() - {route.name for route in ROUTES} == set()
