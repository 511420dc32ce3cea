"""The stages of a node, without what runs while it is open."""

import pytest

from node.app.node import Node
from node.config import Config
from node.web.page import Stage, clock_ms
from node.web.sessions import Sessions

pytestmark = pytest.mark.asyncio


async def test_locking_ends_every_page_whoever_locks(tmp_path):
    """The command line's `lock` as well as the page's: afterwards a page needs a new one-time code."""
    node = Node(Config(tmp_path))
    node.sessions = Sessions(clock_ms)
    session, code = node.sessions.start(), node.sessions.issue_code()
    assert node.sessions.find(session.id) is session
    assert node.stage() is Stage.NEW
    await node.lock()
    assert node.sessions.find(session.id) is None
    assert node.sessions.redeem(code) is None
