"""An anchor on a real chain: sent by the sender, told by the watcher, read from the store as a service reads it."""

import pytest

from node.chain.contracts import Addresses, build
from node.chain.watcher import Watch, Watcher
from node.store.anchors import Anchors
from protocol.anchor import Anchor
from tests.node.chain import parts
from tests.node.chain.test_watcher import settle

pytestmark = pytest.mark.asyncio
FEED, ROOT, STATE = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32


async def test_what_is_anchored_is_what_is_read(chain, client, store):
    key, facts = parts.funded(chain), parts.Facts()
    watcher = Watcher(client, store, Watch(parts.addresses(chain), (), chain.number()), facts)
    await watcher.step()
    sender, _ = parts.sender(client, store, chain, key)
    await parts.ask(store, b"\x09" * 32, "anchors.anchor", FEED, 7, ROOT, STATE)
    done = await parts.until(sender, store, b"\x09" * 32, "finalized")
    await settle(watcher, chain, done.block)
    assert [(fact.name, fact.status) for fact in facts.seen] == [("Anchored", "confirmed"), ("Anchored", "finalized")]
    assert facts.seen[0].values == {"log": FEED, "by": key.address, "size": 7, "root": ROOT, "state": STATE}
    [row] = await store.read(lambda unit: Anchors(unit.db).of(FEED, key.address, 5))
    assert (row.anchor, row.by, row.final, row.block) == (Anchor(FEED, 7, ROOT, STATE), key.address, True, done.block)
    assert await store.read(lambda unit: Anchors(unit.db).of(FEED, b"\x05" * 20, 5)) == []
    assert await store.read(lambda unit: Anchors(unit.db).of(STATE, key.address, 5)) == []


async def test_an_empty_log_is_refused_by_the_contract(chain, client, store):
    key = parts.funded(chain)
    sender, _ = parts.sender(client, store, chain, key)
    await parts.ask(store, b"\x08" * 32, "anchors.anchor", FEED, 0, ROOT, STATE)
    refused = await parts.until(sender, store, b"\x08" * 32, "refused")
    assert refused.code == "nothing-to-anchor"
    assert refused.detail.startswith("An empty catalog has nothing")


async def test_a_chain_without_anchors_has_no_such_call(chain):
    found = parts.addresses(chain)
    with pytest.raises(ValueError, match="no CatalogAnchors"):
        build("anchors.anchor", (FEED, 1, ROOT, STATE), Addresses(found.gms, found.vault))
