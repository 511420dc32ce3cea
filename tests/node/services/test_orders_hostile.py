"""What comes over the wire about an order may be forged, replayed, reordered, doubled, lost or from the wrong side. Nothing of it counts."""

from dataclasses import replace

import pytest

from node.errors import NotFound
from node.services import fulfilment, orders, payments, quotes
from node.services.order_log import opened
from node.services.quotes import secrets_of
from protocol import order_records as rec
from protocol.cancellation import CancelCode
from protocol.disclosure import Field, commit_delivery
from protocol.envelope import NO_PREV, sign
from protocol.errors import ProtocolError
from protocol.ids import commitment
from protocol.kinds import Topic
from protocol.messages import Nack, pack, unpack

from .shop import CUSTOMER, SECRET, WINDOW


def put(shop, sender, receiver, signed):
    return shop.world.put(sender.peer, receiver, "order", pack(signed))


def refuses(shop, sender, receiver, signed, code):
    before = receiver.read(lambda unit: list(unit.orders.all((), 100)))
    with pytest.raises(ProtocolError) as refused:
        put(shop, sender, receiver, signed)
    assert refused.value.code == code
    assert receiver.read(lambda unit: list(unit.orders.all((), 100))) == before


def member(shop, node=None):
    return (node or shop.ana).keys.member_key(shop.lumen.identity)


def request(shop, **changes):
    row = shop.ana.read(lambda unit: unit.team.membership(shop.lumen.identity))
    fields = {
        "merchant": shop.lumen.identity,
        "member": row.member,
        "lines": (rec.RequestLine("cream", 1),),
        "country": "DE",
        "region": "",
        "postcode": "10115",
        "pickup": False,
    }
    return rec.QuoteRequest(**{**fields, **changes})


def ordered(shop):
    """Ana's order, placed but still in her outbox: (order id, the signed record)."""
    draft = bytes.fromhex(shop.draft().id)
    shop.world.deliver()
    shop.lumen.online = False
    order = bytes.fromhex(shop.ana.write(quotes.place, order=draft).id)
    row = next(row for row in shop.ana.read(lambda unit: unit.outbox.open()) if row.topic == "order")
    shop.lumen.online = True
    return order, unpack(Topic.ORDER, row.body).signed


REQUESTS = [
    ({"lines": (rec.RequestLine("nothing", 1),)}, "unknown-sku"),
    ({"lines": (rec.RequestLine("cream", 0),)}, "bad-quantity"),
    ({"lines": (rec.RequestLine("cream", -5),)}, "bad-quantity"),
    ({"lines": (rec.RequestLine("gone", 1),)}, "out-of-stock"),
    ({"lines": ()}, "no-lines"),
    ({"lines": (rec.RequestLine("cream", 1), rec.RequestLine("cream", 1))}, "duplicate-sku"),
    ({"country": ""}, "bad-destination"),
    ({"merchant": bytes(32)}, "wrong-merchant"),
    ({"member": bytes(32)}, "wrong-member"),
]


def test_requests_the_merchant_refuses(shop):
    for changes, code in REQUESTS:
        refuses(shop, shop.ana, shop.lumen, sign(member(shop), rec.QUOTE_REQUEST, request(shop, **changes), created=shop.clock.now), code)


def test_who_may_ask(shop):
    asked = request(shop)
    good = sign(member(shop), rec.QUOTE_REQUEST, asked, created=shop.clock.now)
    refuses(shop, shop.ben, shop.lumen, good, "not-a-member")
    refuses(shop, shop.ana, shop.lumen, sign(shop.ana.keys.device, rec.QUOTE_REQUEST, asked, created=shop.clock.now), "wrong-member")
    refuses(shop, shop.ana, shop.lumen, sign(member(shop), rec.QUOTE_REQUEST, asked, created=shop.clock.now + 10**6), "future-dated")
    refuses(shop, shop.ana, shop.lumen, sign(member(shop), rec.QUOTE_REQUEST, asked, created=shop.clock.now, expires=1), "expired")
    cara = shop.world.node("cara")
    refuses(shop, cara, shop.lumen, good, "not-paired")
    assert unpack(Topic.ORDER, put(shop, shop.ana, shop.lumen, good)).kind.name == rec.QUOTE, "the control is taken"


ORDERS = [
    (lambda placed: replace(placed, quote=bytes(32)), "unknown-quote"),
    (lambda placed: replace(placed, lines=(replace(placed.lines[0], quantity=0), placed.lines[1])), "bad-quantity"),
    (lambda placed: replace(placed, lines=(replace(placed.lines[0], unit_price=1, total=1), placed.lines[1])), "changed-price"),
    (lambda placed: replace(placed, lines=placed.lines[:1]), "changed-lines"),
    (lambda placed: replace(placed, total=1), "bad-total"),
    (lambda placed: replace(placed, currency="EUR"), "currency"),
    (lambda placed: replace(placed, plan=bytes(32)), "changed-plan"),
    (lambda placed: replace(placed, terms=bytes(32)), "changed-terms"),
    (lambda placed: replace(placed, accept_by=1), "bad-accept-by"),
    (lambda placed: replace(placed, payee=bytes(20)), "wrong-payee"),
    (lambda placed: replace(placed, pickup=True), "changed-delivery"),
    (lambda placed: replace(placed, member=bytes(32)), "wrong-member"),
]


def test_orders_the_merchant_refuses(shop):
    order, signed = ordered(shop)
    for change, code in ORDERS:
        refuses(
            shop, shop.ana, shop.lumen, sign(member(shop), rec.PLACED, change(signed.read(rec.OrderPlaced)), created=shop.clock.now), code
        )
    shop.world.deliver()
    assert shop.statuses(order) == ("PLACED", "PLACED"), "the control: what Ana signed is taken"


def test_one_quote_one_order(shop):
    order, signed = ordered(shop)
    refuses(shop, shop.ben, shop.lumen, signed, "unknown-quote")
    again = sign(member(shop), rec.PLACED, signed.read(rec.OrderPlaced), created=shop.clock.now + 1)
    receipt = put(shop, shop.ana, shop.lumen, signed)
    assert put(shop, shop.ana, shop.lumen, signed) == receipt, "the same order again is answered as before"
    refuses(shop, shop.ana, shop.lumen, again, "already-placed")
    shop.world.deliver()
    assert shop.statuses(order) == ("PLACED", "PLACED")


def test_a_record_under_another_domain(shop):
    _, signed = ordered(shop)
    body = pack(signed).replace(rec.PLACED.encode(), rec.QUOTE_REQUEST.encode()[: len(rec.PLACED)])
    for topic, raw in (("order", body), ("grant", pack(signed)), ("team", pack(signed)), ("order", pack(signed)[:-1])):
        with pytest.raises(ProtocolError):
            shop.world.put(shop.ana.peer, shop.lumen, topic, raw)
    forged = bytearray(pack(signed))
    forged[-1] ^= 1
    with pytest.raises(ProtocolError) as refused:
        shop.world.put(shop.ana.peer, shop.lumen, "order", bytes(forged))
    assert refused.value.code == "bad-signature"


def test_what_a_seller_may_not_say(shop):
    order = shop.placed()
    refuses(
        shop,
        shop.ana,
        shop.lumen,
        sign(member(shop), rec.CANCEL_REQUEST, rec.CancelRequest(order, CancelCode.UNPAID), created=shop.clock.now),
        "wrong-party",
    )
    stranger = sign(member(shop, shop.ben), rec.CANCEL_REQUEST, rec.CancelRequest(order, CancelCode.CHANGED_MIND), created=shop.clock.now)
    refuses(shop, shop.ben, shop.lumen, stranger, "unknown-order")
    refuses(shop, shop.ana, shop.lumen, stranger, "wrong-member")
    accepting = sign(shop.ana.keys.device, rec.REJECTED, rec.OrderRejected(order, "other"), created=shop.clock.now)
    refuses(shop, shop.ana, shop.lumen, accepting, "unknown-order")
    refuses(
        shop,
        shop.lumen,
        shop.ana,
        sign(shop.lumen.keys.device, rec.PAYMENT_SUBMITTED, rec.PaymentSubmitted(order), created=shop.clock.now),
        "unknown-order",
    )


def entry(shop, order, type_, body, *, seq=3, prev=None, log=None, signer=None):
    row = shop.lumen.read(lambda unit: unit.orders.get(order))
    if prev is None:
        prev = opened(shop.lumen.read(lambda unit: unit.orders.entry(row.draft, seq - 1))).id
    return sign(signer or shop.lumen.keys.device, type_, body, created=shop.clock.now, log=log or row.log, seq=seq, prev=prev)


def test_entries_a_seller_refuses(shop):
    order = shop.placed()
    rejected = rec.OrderRejected(order, "other")
    cases = [
        (shop.lumen, entry(shop, order, rec.REJECTED, rejected, signer=shop.ana.keys.device), "not-live"),
        (shop.lumen, entry(shop, order, rec.REJECTED, rejected, log=bytes(32)), "unknown-order"),
        (shop.lumen, entry(shop, order, rec.REJECTED, rejected, prev=NO_PREV), "equivocation"),
        (shop.lumen, entry(shop, order, rec.REJECTED, rejected, seq=2), "equivocation"),
        (shop.lumen, entry(shop, order, rec.REJECTED, rejected, seq=99, prev=NO_PREV), "out-of-order"),
        (shop.lumen, entry(shop, order, rec.RECEIPT, rec.Receipt(bytes(32))), "unknown-kind"),
    ]
    for sender, signed, code in cases:
        refuses(shop, sender, shop.ana, signed, code)
    shop.world.pair(shop.ana, shop.ben)
    refuses(shop, shop.ben, shop.ana, entry(shop, order, rec.REJECTED, rejected, signer=shop.ben.keys.device), "unknown-order")
    assert shop.statuses(order) == ("PLACED", "PLACED")


def test_an_entry_that_may_not_happen_is_kept_without_effect(shop):
    """The log goes on: what is right after it still counts, here and there."""
    order = shop.placed()
    bad = entry(shop, order, rec.SHIPPED, rec.ParcelShipped(order, 1, (rec.ParcelLine(0, 1),), "", ""))
    reply = unpack(Topic.ORDER, put(shop, shop.lumen, shop.ana, bad)).record
    assert isinstance(reply, Nack)
    assert reply.code == "illegal-transition"
    assert shop.at(order)[0].status == "PLACED"
    good = entry(shop, order, rec.REJECTED, rec.OrderRejected(order, "other"), seq=4, prev=bad.id)
    put(shop, shop.lumen, shop.ana, good)
    assert shop.at(order)[0].status == "REJECTED"


def test_entries_in_any_order_and_twice(shop):
    """Later entries wait for their predecessors; each counts once."""
    order = shop.placed()
    shop.ana.online = False
    shop.lumen.write(orders.accept, order=order)
    shop.lumen.write(payments.confirm_payment, order=order)
    shop.lumen.write(fulfilment.ship, order=order)
    rows = [row for row in shop.lumen.read(lambda unit: unit.outbox.open(shop.ana.peer)) if row.topic == "order"]
    assert len(rows) == 3
    for row in [*reversed(rows), *rows]:
        shop.world.put(shop.lumen.peer, shop.ana, row.topic, row.body)
    mine, theirs = shop.at(order)
    assert (mine.status, mine.payment, mine.parcels, mine.steps) == (theirs.status, theirs.payment, theirs.parcels, theirs.steps)
    assert mine.status == "IN_FULFILMENT"
    shop.ana.online = True
    shop.world.deliver()
    assert {message.state for message in shop.at(order)[1].messages} == {"accepted"}


def test_a_forged_early_entry_does_not_block_the_log(shop):
    order = shop.placed()
    false = entry(shop, order, rec.REJECTED, rec.OrderRejected(order, "other"), seq=4, prev=bytes(32))
    put(shop, shop.lumen, shop.ana, false)
    shop.lumen.write(orders.accept, order=order)
    shop.lumen.write(payments.confirm_payment, order=order)
    shop.world.deliver()
    assert shop.statuses(order) == ("ACCEPTED", "ACCEPTED")
    assert shop.at(order)[0].payment.status == "FUNDED"


def test_replies_that_are_lost_and_nodes_that_die(shop):
    """Every message is sent twice and every node is closed and opened between any two steps: one order, one effect of each."""

    def carry():
        shop.world.deliver(lose_replies=True)
        for node in (shop.ana, shop.lumen):
            node.reopen()
        shop.world.deliver()

    draft = bytes.fromhex(shop.draft().id)
    carry()
    order = bytes.fromhex(shop.ana.write(quotes.place, order=draft).id)
    carry()
    shop.lumen.write(orders.accept, order=order)
    shop.lumen.reopen()
    shop.lumen.write(payments.confirm_payment, order=order)
    carry()
    shop.lumen.write(fulfilment.ship, order=order)
    shop.ana.reopen()
    carry()
    shop.lumen.write(fulfilment.report, order=order, report="delivered")
    carry()
    shop.world.tick(WINDOW)
    carry()
    assert shop.statuses(order) == ("COMPLETED", "COMPLETED")
    mine, theirs = shop.at(order)
    assert (mine.payment, mine.parcels, mine.steps) == (theirs.payment, theirs.parcels, theirs.steps)
    assert [len(node.read(orders.list_orders)) for node in (shop.ana, shop.lumen)] == [1, 1]
    assert mine.payment.received == mine.total
    steps = [node.read(lambda unit: [step.entry for step in unit.orders.steps(draft) if step.entry]) for node in (shop.ana, shop.lumen)]
    assert steps[0] == steps[1]


def test_nothing_happens_when_the_transaction_does_not_commit(shop):
    """A crash after the work and before the commit: no entry, no message, no commission."""
    order = shop.placed()

    def crash(unit):
        orders.accept(unit, order)
        raise KeyboardInterrupt

    before = shop.lumen.read(lambda unit: len(unit.outbox.open()))
    with pytest.raises(KeyboardInterrupt):
        shop.lumen.write(crash)
    assert shop.lumen.read(orders.get_order, order=order).status == "PLACED"
    assert shop.lumen.read(lambda unit: len(unit.outbox.open())) == before


def spellings(text):
    return {text.encode(), text.encode("utf-16-le"), text.encode("latin-1"), text.encode().hex().encode()}


def test_nothing_of_the_customer_leaves_the_seller(shop):
    order = shop.paid()
    shop.lumen.write(fulfilment.ship, order=order)
    shop.world.deliver()
    sent = b"".join(body for node in (shop.ana, shop.lumen) for body in node.bodies() if body)
    needles = {spelling for secret in (*SECRET, CUSTOMER.hex()) for spelling in spellings(secret)} | {CUSTOMER}
    assert len(sent) > 5_000
    assert not [needle for needle in needles if needle in sent]
    request_sent = next(unpack(Topic.ORDER, body).record for body in shop.ana.bodies() if body and rec.QUOTE_REQUEST.encode() in body)
    assert (request_sent.country, request_sent.region, request_sent.postcode) == ("DE", "", "10115")
    assert rec.QUOTE_REQUEST.encode() in sent, "the control: what is sent is found"


def test_the_commitments_open_with_the_kept_salts_until_the_customer_is_erased(shop):
    order = shop.placed()
    secrets = shop.ana.read(secrets_of, order=order)
    placed = next(unpack(Topic.ORDER, body).record for body in shop.ana.bodies() if body and b"order.placed" in body)
    assert placed.customer == commitment("customer", secrets.customer_salt, CUSTOMER)
    assert placed.delivery == commit_delivery(secrets.delivery_salt, secrets.values)
    assert secrets.values[Field.NAME] == SECRET[0]
    assert shop.lumen.read(secrets_of, order=order) is None
    assert shop.ana.write(lambda unit: unit.orders.erase_customer(CUSTOMER)) == 1
    assert shop.ana.read(secrets_of, order=order) is None
    assert shop.at(order)[0].customer == ""


def test_a_peer_that_was_forgotten_is_not_heard(shop):
    order, signed = ordered(shop)
    shop.lumen.write(lambda unit: unit.peers.forget(shop.ana.peer))
    refuses(shop, shop.ana, shop.lumen, signed, "not-paired")
    with pytest.raises(NotFound):
        shop.lumen.read(orders.get_order, order=order)


def test_garbage(shop):
    for body in (b"", b"\x00", b"\xff" * 100, pack(Nack(bytes(32), "x", "y")), bytes(10_000)):
        with pytest.raises(ProtocolError):
            shop.world.put(shop.ana.peer, shop.lumen, "order", body)
