"""What an Idempotency-Key holds for: a day, and for good where money is moved or counted."""

import asyncio
from types import SimpleNamespace

import pytest

from node.api.table import ROUTES
from node.app.node import Node
from node.store.operations import KEPT_MS
from node.store.store import Store

KEY = bytes(32)


def test_money_is_known():
    assert {route.path for route in ROUTES if route.money} == {"/chain/deposit", "/orders/{order}/confirm-payment"}


@pytest.mark.parametrize(("permanent", "times"), [(True, 1), (False, 2)])
def test_money_is_moved_once_however_late_the_second_try(tmp_path, permanent, times):
    now = [1_700_000_000_000]
    store = Store.open(tmp_path / "node.db", KEY, None, clock=lambda: now[0])
    node = SimpleNamespace(opened=lambda: SimpleNamespace(store=store))
    done = []

    async def ask(key, kept):
        return await Node.write_once(node, key, b"body", kept, lambda _: done.append(key) or len(done))

    assert asyncio.run(ask("the-deposit", permanent)) == b"1"
    now[0] += KEPT_MS + 1
    asyncio.run(ask("another", False))
    done.remove("another")
    asyncio.run(ask("the-deposit", permanent))
    store.close()
    assert len(done) == times
