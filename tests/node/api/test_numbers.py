"""Numbers that no record can hold are refused by name, wherever they are written: in a path, a query, a body, a store."""

import pytest

from node.api.routes import Route
from node.errors import UserError
from tests.node.services.world import World


def by_query(unit, before: int = 0) -> int:
    """A use case with a number."""
    return before


@pytest.mark.parametrize("given", ["--5", "", "1.5", "٣", "9" * 5000])
def test_what_is_no_whole_number_is_a_bad_request(given) -> None:
    for path, query in (("/rows", {"before": given}), ("/rows/{before}", {})):
        route = Route("GET", path, by_query, kind="read")
        with pytest.raises(UserError) as caught:
            route.arguments({"before": given} if not query else {}, query, b"")
        assert caught.value.code == "bad-request"


@pytest.mark.parametrize("given", ["-5", "0", "9" * 18])
def test_a_whole_number_is_taken(given) -> None:
    assert Route("GET", "/rows/{before}", by_query, kind="read").arguments({"before": given}, {}, b"") == {"before": int(given)}


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_one_that_the_store_cannot_hold_is_named_and_nothing_is_kept(tmp_path, number) -> None:
    world = World(tmp_path)
    node = world.node("ana")

    def write(unit):
        unit.settings.set("before", 1)
        unit.db.execute("SELECT ?", (number,))

    for run in (node.write, node.read):
        with pytest.raises(UserError) as caught:
            run(write if run == node.write else lambda unit: unit.db.execute("SELECT ?", (number,)))
        assert caught.value.code == "out-of-range"
    assert node.read(lambda unit: unit.settings.get("before")) is None
    world.close()
