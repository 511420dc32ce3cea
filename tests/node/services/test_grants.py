"""A grant between real stores: asked for, given, used, taken back; what is refused on the way, and what is left at the end."""

from dataclasses import replace

import pytest

from node.errors import ConflictError, NotFound, UserError
from node.services import asking, erasure, exchange, grants
from node.services.handlers import EXCHANGE
from node.store.outbox import Outbox
from protocol import grant as gr
from protocol.disclosure import Field
from protocol.envelope import sign, verify
from protocol.errors import BadSignature, ProtocolError
from protocol.kinds import Topic
from protocol.messages import pack, unpack

from .pages_in_clear import left
from .shop import CUSTOMER, SECRET

DAY_MS = 86_400_000


@pytest.fixture
def order(shop):
    return shop.accepted()


def _requested(shop, order, **named):
    view = shop.lumen.write(grants.request_grant, order=order, **named)
    shop.world.deliver()
    return bytes.fromhex(view.id)


def _issued(shop, order, **named):
    grant = _requested(shop, order, **named)
    shop.ana.write(grants.issue_grant, grant=grant)
    shop.world.deliver()
    return grant


def _asked(shop, grant, **named):
    shop.lumen.write(asking.ask, grant=grant, **named)
    shop.world.deliver()
    return shop.lumen.read(grants.get_grant, grant=grant).last_ask


def _both(shop, grant):
    return tuple(node.read(grants.get_grant, grant=grant) for node in (shop.ana, shop.lumen))


def _held(shop, grant):
    return shop.lumen.read(asking.held, grant=grant).values


def _code(call, *args, **named):
    with pytest.raises((ProtocolError, UserError)) as caught:
        call(*args, **named)
    return caught.value.code


def _put(shop, sender, receiver, record):
    """A request as it comes from the network."""
    return shop.world.put(sender.peer, receiver, Topic.GRANT, pack(record))


# --- the whole way


def test_from_the_request_to_the_signed_erasure(shop, order):
    grant = _requested(shop, order)
    seen, _ = _both(shop, grant)
    assert (seen.state, seen.peer_name, seen.customer_name) == ("requested", "lumen", "Grace Hopper")
    assert seen.fields == ("name", "street", "postcode", "city", "region", "country", "phone")
    assert seen.purposes == ("dpv:DeliveryOfGoods",)
    assert _code(shop.lumen.write, asking.ask, grant=grant) == "not-issued"

    shop.ana.write(grants.issue_grant, grant=grant)
    shop.world.deliver()
    assert [view.state for view in _both(shop, grant)] == ["issued", "issued"]
    assert _code(shop.lumen.read, asking.held, grant=grant) == "nothing-held"

    assert _asked(shop, grant) == "answered"
    assert _held(shop, grant) == {
        "name": SECRET[0],
        "phone": SECRET[3],
        "street": SECRET[1],
        "postcode": "10115",
        "city": "Berlin",
        "region": "",
        "country": "DE",
    }
    ledger = shop.ana.read(grants.list_disclosures)
    assert {line.field for line in ledger} == set(seen.fields)
    assert all(line.acknowledged and not line.erased and line.customer_name == SECRET[0] for line in ledger)
    mine, theirs = _both(shop, grant)
    assert (mine.asks, mine.fields_disclosed, theirs.asks) == (1, 7, 1)
    assert theirs.held_until == shop.clock.now + 7 * DAY_MS

    revoked = shop.ana.write(grants.revoke_grant, grant=grant, reason="done")
    assert [(step.name, step.state) for step in revoked.steps] == [
        ("signed", "done"),
        ("refusing", "done"),
        ("told", "now"),
        ("erased", "later"),
        ("receipt", "done"),
    ]
    shop.world.deliver()
    mine, theirs = _both(shop, grant)
    assert (mine.state, theirs.state, theirs.held_until, theirs.reason) == ("revoked", "revoked", 0, "done")
    assert [step.state for step in mine.steps] == ["done"] * 5
    assert mine.erasure_receipt
    assert _code(shop.lumen.read, asking.held, grant=grant) == "nothing-held"
    assert all(line.erased for line in shop.ana.read(grants.list_disclosures))

    assert _code(shop.lumen.write, asking.ask, grant=grant) == "revoked"
    assert _asked(shop, grant, force=True) == "revoked"
    assert shop.ana.read(grants.get_grant, grant=grant).asks == 1

    receipt = shop.ana.read(grants.consent_receipt, grant=grant)
    assert [event["type"] for event in receipt["events"]] == ["given", "withdrawn", "erased"]
    assert not any(secret in str(receipt) for secret in SECRET)


def test_a_pickup_asks_for_what_a_pickup_needs(shop):
    order = shop.accepted(pickup=True, customer=CUSTOMER)
    grant = _issued(shop, order)
    assert _asked(shop, grant) == "answered"
    assert _held(shop, grant) == {"name": SECRET[0], "phone": SECRET[3], "email": SECRET[2]}


def test_a_denial(shop, order):
    grant = _requested(shop, order)
    shop.ana.write(grants.deny_grant, grant=grant, reason="I deliver it myself")
    shop.world.deliver()
    assert [(view.state, view.reason) for view in _both(shop, grant)] == [("denied", "I deliver it myself")] * 2
    assert _code(shop.ana.write, grants.issue_grant, grant=grant) == "not-requested"
    assert _code(shop.ana.write, grants.revoke_grant, grant=grant) == "not-issued"


def test_every_step_survives_a_restart(shop, order):
    def restart():
        shop.ana.reopen()
        shop.lumen.reopen()

    grant = bytes.fromhex(shop.lumen.write(grants.request_grant, order=order).id)
    restart()
    shop.world.deliver()
    shop.ana.write(grants.issue_grant, grant=grant)
    restart()
    shop.world.deliver()
    shop.lumen.write(asking.ask, grant=grant)
    restart()
    shop.world.deliver()
    restart()
    assert _held(shop, grant)["street"] == SECRET[1]
    shop.ana.write(grants.revoke_grant, grant=grant)
    restart()
    shop.world.deliver()
    restart()
    assert [step.state for step in shop.ana.read(grants.get_grant, grant=grant).steps] == ["done"] * 5


def test_lost_replies_disclose_once(shop, order):
    grant = _issued(shop, order)
    shop.lumen.write(asking.ask, grant=grant)
    for _ in range(3):
        shop.world.deliver(lose_replies=True)
    first = shop.ana.read(grants.list_disclosures)
    shop.clock.tick(1000)
    shop.world.deliver()
    assert len(shop.ana.read(grants.list_disclosures)) == len(first) == 7
    assert shop.ana.read(grants.get_grant, grant=grant).asks == 1
    assert shop.lumen.read(grants.get_grant, grant=grant).held_until == first[0].erase_by


# --- what is refused


def test_a_request_needs_an_order_that_waits_for_delivery(shop):
    order = shop.placed()
    assert _code(shop.lumen.write, grants.request_grant, order=order) == "order-not-open"
    assert _code(shop.lumen.write, grants.request_grant, order=bytes(32)) == "not-found"
    record = gr.GrantRequest(
        shop.ana.identity, shop.lumen.identity, order, (Field.NAME,), (gr.Purpose.DELIVERY,), gr.LegalBasis.CONTRACT, DAY_MS
    )
    signed = sign(shop.lumen.keys.device, gr.REQUEST, record, created=shop.clock.now)
    assert _code(_put, shop, shop.lumen, shop.ana, signed) == "order-not-open"
    wrong = sign(shop.lumen.keys.device, gr.REQUEST, replace(record, order=bytes(32)), created=shop.clock.now)
    assert _code(_put, shop, shop.lumen, shop.ana, wrong) == "unknown-order"
    assert shop.ana.read(grants.list_grants) == []


def test_nothing_wider_than_given(shop, order):
    grant = _requested(shop, order, fields=["name", "street"])
    assert _code(shop.ana.write, grants.issue_grant, grant=grant, fields=["name", "email"]) == "wider-than-asked"
    shop.ana.write(grants.issue_grant, grant=grant, fields=["name"])
    shop.world.deliver()
    assert _code(shop.lumen.write, asking.ask, grant=grant, fields=["street"]) == "field-not-granted"
    assert _asked(shop, grant, fields=["street"], force=True) == "field-not-granted"
    assert _code(shop.lumen.write, asking.ask, grant=grant, fields=["shoe size"]) == "bad-fields"
    assert shop.ana.read(grants.list_disclosures) == []
    assert _asked(shop, grant) == "answered"
    assert _held(shop, grant) == {"name": SECRET[0]}


def test_a_grant_is_of_use_to_its_merchant_only(shop, order):
    grant = _issued(shop, order)
    id_ = bytes.fromhex(shop.ana.read(grants.get_grant, grant=grant).grant)
    other = shop.world.node("umbra", role="merchant")
    shop.world.pair(other, shop.ana)
    ask = gr.Ask(id_, order, (Field.NAME,), bytes(16))
    assert _code(_put, shop, other, shop.ana, ask) == "not-granted"
    receipt = sign(other.keys.device, gr.ERASED, gr.ErasureReceipt(id_, 1, (), shop.clock.now), created=shop.clock.now)
    assert _code(_put, shop, other, shop.ana, receipt) == "not-granted"
    assert shop.ana.read(grants.list_disclosures) == []
    assert unpack(Topic.GRANT, _put(shop, shop.lumen, shop.ana, ask)).kind.name == "grant.answer"  # the control


def test_an_order_that_is_delivered_gives_no_address(shop, order):
    grant = _issued(shop, order)
    row = shop.ana.read(lambda unit: unit.orders.get(order))
    shop.ana.write(lambda unit: unit.orders.keep(replace(row, status="COMPLETED")))
    assert _asked(shop, grant) == "order-not-open"


def test_a_revoke_that_overtakes_its_grant_holds(shop, order):
    grant = _requested(shop, order)
    shop.ana.write(grants.issue_grant, grant=grant)
    shop.ana.write(grants.revoke_grant, grant=grant)
    row = shop.ana.read(lambda unit: unit.grants.get(grant))
    revoked = unpack(Topic.GRANT, shop.world.put(shop.ana.peer, shop.lumen, Topic.GRANT, _raw(gr.REVOKED, row.revoke_raw)))
    assert (revoked.kind.name, revoked.record.count) == (gr.ERASED, 0)
    assert shop.lumen.read(grants.get_grant, grant=grant).state == "requested"
    shop.world.deliver()
    mine, theirs = _both(shop, grant)
    assert (mine.state, theirs.state) == ("revoked", "revoked")
    assert len(shop.lumen.read(grants.list_grants)) == 1
    assert _asked(shop, grant, force=True) == "revoked"


def _raw(type_, raw):
    return pack(verify(raw, type_))


def test_forged_and_replayed_records(shop, order):
    grant = _issued(shop, order)
    row = shop.ana.read(lambda unit: unit.grants.get(grant))
    log = gr.grant_log(shop.ana.identity, shop.lumen.identity, shop.ana.keys.device.public)
    revoke = gr.Revoke(row.grant_id, shop.clock.now, "")

    def by(node, **named):
        return sign(node.keys.device, gr.REVOKED, revoke, created=shop.clock.now, **{"log": log, "seq": 2, "prev": row.grant_id, **named})

    assert _code(_put, shop, shop.ana, shop.lumen, by(shop.ben)) == "not-live"  # Ben's signature in Ana's channel
    assert _code(_put, shop, shop.ben, shop.lumen, by(shop.ben)) == "wrong-identity"
    assert _code(_put, shop, shop.ana, shop.lumen, by(shop.ana, log=bytes(32))) == "wrong-log"
    assert _code(_put, shop, shop.ana, shop.lumen, by(shop.ana, prev=bytes(32))) == "equivocation"
    assert _code(_put, shop, shop.ana, shop.lumen, by(shop.ana, seq=1)) == "equivocation"
    assert _code(_put, shop, shop.ana, shop.lumen, by(shop.ana, seq=10**6)) == "out-of-order"
    assert shop.lumen.read(grants.get_grant, grant=grant).state == "issued"

    again = _raw(gr.ISSUED, row.grant_raw)  # a replay has the reply of the first time and no effect
    before = shop.lumen.read(grants.get_grant, grant=grant)
    assert shop.world.put(shop.ana.peer, shop.lumen, Topic.GRANT, again) == shop.world.put(shop.ana.peer, shop.lumen, Topic.GRANT, again)
    assert shop.lumen.read(grants.get_grant, grant=grant) == before

    _put(shop, shop.ana, shop.lumen, by(shop.ana))  # the control
    assert shop.lumen.read(grants.get_grant, grant=grant).state == "revoked"


def test_a_grant_wider_than_its_request_or_for_a_foreign_order(shop, order):
    grant = _requested(shop, order, fields=["name"])
    log = gr.grant_log(shop.ana.identity, shop.lumen.identity, shop.ana.keys.device.public)
    request = shop.ana.read(lambda unit: unit.grants.get(grant)).request
    now = shop.clock.now
    good = gr.Grant(
        shop.ana.identity,
        shop.lumen.identity,
        gr.Mode.ASK,
        request.fields,
        request.purposes,
        request.legal_basis,
        now,
        now + DAY_MS,
        request.retention_ms,
        True,
        order,
        request=grant,
    )

    def put(record):
        return _put(shop, shop.ana, shop.lumen, sign(shop.ana.keys.device, gr.ISSUED, record, created=now, log=log, seq=1))

    assert _code(put, replace(good, fields=(Field.NAME, Field.EMAIL))) == "wider-than-asked"
    assert _code(put, replace(good, request=bytes(32))) == "wrong-request"
    assert _code(put, replace(good, order=bytes(32), request=None)) == "unknown-order"
    assert _code(put, replace(good, merchant=shop.ben.identity)) == "wrong-identity"
    assert shop.lumen.read(grants.get_grant, grant=grant).state == "requested"
    put(good)
    assert shop.lumen.read(grants.get_grant, grant=grant).state == "issued"


# --- answers that are not what they should be


def _question(shop, grant):
    """An ask of the merchant's with the seller's answer, not yet delivered."""
    shop.lumen.write(asking.ask, grant=grant)
    [row] = [row for row in shop.lumen.read(lambda unit: unit.outbox.open()) if unpack(Topic.GRANT, row.body).kind.name == "grant.ask"]
    return row, unpack(Topic.GRANT, shop.world.carry(shop.lumen, row)).record


def test_values_the_order_did_not_commit_to_are_not_taken(shop, order):
    grant = _issued(shop, order)
    row, answer = _question(shop, grant)
    first, *rest = answer.opened
    false = replace(answer, opened=(replace(first, value="Somebody Else"), *rest))
    fewer = replace(answer, opened=tuple(rest))
    for reply, error in ((false, BadSignature), (fewer, ProtocolError), (replace(answer, ask=bytes(32)), ProtocolError)):
        with pytest.raises(error):
            shop.lumen.write(exchange.answered, EXCHANGE, row, pack(reply))
    assert _code(shop.lumen.read, asking.held, grant=grant) == "nothing-held"
    assert left(shop.lumen, ("Somebody Else", *SECRET)) == []
    shop.lumen.write(exchange.answered, EXCHANGE, row, pack(answer))
    assert _held(shop, grant)["name"] == SECRET[0]


def test_an_answer_that_comes_after_the_revoke_is_not_kept(shop, order):
    grant = _issued(shop, order)
    row, answer = _question(shop, grant)
    shop.ana.write(grants.revoke_grant, grant=grant)
    revoke = shop.ana.read(lambda unit: unit.grants.get(grant)).revoke_raw
    shop.world.put(shop.ana.peer, shop.lumen, Topic.GRANT, _raw(gr.REVOKED, revoke))
    shop.lumen.write(exchange.answered, EXCHANGE, row, pack(answer))
    assert _code(shop.lumen.read, asking.held, grant=grant) == "nothing-held"
    assert left(shop.lumen, SECRET) == []
    shop.world.deliver()
    assert all(line.erased for line in shop.ana.read(grants.list_disclosures))


# --- erasing


def test_nothing_of_the_values_is_left_after_the_revoke(shop, order):
    grant = _issued(shop, order, fields=list(Field))
    assert _asked(shop, grant) == "answered"
    assert _held(shop, grant)["email"] == SECRET[2]
    assert left(shop.lumen, SECRET) == []  # sealed while it is held, too
    shop.ana.write(grants.revoke_grant, grant=grant)
    shop.world.deliver()
    assert left(shop.lumen, SECRET) == []
    assert left(shop.ana, SECRET) == list(SECRET)  # the control: the seller's own customer is in the clear pages


def test_without_blanking_the_reply_the_values_stay(shop, order, monkeypatch):
    monkeypatch.setattr(Outbox, "forget_reply", lambda *_: None)
    grant = _issued(shop, order, fields=list(Field))
    assert _asked(shop, grant) == "answered"
    shop.ana.write(grants.revoke_grant, grant=grant)
    shop.world.deliver()
    assert left(shop.lumen, SECRET) == list(SECRET)


def test_the_sellers_inbox_keeps_no_answer(shop, order):
    grant = _issued(shop, order, fields=list(Field))
    assert _asked(shop, grant) == "answered"
    kept = b"".join(shop.ana.bodies())
    assert kept
    assert not any(secret.encode() in kept for secret in SECRET)


def test_what_is_kept_long_enough_is_erased_and_signed_for(shop, order):
    grant = _issued(shop, order, retention_ms=DAY_MS)
    assert _asked(shop, grant) == "answered"
    shop.world.tick(DAY_MS - 1)
    assert _held(shop, grant)
    shop.world.tick(1)
    assert _code(shop.lumen.read, asking.held, grant=grant) == "nothing-held"
    shop.world.deliver()
    mine, _ = _both(shop, grant)
    assert mine.state == "issued"
    assert all(line.erased for line in shop.ana.read(grants.list_disclosures))
    assert _asked(shop, grant) == "answered"  # while it holds, it may be asked again


def test_a_grant_ends_by_itself(shop, order):
    grant = _issued(shop, order, retention_ms=90 * DAY_MS)
    assert _asked(shop, grant) == "answered"
    shop.world.tick(30 * DAY_MS)
    shop.world.deliver()
    mine, theirs = _both(shop, grant)
    assert (mine.state, theirs.state, theirs.held_until) == ("expired", "expired", 0)
    assert mine.erasure_receipt
    assert _asked(shop, grant, force=True) == "expired"


def test_erasing_a_customer_takes_everything_back(shop, order):
    grant = _issued(shop, order)
    assert _asked(shop, grant) == "answered"
    assert _code(shop.ana.write, erasure.erase_customer, customer=CUSTOMER) == "orders-under-way"
    shop.ana.write(lambda unit: unit.operations.answer("k" * 8, b"", SECRET[0].encode()))
    erased = shop.ana.write(erasure.erase_customer, customer=CUSTOMER, anyway=True)
    assert (erased.orders, erased.grants) == (1, 1)
    shop.world.deliver()
    assert left(shop.ana, SECRET) == []
    assert left(shop.lumen, SECRET) == []
    ledger = shop.ana.read(grants.list_disclosures)
    assert len(ledger) == 7
    assert {(line.customer, line.customer_name) for line in ledger} == {(CUSTOMER.hex(), "")}
    with pytest.raises(NotFound):
        shop.ana.write(erasure.erase_customer, customer=CUSTOMER)


def test_a_customer_erased_while_a_grant_holds_gives_nothing(shop, order):
    grant = _issued(shop, order)
    shop.ana.write(lambda unit: unit.orders.erase_customer(CUSTOMER))
    assert _asked(shop, grant) == "erased"
    with pytest.raises(ConflictError, match="nothing to take back"):
        shop.ana.write(grants.revoke_grant, grant=_requested(shop, order, fields=["email"]))
