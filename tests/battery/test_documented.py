"""docs/batteries.md lists the batteries there are."""

import re
from pathlib import Path

from tests.battery.registry import NAMES, module

PAGE = Path(__file__).parents[2] / "docs" / "batteries.md"


def test_every_battery_is_on_the_page_and_has_its_parts():
    assert re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE) == list(NAMES)
    for name in NAMES:
        battery = module(name)
        assert battery.FULL >= battery.SHORT > 0
        assert callable(battery.run)
        assert callable(battery.control)
        assert battery.__doc__
