"""docs/network.md and docs/protocol/session.md name every setting and every code of the code."""

import re
from dataclasses import fields
from pathlib import Path

from node.net.config import Budget, NetConfig

ROOT = Path(__file__).parents[3]
NETWORK = (ROOT / "docs/network.md").read_text()
SESSION = (ROOT / "docs/protocol/session.md").read_text()


def test_every_setting_is_documented():
    names = {field.name for kind in (NetConfig, Budget) for field in fields(kind)}
    assert {name for name in names if f"`{name}`" not in NETWORK} == set()


def test_every_code_is_documented():
    sources = [*(ROOT / "node/net").rglob("*.py"), ROOT / "protocol/session.py"]
    ours = {"bad-deadline", "closed"}  # LocalErrors of the session: bugs of the caller, never shown or sent
    found = {code for source in sources for code in re.findall(r'code="([a-z-]+)"', source.read_text())} - ours
    assert len(found) > 12
    assert {code for code in found if f"`{code}`" not in NETWORK + SESSION} == set()


def test_control_a_code_nobody_documented_is_found():
    assert "`no-such-code`" not in NETWORK + SESSION
