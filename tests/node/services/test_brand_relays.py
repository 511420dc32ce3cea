"""A brand's feed reaches sellers through their merchants: the brand's signatures hold it, not the merchant's word."""

from dataclasses import replace

import pytest

from node.services import (
    brand_offers,
    brand_plans,
    brand_relays,
    browse,
    catalog,
    catalog_following,
    catalog_serving,
    plans,
    quotes,
    team,
    withdrawals,
)
from node.services.quotes import LineInput
from protocol.errors import ProtocolError
from protocol.feed import Hop, Relayed
from protocol.identity import DeviceRevoked, replay, sign_entry
from protocol.log import sign_checkpoint, verify_checkpoint

from .shop import WINDOW, file
from .test_brand_offers import BOUNDS, Trade


class Chain(Trade):
    """`ana` sells for `lumen`, which sells what `solis` makes."""

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.ana = self.seller("ana")

    def seller(self, name):
        """A new one, whom `lumen` accepts and who was shown what it relays."""
        made = self.world.node(name)
        self.world.pair(self.lumen, made)
        made.write(catalog_following.sync)
        made.write(team.join, merchant=self.lumen.identity)
        self.deliver()
        [member] = [found.member for found in self.lumen.read(team.list_members) if found.status == "asked"]
        self.lumen.write(team.accept_member, member=bytes.fromhex(member))
        self.deliver()
        return made

    def feed(self, node):
        """How far a node is with the brand's feed."""
        return next((row for row in node.read(lambda unit: unit.catalog.feeds(own=False)) if row.identity == self.solis.identity), None)

    def grow(self, **prices):
        self.solis.write(catalog.import_products, file=file(**prices), currency="USD")


@pytest.fixture
def chain(tmp_path):
    made = Chain(tmp_path)
    yield made
    made.world.close()


def test_a_seller_has_the_brands_feed_as_its_merchant_has(chain):
    mine, theirs = chain.feed(chain.ana), chain.feed(chain.lumen)
    assert mine.checkpoint == theirs.checkpoint is not None
    assert mine.error == ""
    assert [plan.brand_name for plan in chain.ana.read(brand_plans.list_bounds) if plan.current] == ["solis"]
    assert chain.ana.read(lambda unit: unit.peers.by_identity(chain.solis.identity)) is None


def test_what_the_brand_changes_goes_on_to_sellers_by_itself(chain):
    chain.grow(cream=5200, balm=900)
    chain.deliver()
    assert chain.feed(chain.ana).checkpoint == chain.feed(chain.lumen).checkpoint
    chain.solis.write(brand_plans.publish_bounds, **{**BOUNDS, "name": "launch"})
    chain.deliver()
    assert "launch" in {plan.name for plan in chain.ana.read(brand_plans.list_bounds)}


def test_a_seller_that_was_away_is_shown_the_heads_between(chain):
    chain.ana.online = False
    for number in range(4):
        chain.grow(cream=5200, **{f"balm{number}": 900})
        chain.deliver()
    before = chain.feed(chain.ana).size
    heads = chain.lumen.read(lambda unit: unit.brands.heads(chain.feed(chain.lumen).feed, before))
    assert len(heads) == 4
    chain.ana.online = True
    chain.deliver()
    assert chain.feed(chain.ana).size == chain.feed(chain.lumen).size == heads[-1].size
    assert chain.feed(chain.ana).error == ""


@pytest.mark.parametrize("lie", ["", "left out", "twice"])
def test_more_heads_than_a_page_shows_are_fetched_before_it(chain, monkeypatch, lie):
    """Control: a relay that leaves one out, or shows the same again, is refused and named."""
    monkeypatch.setattr(brand_relays, "MOST_HOPS", 2)
    chain.ana.online = False
    for number in range(6):
        chain.grow(cream=5200, **{f"balm{number}": 900})
        chain.deliver()
    before = chain.feed(chain.ana)
    honest = brand_relays.hops
    change = {"": lambda found: found, "left out": lambda found: found[1:], "twice": lambda found: (found[0], *found)}[lie]
    with monkeypatch.context() as patch:
        patch.setattr(brand_relays, "hops", lambda *given: change(honest(*given)))
        chain.ana.online = True
        chain.deliver()
    asked = [body for *_, body, _ in chain.world.carried if b"catalog.hops-request" in body]
    if lie:
        assert (chain.feed(chain.ana).error, chain.feed(chain.ana).size) == (
            {"left out": "bad-proof", "twice": "no-progress"}[lie],
            before.size,
        )
    else:
        assert len(asked) == 2
        assert (chain.feed(chain.ana).error, chain.feed(chain.ana).size) == ("", chain.feed(chain.lumen).size)


@pytest.mark.parametrize(("lie", "code"), [("left out", "bad-proof"), ("by its own hand", "not-live")])
def test_a_relay_that_leaves_out_a_head_or_forges_one_is_refused(chain, monkeypatch, lie, code):
    chain.ana.online = False
    for number in range(3):
        chain.grow(cream=5200, **{f"balm{number}": 900})
        chain.deliver()
    before = chain.feed(chain.ana)
    honest = brand_relays.way

    def lying(*args):
        proof, hops = honest(*args)
        if not hops or lie == "left out":
            return proof, hops and hops[1:]
        forged = sign_checkpoint(chain.lumen.keys.device, verify_checkpoint(hops[0].checkpoint))
        return proof, (replace(hops[0], checkpoint=forged.raw), *hops[1:])

    monkeypatch.setattr(catalog_serving.brand_relays, "way", lying)
    chain.ana.online = True
    chain.deliver()
    assert (chain.feed(chain.ana).error, chain.feed(chain.ana).size) == (code, before.size)


def test_heads_between_are_refused_where_none_was_accepted_before(chain, monkeypatch):
    head = chain.feed(chain.lumen).checkpoint
    monkeypatch.setattr(catalog_serving.brand_relays, "way", lambda *_: ((), (Hop(head, ()),)))
    ben = chain.seller("ben")
    assert (chain.feed(ben).error, chain.feed(ben).size) == ("no-progress", 0)
    monkeypatch.undo()
    ben.write(catalog_following.sync)
    chain.deliver()
    assert (chain.feed(ben).error, chain.feed(ben).size) == ("", chain.feed(chain.lumen).size)


def test_a_head_that_a_relay_never_took_is_unknown_to_it(chain):
    row = chain.feed(chain.lumen)
    with pytest.raises(ProtocolError) as caught:
        chain.lumen.read(brand_relays.way, row, 1, row.size)
    assert caught.value.code == "unknown-head"


def shown(chain):
    [item] = chain.lumen.read(brand_relays.relayed)
    return item


def took(chain, item):
    peer = chain.ana.read(lambda unit: unit.peers.by_identity(chain.lumen.identity))
    return chain.ana.write(brand_relays.take_relayed, peer, [item])


def test_a_root_log_of_somebody_else_is_refused(chain):
    merchant = chain.lumen.read(lambda unit: unit.peers.presentation())
    item = shown(chain)
    for lie, code in (
        (replace(item, presentation=merchant), "wrong-identity"),
        (replace(item, presentation=merchant, feed=replace(item.feed, identity=chain.lumen.identity)), "wrong-role"),
    ):
        with pytest.raises(ProtocolError) as caught:
            took(chain, lie)
        assert caught.value.code == code


def test_bounds_that_the_brand_did_not_sign_are_refused(chain):
    other = chain.world.node("other", "brand")
    other.write(brand_plans.publish_bounds, **BOUNDS)
    [forged] = other.read(lambda unit: unit.brands.plans())
    with pytest.raises(ProtocolError) as caught:
        took(chain, replace(shown(chain), plans=(forged.raw,)))
    assert caught.value.code == "not-live"
    assert forged.hash not in {record.hash for record in chain.ana.read(lambda unit: unit.brands.plans())}


def test_a_feed_of_an_earlier_device_than_the_one_followed_is_refused(chain):
    item = shown(chain)
    later, between = (replace(item, feed=replace(item.feed, incarnation=writer)) for writer in (9, 5))
    assert took(chain, later) == (later.feed.id,)
    for earlier in (item, between):
        with pytest.raises(ProtocolError) as caught:
            took(chain, earlier)
        assert caught.value.code == "rollback"
    assert chain.ana.read(lambda unit: unit.catalog.feed(between.feed.id)) is None


def test_bounds_that_a_revoked_device_signed_are_left_out_and_those_known_stay(chain):
    """Its brand signs them anew by another device; until then the feed is followed on."""
    known = chain.ana.read(lambda unit: {record.hash for record in unit.brands.plans()})
    chain.solis.write(brand_plans.publish_bounds, **{**BOUNDS, "name": "stolen"})
    plans_ = tuple(record.raw for record in chain.solis.read(lambda unit: unit.brands.plans()))
    item = shown(chain)
    state = replay(item.presentation.inception, item.presentation.entries)
    lost = sign_entry(state, chain.solis.root, DeviceRevoked(chain.solis.keys.device.public, "lost"), created=chain.world.clock.now)
    presentation = replace(item.presentation, entries=(*item.presentation.entries, lost.raw))
    assert took(chain, replace(item, presentation=presentation, plans=plans_)) == (item.feed.id,)
    assert len(plans_) > len(known)
    assert chain.ana.read(lambda unit: {record.hash for record in unit.brands.plans()}) == known


def test_a_feed_that_is_relayed_no_more_is_asked_for_no_more(chain):
    item = shown(chain)
    assert took(chain, item) == (item.feed.id,)
    peer = chain.ana.read(lambda unit: unit.peers.by_identity(chain.lumen.identity))
    assert chain.ana.write(brand_relays.take_relayed, peer, []) == ()
    assert chain.ana.read(lambda unit: unit.brands.relays(item.feed.id)) == []


def test_a_seller_relays_nothing_and_a_merchant_takes_no_relay(chain):
    assert chain.ana.read(brand_relays.relayed) is None
    peer = chain.lumen.read(lambda unit: unit.peers.by_identity(chain.ana.identity))
    assert chain.lumen.write(brand_relays.take_relayed, peer, [shown(chain)]) == ()
    assert isinstance(shown(chain), Relayed)


# --- an offer through the chain


def test_a_seller_orders_a_brands_product_and_is_refused_once_it_is_withdrawn(chain):
    chain.offer()
    chain.deliver()
    [offer] = chain.ana.read(brand_offers.list_brand_offers)
    assert (offer.title, offer.brand_name, offer.refusal) == ("Product cream", "solis", "")
    assert "cream" in {item.sku for item in chain.ana.read(browse.list_offers, purchasable=True)}
    [view] = [item for item in chain.ana.read(browse.list_products).products if item.title == "Product cream"]
    assert (view.merchant_name, [(item.sku, item.price, item.refusal) for item in view.variants]) == ("lumen", [("cream", 5200, "")])
    lines = [LineInput("cream", 1)]
    order = bytes.fromhex(chain.ana.write(quotes.draft, merchant=chain.lumen.identity, lines=lines, pickup=True).id)
    chain.deliver()
    chain.ana.write(quotes.place, order=order)
    chain.solis.write(withdrawals.withdraw, handle="cream", reason="The glass may splinter.")
    chain.deliver()
    [offer] = chain.ana.read(brand_offers.list_brand_offers)
    assert (offer.code, offer.stock) == ("withdrawn", "out")
    assert "The glass may splinter." in offer.refusal
    [view] = [item for item in chain.ana.read(browse.list_products).products if item.title == "Product cream"]
    assert "The glass may splinter." in view.variants[0].refusal
    assert "cream" not in {item.sku for item in chain.ana.read(browse.list_offers, purchasable=True)}
    with pytest.raises(Exception, match="The glass may splinter") as caught:
        chain.ana.write(quotes.draft, merchant=chain.lumen.identity, lines=lines, pickup=True)
    assert caught.value.code == "withdrawn"


def test_a_seller_holds_the_offer_against_the_bounds_though_its_merchant_signed_it(chain, monkeypatch):
    """A merchant whose node doesn't look signs a plan outside the bounds: the seller's node sees it."""
    chain.offer()
    monkeypatch.setattr(brand_offers, "check_plan_of_offers", lambda *_: None)
    chain.lumen.write(plans.publish_plan, currency="USD", direct_bps=500, level_bps=[], return_window_ms=WINDOW)
    chain.deliver()
    [offer] = chain.ana.read(brand_offers.list_brand_offers)
    assert offer.code == "outside-bounds"
    with pytest.raises(Exception, match="brand asks for 15 %") as caught:
        chain.ana.write(quotes.draft, merchant=chain.lumen.identity, lines=[LineInput("cream", 1)], pickup=True)
    assert caught.value.code == "outside-bounds"
