"""An order between two real stores, from the draft to its end, and what each side refuses on the way."""

from dataclasses import replace

import pytest

from node.errors import ConflictError, NotFound, UserError
from node.services import catalog, fulfilment, orders, payments, plans, quotes, today

from .shop import CUSTOMER, WINDOW, file, fund


def test_the_whole_order(shop):
    drafted = shop.draft()
    assert (drafted.status, drafted.next_actor, drafted.customer_name) == ("DRAFT", "merchant", "Grace Hopper")
    shop.world.deliver()
    draft = bytes.fromhex(drafted.id)
    quoted = shop.ana.read(orders.get_order, order=draft)
    assert (quoted.status, quoted.total, quoted.base, quoted.shipping, quoted.tax) == ("QUOTED", 10_400, 10_400, 0, 0)
    assert [(line.sku, line.title, line.unit_price, line.total) for line in quoted.lines] == [
        ("cream", "Product cream – Cream", 5200, 5200),
        ("serum", "Product serum – Serum", 2600, 5200),
    ]
    placed = shop.ana.write(quotes.place, order=draft)
    order = bytes.fromhex(placed.id)
    assert order != draft
    shop.world.deliver()
    assert shop.statuses(order) == ("PLACED", "PLACED")
    assert shop.ana.read(orders.get_order, order=draft).id == placed.id
    assert shop.lumen.read(orders.list_orders, attention=True)[0].attention == "to accept"

    accepted = shop.lumen.write(orders.accept, order=order)
    assert accepted.covered
    assert accepted.cover == str(10_400 * 2000 * 10**16 // 10_000)
    shop.world.deliver()
    assert shop.statuses(order) == ("ACCEPTED", "ACCEPTED")
    shop.ana.write(payments.pay_word, order=order)
    shop.world.deliver()
    assert {found.payment.status for found in shop.at(order)} == {"SUBMITTED"}
    shop.lumen.write(payments.confirm_payment, order=order)
    shop.lumen.write(fulfilment.ship, order=order, carrier="DHL", tracking="0034")
    shop.world.deliver()
    assert shop.statuses(order) == ("IN_FULFILMENT", "IN_FULFILMENT")
    mine, theirs = shop.at(order)
    assert mine.parcels == theirs.parcels
    assert (mine.parcels[0].carrier, mine.parcels[0].pieces) == ("DHL", ((0, 1), (1, 2)))
    shop.lumen.write(fulfilment.report, order=order, report="delivered")
    shop.world.deliver()
    assert shop.statuses(order) == ("FULFILLED", "FULFILLED")
    assert [step.state for step in shop.at(order)[0].steps] == ["done"] * 6 + ["current"]
    shop.world.tick(WINDOW - 1)
    assert shop.statuses(order) == ("FULFILLED", "FULFILLED")
    shop.world.tick(1)
    shop.world.deliver()
    mine, theirs = shop.at(order)
    assert (mine.status, theirs.status) == ("COMPLETED", "COMPLETED")
    assert mine.window_ends == theirs.window_ends == mine.hold_until
    assert mine.payment.status == "RELEASED"
    assert {message.state for found in (mine, theirs) for message in found.messages} == {"accepted"}
    assert (mine.next_actor, mine.error, mine.attention, theirs.attention) == ("", "", "", "")
    assert (mine.customer, theirs.customer, theirs.customer_name) == (CUSTOMER.hex(), "", "")


def test_a_pickup(shop):
    order = shop.paid(pickup=True)
    with pytest.raises(ConflictError, match="lay it ready"):
        shop.lumen.write(fulfilment.ship, order=order)
    shop.lumen.write(fulfilment.ready, order=order)
    shop.world.deliver()
    assert shop.at(order)[0].next_actor == "customer"
    shop.lumen.write(fulfilment.hand_over, order=order)
    shop.world.deliver()
    assert shop.statuses(order) == ("FULFILLED", "FULFILLED")


DRAFTS = [
    ([("nothing", 1)], "unknown-sku"),
    ([("", 1)], "unknown-sku"),
    ([("cream", 0)], "bad-quantity"),
    ([("cream", -3)], "bad-quantity"),
    ([("cream", 10**12)], "bad-quantity"),
    ([("gone", 1)], "out-of-stock"),
    ([("cream", 1), ("cream", 2)], "duplicate-sku"),
    ([("cream", 1)] * 300, "too-many-lines"),
]


def test_drafts_that_cannot_be(shop):
    for lines, code in DRAFTS:
        with pytest.raises(UserError) as refused:
            shop.draft(*lines)
        assert refused.value.code == code
    assert shop.ana.read(orders.list_orders) == []


def test_a_draft_for_nobody_or_from_a_stranger(shop):
    for named, code in (({"customer": None}, "no-customer"), ({"customer": bytes(32)}, "not-found")):
        with pytest.raises(UserError) as refused:
            shop.draft(**named)
        assert refused.value.code == code
    cara = shop.world.node("cara")
    line = [quotes.LineInput("cream", 1)]
    with pytest.raises(NotFound, match="not paired"):
        cara.write(quotes.draft, merchant=shop.lumen.identity, lines=line, pickup=True)
    shop.world.pair(shop.lumen, cara)
    with pytest.raises(UserError) as refused:
        cara.write(quotes.draft, merchant=shop.lumen.identity, lines=line, pickup=True)
    assert refused.value.code == "not-a-member"


def test_an_empty_order(shop):
    with pytest.raises(UserError) as refused:
        shop.ana.write(quotes.draft, merchant=shop.lumen.identity, lines=[], customer=CUSTOMER)
    assert refused.value.code == "no-lines"


def test_a_sku_the_merchant_no_longer_sells(shop):
    """Ana's catalog is behind: the merchant refuses, and her draft says so."""
    shop.ana.online = False
    shop.lumen.write(catalog.import_products, file=file(serum=2600), currency="USD", replace_all=True)
    draft = bytes.fromhex(shop.draft(("cream", 1)).id)
    shop.ana.online = True
    shop.world.deliver(only=shop.ana)
    found = shop.ana.read(orders.get_order, order=draft)
    assert (found.status, found.error, found.attention) == ("DRAFT", "unknown-sku", "refused: unknown-sku")
    assert shop.lumen.read(orders.list_orders) == []


def test_a_changed_price_is_shown_and_needs_a_word(shop):
    shop.ana.online = False
    shop.lumen.write(catalog.import_products, file=file(cream=5900, serum=2600), currency="USD")
    draft = bytes.fromhex(shop.draft(("cream", 1)).id)
    shop.ana.online = True
    shop.world.deliver(only=shop.ana)
    with pytest.raises(ConflictError, match=r"5900.*5200") as refused:
        shop.ana.write(quotes.place, order=draft)
    assert refused.value.code == "changed-price"
    placed = shop.ana.write(quotes.place, order=draft, confirm_price=True)
    shop.world.deliver()
    assert shop.at(bytes.fromhex(placed.id))[1].total == 5900


def test_a_changed_plan_is_not_ordered_under(shop):
    shop.ana.online = False
    shop.lumen.write(plans.publish_plan, currency="USD", direct_bps=100, level_bps=[])
    draft = bytes.fromhex(shop.draft().id)
    shop.ana.online = True
    shop.world.deliver(only=shop.ana)
    with pytest.raises(ConflictError) as refused:
        shop.ana.write(quotes.place, order=draft)
    assert refused.value.code == "changed-plan"


def test_an_expired_quote_here_and_there(shop):
    draft = bytes.fromhex(shop.draft().id)
    shop.world.deliver()
    placed = shop.ana.write(quotes.place, order=draft)
    shop.clock.tick(quotes.QUOTE_MS + 1)
    shop.world.deliver()
    found = shop.ana.read(orders.get_order, order=draft)
    assert (found.error, found.id) == ("quote-expired", draft.hex()), "a refused order is a draft again"
    with pytest.raises(NotFound):
        shop.lumen.read(orders.get_order, order=bytes.fromhex(placed.id))
    with pytest.raises(ConflictError) as refused:
        shop.ana.write(quotes.place, order=draft)
    assert refused.value.code == "quote-expired"
    shop.world.tick()
    assert shop.statuses(draft) == ("EXPIRED", "EXPIRED")


def test_a_reserve_that_does_not_cover(shop):
    needed = 10_400 * 2000 * 10**16 // 10_000
    fund(shop.lumen, needed * 3 // 2)
    first, second = shop.accepted(), shop.placed()
    with pytest.raises(UserError, match=r"20\.8 GMS are needed and 10\.4 GMS are free\. Deposit at least 10\.4 GMS") as refused:
        shop.lumen.write(orders.accept, order=second)
    assert refused.value.code == "not-covered"
    assert shop.statuses(second) == ("PLACED", "PLACED")
    shop.lumen.write(orders.cancel, order=first, code="out-of-stock")
    shop.lumen.write(orders.accept, order=second)
    shop.world.deliver()
    assert (shop.statuses(first), shop.statuses(second)) == (("CANCELLED",) * 2, ("ACCEPTED",) * 2)


def test_a_refusal(shop):
    order = shop.placed()
    with pytest.raises(UserError, match="out-of-stock"):
        shop.lumen.write(orders.reject, order=order, code="because")
    shop.lumen.write(orders.reject, order=order, code="price-error")
    shop.world.deliver()
    assert {(found.status, found.end_code) for found in shop.at(order)} == {("REJECTED", "price-error")}
    assert shop.at(order)[0].steps[2].state == "failed"


def test_cancelling_needs_the_right_side_code_and_time(shop):
    order = shop.placed()
    with pytest.raises(UserError, match="changed-mind"):
        shop.ana.write(orders.cancel, order=order, code="unpaid")
    with pytest.raises(ConflictError, match="ACCEPTED"):
        shop.lumen.write(orders.cancel, order=order, code="unpaid")
    shop.ana.write(orders.cancel, order=order, code="changed-mind")
    shop.world.deliver()
    assert {(found.status, found.end_code) for found in shop.at(order)} == {("CANCELLED", "changed-mind")}


def test_a_cancel_that_meets_a_shipment(shop):
    """The merchant shipped before the cancel came: its log decides, and the seller learns the code."""
    order = shop.paid()
    shop.ana.write(orders.cancel, order=order, code="changed-mind")
    shop.lumen.write(fulfilment.ship, order=order)
    shop.world.deliver()
    assert shop.statuses(order) == ("IN_FULFILMENT", "IN_FULFILMENT")
    assert shop.at(order)[0].messages[-1].code == "illegal-transition"


def test_money_that_does_not_fit(shop):
    order = shop.accepted()
    shop.lumen.write(payments.confirm_payment, order=order, amount=10_000)
    shop.world.deliver()
    assert {(found.payment.status, found.payment.received, found.attention) for found in shop.at(order)} == {
        ("UNDERPAID", 10_000, "underpaid")
    }
    shop.lumen.write(payments.confirm_payment, order=order)
    with pytest.raises(ConflictError) as refused:
        shop.lumen.write(payments.confirm_payment, order=order)
    assert refused.value.code == "already-paid"
    shop.lumen.write(payments.confirm_payment, order=order, amount=1)
    shop.world.deliver()
    assert {(found.payment.status, found.payment.received) for found in shop.at(order)} == {("OVERPAID", 10_401)}


def test_parcels_line_by_line_and_one_that_fails(shop):
    order = shop.paid()
    shop.lumen.write(fulfilment.ship, order=order, lines=[fulfilment.PieceInput(1, 1)])
    shop.lumen.write(fulfilment.ship, order=order)
    shop.lumen.write(fulfilment.report, order=order, report="failed", parcel=1)
    shop.world.deliver()
    mine, theirs = shop.at(order)
    assert mine.parcels == theirs.parcels
    assert [parcel.pieces for parcel in mine.parcels] == [((1, 1),), ((0, 1), (1, 1))]
    assert mine.attention == "delivery failed"
    with pytest.raises(ConflictError, match="already"):
        shop.lumen.write(fulfilment.ship, order=order)
    shop.lumen.write(fulfilment.ship, order=order, parcel=1, carrier="UPS")
    for parcel in (1, 2):
        shop.lumen.write(fulfilment.report, order=order, report="delivered", parcel=parcel)
    shop.world.deliver()
    assert shop.statuses(order) == ("FULFILLED", "FULFILLED")


def test_silence_ends_the_same_on_both_sides(shop):
    order = shop.placed()
    shop.world.tick(quotes.ACCEPT_MS + 600_000)
    assert shop.statuses(order) == ("EXPIRED", "EXPIRED")
    with pytest.raises(ConflictError):
        shop.lumen.write(orders.accept, order=order)
    kept = shop.accepted()
    shop.world.tick(orders.FULFIL_MS)
    assert shop.statuses(kept) == ("CANCELLED", "CANCELLED")
    assert shop.at(kept)[0].end_code == "merchant-silent"


def test_an_acceptance_that_comes_too_late_is_taken_back(shop):
    """Once the merchant kept what it had set aside for an order that had run out for its seller."""
    order, free = shop.placed(), shop.lumen.read(orders.reserve).free
    shop.ana.online = False
    shop.lumen.write(orders.accept, order=order)
    assert shop.lumen.read(orders.reserve).free != free
    shop.clock.tick(quotes.ACCEPT_MS + 600_000)
    shop.ana.online = True
    shop.world.deliver()
    mine, theirs = shop.at(order)
    assert (mine.status, theirs.status, theirs.end_code, theirs.error) == ("EXPIRED", "CANCELLED", "acceptance-late", "")
    assert shop.lumen.read(orders.reserve).free == free
    assert shop.ana.read(lambda unit: unit.commissions.all_entries()) == []


def test_lists(shop):
    first, second = shop.placed(), shop.accepted()
    shop.lumen.write(orders.reject, order=first, code="other")
    shop.world.deliver()
    for node in (shop.ana, shop.lumen):
        assert [found.id for found in node.read(orders.list_orders, state="open")] == [second.hex()]
        assert [found.id for found in node.read(orders.list_orders, state="rejected")] == [first.hex()]
        assert len(node.read(orders.list_orders)) == 2
    with pytest.raises(UserError, match="QUOTED"):
        shop.ana.read(orders.list_orders, state="strange")


def test_what_waits_for_whom(shop):
    def waits(node):
        return [(item.section, item.title, item.action) for item in node.read(today.show).items if item.kind == "order"]

    draft = bytes.fromhex(shop.draft().id)
    assert waits(shop.ana) == []
    shop.world.deliver()
    assert waits(shop.ana) == [("orders", "Grace Hopper: lumen named the price", "Check and order")]
    order = bytes.fromhex(shop.ana.write(quotes.place, order=draft).id)
    shop.world.deliver()
    assert (waits(shop.ana), waits(shop.lumen)) == ([], [("merchant", "ana wants an order taken", "Answer")])
    shop.lumen.write(orders.accept, order=order)
    assert waits(shop.lumen) == [("merchant", "ana waits for payment or delivery", "Go on")]
    shop.draft()
    shop.lumen.write(lambda unit: unit.team.keep_member(replace(unit.team.members()[0], status="asked")))
    shop.lumen.write(lambda unit: unit.team.keep_member(replace(unit.team.members()[1], status="asked")))
    shop.world.deliver()
    assert waits(shop.ana) == [("orders", "Grace Hopper: lumen did not take it", "Look")]
