"""Each battery, shortened: nothing fails, and the planted fault is caught."""

import pytest

from tests.battery.registry import NAMES, perform

SHORTENED = [name for name in NAMES if name != "demo"]  # tests/integration/test_demo.py plays two of its combinations


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORTENED)
def test_battery(name):
    outcome = perform(name, short=True)
    assert outcome.failures == []
    assert outcome.control_caught
