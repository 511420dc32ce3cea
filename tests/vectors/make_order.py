"""Makes order.json. `python tests/vectors/make_order.py`.

`machine`: events, the state and effects after them. `record`: a body in hex, its fields. `log`: a merchant's log of raw envelopes, each
with the request its receipt names, and the status both sides compute. `check`: a placed order against its quote.
"""

from dataclasses import replace
from typing import Any

from machines import code_of, script, vector, write
from parts import NOW, named
from sale import ANA, BEN, MERCHANT, REQUEST, Sale, accepted, placed, quote

from protocol import conversation as talk
from protocol import order
from protocol import order_records as rec
from protocol.cancellation import CancelCode
from protocol.codec import from_bytes, to_bytes, to_tree
from protocol.encoding import encode
from protocol.envelope import sign
from protocol.order_checks import check_placed

QUOTED = order.Quoted(1, 100, 1_000)
PLACED = order.Placed(2, 200, 2_000)
ACCEPTED = order.Accepted(3, 300, 9_000, 500, 800)
FUNDED = order.Funded(4, 400)
STARTED = order.FulfilmentStarted(5, 500)
FULFILLED = order.Fulfilled(6, 600)
FLOW = [QUOTED, PLACED, ACCEPTED, FUNDED, STARTED, FULFILLED]
UNPAID = [QUOTED, PLACED, ACCEPTED, order.FulfilmentStarted(4, 500), order.Fulfilled(5, 600)]
LATER = order.ATTENTION_MS


def machine() -> list[dict[str, Any]]:
    def run(comment: str, events: list[Any], expect: str = "ok") -> dict[str, Any]:
        return script(order, comment, order.Order(), events, expect)

    return [
        run("the whole way; payable at the end of the longer hold", [*FLOW, order.Tick(1_100)]),
        run("nothing changes a millisecond before the window ends", [*FLOW, order.Tick(1_099)]),
        run("a replayed event changes nothing", [QUOTED, PLACED, PLACED, QUOTED]),
        run("a gap", [QUOTED, ACCEPTED], "out-of-order"),
        run("accepted before it was placed", [QUOTED, replace(ACCEPTED, seq=2)], "illegal-transition"),
        run("placed after the quote expired", [QUOTED, replace(PLACED, at=1_001)], "illegal-transition"),
        run("accepted after accept-by", [QUOTED, PLACED, replace(ACCEPTED, at=2_001)], "illegal-transition"),
        run("a quote nobody used", [QUOTED, order.Tick(1_000)]),
        run("accept-by passed, the grace not", [QUOTED, PLACED, order.Tick(2_000 + order.GRACE_MS - 1)]),
        run("not accepted in time", [QUOTED, PLACED, order.Tick(2_000 + order.GRACE_MS)]),
        run(
            "an acceptance that surfaces later is void",
            [QUOTED, PLACED, order.Tick(2_000 + order.GRACE_MS), ACCEPTED],
            "illegal-transition",
        ),
        run("rejected", [QUOTED, PLACED, order.Rejected(3, 300, "out-of-stock")]),
        run("the customer changes their mind in time", [QUOTED, PLACED, ACCEPTED, order.Cancelled(4, 400, CancelCode.CHANGED_MIND)]),
        run("paid, then cancelled: the money goes back", [*FLOW[:4], order.Cancelled(5, 500, CancelCode.OUT_OF_STOCK)]),
        run(
            "too late to change one's mind: it is on its way",
            [*FLOW[:5], order.Cancelled(6, 600, CancelCode.CHANGED_MIND)],
            "illegal-transition",
        ),
        run("delivered is not cancelled", [*FLOW, order.Cancelled(7, 700, CancelCode.UNDELIVERABLE)], "illegal-transition"),
        run("a merchant silent after accepting", [*FLOW[:4], order.Tick(9_000)]),
        run("an open claim keeps it open", [*FLOW, order.ClaimOpened(7, 700), order.Tick(10**15)]),
        run("a closed claim lets it complete", [*FLOW, order.ClaimOpened(7, 700), order.ClaimClosed(8, 5_000), order.Tick(5_000)]),
        run("a claim is closed once", [*FLOW, order.ClaimClosed(7, 700)], "illegal-transition"),
        run("unpaid at the end of the window: a person must look", [*UNPAID, order.Tick(1_100)]),
        run("and the payment comes", [*UNPAID, order.Tick(1_100), order.Funded(6, 2_000), order.Tick(2_000)]),
        run("and the merchant cancels as unpaid", [*UNPAID, order.Tick(1_100), order.Cancelled(6, 2_000, CancelCode.UNPAID)]),
        run("and the merchant says nothing: taken as paid", [*UNPAID, order.Tick(1_100), order.Tick(1_100 + LATER)]),
        run("attention, and back", [*FLOW[:4], order.AttentionRaised(5, 450, 5_000), order.AttentionResolved(6, 460)]),
        run("attention without an end", [*FLOW[:4], order.AttentionRaised(5, 450, 451 + LATER)], "illegal-transition"),
        run("completed by the merchant's word as well", [*FLOW, order.Tick(1_100), order.Completed(7, 1_200)]),
        run("completed before the window ends", [*FLOW, order.Completed(7, 1_099)], "illegal-transition"),
        run(
            "a late cancel of a completed order",
            [*FLOW, order.Tick(1_100), order.Cancelled(7, 1_200, CancelCode.UNPAID)],
            "illegal-transition",
        ),
    ]


def records() -> list[dict[str, Any]]:
    one = named("order")
    good = {
        rec.QUOTE_REQUEST: REQUEST,
        rec.QUOTE: quote(named("request")),
        rec.PLACED: placed(named("quote")),
        rec.RECEIPT: rec.Receipt(named("request")),
        rec.ACCEPTED: accepted(one),
        rec.REJECTED: rec.OrderRejected(one, "out-of-stock"),
        rec.CANCEL_REQUEST: rec.CancelRequest(one, CancelCode.CHANGED_MIND),
        rec.CANCELLED: rec.OrderCancelled(one, CancelCode.UNPAID),
        rec.PAYMENT_SUBMITTED: rec.PaymentSubmitted(one),
        rec.PAYMENT_CONFIRMED: rec.PaymentConfirmed(one, 10_400, "RF18539007547034"),
        rec.REFUND_SETTLED: rec.RefundSettled(one, 400, "RF18539007547034"),
        rec.SHIPPED: rec.ParcelShipped(one, 1, (rec.ParcelLine(0, 1),), "DHL", "00340434161094042557"),
        rec.READY: rec.ParcelReady(one, 1, (rec.ParcelLine(0, 1),)),
        rec.REPORTED: rec.ParcelReported(one, 1, rec.Report.DELIVERED, NOW),
        rec.ATTENTION: rec.Attention(one, NOW),
        rec.COMPLETED: rec.OrderCompleted(one),
    }
    found = [vector("record", name, {"type": name, "body": to_bytes(body)}, fields=body) for name, body in good.items()]
    tree = to_tree(good[rec.PLACED])
    bad = (
        ("an order with a key nobody knows", "unknown-key", {**tree, 99: "Jane Doe"}),
        ("an order with an odd key: none is ignored", "unknown-key", {**tree, 99 + 2: 1}),
        ("an order without its member", "missing-key", {key: value for key, value in tree.items() if key != 14}),
        ("a commitment of 31 bytes", "malformed", {**tree, 10: bytes(31)}),
        ("a total as a text", "malformed", {**tree, 4: "10400"}),
        ("a currency of four letters", "too-large", {**tree, 6: "USDT"}),
    )
    return found + [_bad(comment, code, encode(broken)) for comment, code, broken in bad]


def _bad(comment: str, code: str, body: bytes) -> dict[str, Any]:
    found = code_of(from_bytes, rec.OrderPlaced, body)
    assert found == code, (comment, found)
    return vector("record", comment, {"type": rec.PLACED, "body": body}, code)


def logs() -> list[dict[str, Any]]:
    late = Sale().until("IN_FULFILMENT")
    cancel = sign(ANA, rec.CANCEL_REQUEST, rec.CancelRequest(late.id, CancelCode.CHANGED_MIND), created=late.at)
    stranger = Sale().until("PLACED")
    theirs = sign(BEN, rec.CANCEL_REQUEST, rec.CancelRequest(stranger.id, CancelCode.CHANGED_MIND), created=stranger.at)
    in_time = Sale().until("PAID")
    in_time.ask(rec.CANCEL_REQUEST, rec.CancelRequest(in_time.id, CancelCode.CHANGED_MIND))
    two_parcels = Sale().until("PAID")
    for parcel in (1, 2):
        two_parcels.log(rec.SHIPPED, rec.ParcelShipped(two_parcels.id, parcel, (rec.ParcelLine(parcel - 1, parcel),), "DHL", str(parcel)))
        two_parcels.log(rec.REPORTED, rec.ParcelReported(two_parcels.id, parcel, rec.Report.DELIVERED, two_parcels.at))
    return [
        _log("a sale up to its delivery", Sale().until("FULFILLED")),
        _log("a cancel received before a shipment wins", in_time),
        _log("a cancel received after a shipment has no effect", late, (rec.RECEIPT, rec.Receipt(cancel.id), cancel)),
        _log("a stranger's cancel has no effect", stranger, (rec.RECEIPT, rec.Receipt(theirs.id), theirs)),
        _log("the merchant may not change the customer's mind", Sale().until("PLACED"), (rec.CANCELLED, CancelCode.CHANGED_MIND, None)),
        _log("two parcels, fulfilled with the second", two_parcels),
        _log("more pieces than were ordered", Sale().until("PAID"), (rec.SHIPPED, 3, None)),
    ]


def _log(comment: str, sale: Sale, more: tuple[str, Any, Any] | None = None) -> dict[str, Any]:
    history, state, refused = list(sale.history), sale.state, ""
    if more:
        type_, body, request = more
        if type_ == rec.CANCELLED:
            body = rec.OrderCancelled(sale.id, body)
        if type_ == rec.SHIPPED:
            body = rec.ParcelShipped(sale.id, 1, (rec.ParcelLine(0, body),), "DHL", "1")
        _, entry = state.chain.sign(MERCHANT, type_, body, created=sale.at + 1)
        state, _ = talk.advance(state, entry, request)
        refused, history = state.refused, [*history, (entry, request)]
        assert refused, comment
    entries = [{"entry": entry.raw, "request": request.raw if request else None} for entry, request in history]
    payment = state.payment.status if state.payment else None
    output = {"order": state.order_id, "status": state.order.status, "payment": payment, "refused": refused}
    given = {"merchant": MERCHANT.public, "request": sale.request.id, "entries": entries}
    return vector("log", comment, given, **output)


def checks() -> list[dict[str, Any]]:
    quoted, offer, now = named("quote"), quote(named("request")), NOW + 1
    cheaper = (replace(placed(quoted).lines[0], unit_price=100, total=100), placed(quoted).lines[1])
    none = (replace(placed(quoted).lines[0], quantity=0), placed(quoted).lines[1])
    cases = (
        ("as quoted", "ok", {}, now),
        ("under another quote", "unknown-quote", {"quote": named("other")}, now),
        ("after the quote expired", "quote-expired", {}, NOW + 60_001),
        ("a quantity of zero", "bad-quantity", {"lines": none}, now),
        ("a line less", "changed-lines", {"lines": placed(quoted).lines[:1]}, now),
        ("a changed price", "changed-price", {"lines": cheaper}, now),
        ("another currency", "currency", {"currency": "EUR"}, now),
        ("a total that is not the quote's", "bad-total", {"total": 10_399}, now),
        ("another base", "bad-total", {"base": 10_401}, now),
        ("another plan", "changed-plan", {"plan": named("plan")}, now),
        ("other terms", "changed-terms", {"terms": named("other terms")}, now),
        ("to be accepted in the past", "bad-accept-by", {"accept_by": NOW}, now),
        ("for another member", "wrong-member", {"member": named("member")}, now),
    )
    found = []
    for comment, expect, changes, at in cases:
        order_placed = placed(quoted, **changes)
        code = code_of(check_placed, order_placed, offer, quoted, merchant=MERCHANT.public, author=ANA.public, now=at)
        assert code == expect, (comment, code)
        given = {"placed": to_bytes(order_placed), "quote": to_bytes(offer), "quote_id": quoted, "now": at}
        found.append(vector("check", comment, {**given, "merchant": MERCHANT.public, "author": ANA.public}, expect))
    return found


def vectors() -> list[dict[str, Any]]:
    return machine() + records() + logs() + checks()


if __name__ == "__main__":
    write("order", vectors())
