"""The fold of a merchant's log: both sides compute the same order, and nothing in a log can break or double it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parts import NOW, Key, named
from sale import ALL_PIECES, ANA, BEN, MERCHANT, WINDOW, Sale, accepted, placed

from protocol import conversation as talk
from protocol import fulfilment, order, payment
from protocol import order_records as rec
from protocol.cancellation import CancelCode
from protocol.envelope import peek_type, sign, verify
from protocol.errors import Conflict, LocalError, OutOfOrder

VECTORS = [found for found in json.loads((Path(__file__).parents[1] / "vectors/order.json").read_text()) if found["kind"] == "log"]


def opened(raw):
    data = bytes.fromhex(raw)
    return verify(data, peek_type(data))


@pytest.mark.parametrize("found", VECTORS, ids=lambda found: found["comment"])
def test_log_vector(found):
    state = talk.begin(bytes.fromhex(found["input"]["merchant"]), bytes.fromhex(found["input"]["request"]))
    for step in found["input"]["entries"]:
        state, _ = talk.advance(state, opened(step["entry"]), opened(step["request"]) if step["request"] else None)
    output = found["output"]
    assert state.order_id.hex() == output["order"]
    assert (state.order.status, state.refused) == (output["status"], output["refused"])
    assert (state.payment.status if state.payment else None) == output["payment"]


def kinds(effects):
    return [type(effect).__name__ for effect in effects]


def test_the_whole_sale_tells_the_node_what_to_do():
    sale = Sale().until("COMPLETED")
    assert kinds(sale.effects) == ["ReserveStock", "AccrueCommissions", "AskForPayment", "HoldCommissions", "MakePayable"]
    assert sale.state.order.status is order.Status.COMPLETED
    assert sale.state.payment.status is payment.Status.RELEASED
    assert sale.state.arrived == sale.state.units == 3


def test_the_seller_computes_the_same_from_the_log():
    sale = Sale().until("FULFILLED")
    theirs = talk.replay(talk.begin(MERCHANT.public, sale.request.id), sale.history)
    assert theirs == sale.state


def test_silence_is_part_of_the_history():
    """An acceptance that comes too late stays without effect, also when the history is replayed."""
    sale = Sale().until("PLACED")
    late = sale.state.order.accept_by + order.GRACE_MS
    expired, effects = talk.tick(sale.state, late)
    assert kinds(effects) == ["ReleaseStock"]
    _, entry = sale.state.chain.sign(MERCHANT, rec.ACCEPTED, accepted(sale.id), created=sale.at)
    after, found = talk.advance(expired, entry)
    assert (after.order.status, after.refused, found) == (order.Status.EXPIRED, "illegal-transition", ())
    begun = talk.begin(MERCHANT.public, sale.request.id)
    assert talk.replay(begun, [*sale.history, late, (entry, None)]) == after


def test_a_replayed_entry_changes_nothing():
    sale = Sale().until("PAID")
    for entry, request in sale.history:
        assert talk.advance(sale.state, entry, request) == (sale.state, ())


def test_a_gap_a_fork_and_another_log_are_named():
    sale = Sale().until("PAID")
    begun = talk.begin(MERCHANT.public, sale.request.id)
    with pytest.raises(OutOfOrder):
        talk.advance(begun, sale.history[1][0], sale.history[1][1])
    fork = sign(MERCHANT, rec.ATTENTION, rec.Attention(sale.id, 0), created=1, log=sale.state.chain.log, seq=4, prev=named("x"))
    with pytest.raises(Conflict) as caught:
        talk.advance(sale.state, fork)
    assert caught.value.code == "equivocation"
    with pytest.raises(Conflict) as caught:
        talk.advance(talk.begin(MERCHANT.public, named("other")), sale.history[0][0])
    assert caught.value.code == "wrong-log"


def test_one_bad_entry_does_not_block_its_successors():
    sale = Sale().until("PLACED")
    _, bad = sale.state.chain.sign(MERCHANT, rec.COMPLETED, rec.OrderCompleted(sale.id), created=sale.at)
    sale.state, effects = talk.advance(sale.state, bad)
    assert (sale.state.refused, effects) == ("illegal-transition", ())
    sale.log(rec.ACCEPTED, accepted(sale.id))
    assert (sale.state.order.status, sale.state.refused) == (order.Status.ACCEPTED, "")


@pytest.mark.parametrize(
    ("stage", "type_", "body", "code"),
    [
        ("PLACED", rec.ACCEPTED, lambda s: accepted(named("other")), "wrong-order"),
        ("PLACED", rec.PAYMENT_CONFIRMED, lambda s: rec.PaymentConfirmed(s.id, 1, ""), "illegal-transition"),
        ("PAID", rec.PAYMENT_CONFIRMED, lambda s: rec.PaymentConfirmed(s.id, 0, ""), "illegal-transition"),
        ("PAID", rec.SHIPPED, lambda s: rec.ParcelShipped(s.id, 1, (), "", ""), "bad-parcel"),
        ("PAID", rec.SHIPPED, lambda s: rec.ParcelShipped(s.id, 1, (rec.ParcelLine(0, 2),), "", ""), "bad-parcel"),
        ("PAID", rec.SHIPPED, lambda s: rec.ParcelShipped(s.id, 1, (rec.ParcelLine(9, 1),), "", ""), "bad-parcel"),
        ("PAID", rec.SHIPPED, lambda s: rec.ParcelShipped(s.id, 1, (rec.ParcelLine(0, 1),) * 2, "", ""), "bad-parcel"),
        ("PAID", rec.SHIPPED, lambda s: rec.ParcelShipped(s.id, 1, (rec.ParcelLine(0, -1),), "", ""), "bad-parcel"),
        ("IN_FULFILMENT", rec.SHIPPED, lambda s: rec.ParcelShipped(s.id, 1, (rec.ParcelLine(0, 1),), "", ""), "bad-parcel"),
        ("IN_FULFILMENT", rec.SHIPPED, lambda s: rec.ParcelShipped(s.id, 2, ALL_PIECES, "", ""), "bad-parcel"),
        ("IN_FULFILMENT", rec.REPORTED, lambda s: rec.ParcelReported(s.id, 7, rec.Report.DELIVERED, 1), "bad-parcel"),
        ("IN_FULFILMENT", rec.REPORTED, lambda s: rec.ParcelReported(s.id, 1, rec.Report.HANDED_OVER, 1), "illegal-transition"),
        ("FULFILLED", rec.REPORTED, lambda s: rec.ParcelReported(s.id, 1, rec.Report.DELIVERED, 1), "illegal-transition"),
        ("PAID", rec.CANCELLED, lambda s: rec.OrderCancelled(s.id, CancelCode.CHANGED_MIND), "wrong-party"),
        ("PAID", rec.CANCELLED, lambda s: rec.OrderCancelled(s.id, CancelCode.MERCHANT_SILENT), "wrong-party"),
        ("FULFILLED", rec.COMPLETED, lambda s: rec.OrderCompleted(s.id), "illegal-transition"),
    ],
)
def test_what_a_merchant_may_not_write(stage, type_, body, code):
    sale = Sale().until(stage)
    before = sale.state
    with pytest.raises(LocalError) as caught:
        sale.log(type_, body(sale))
    assert caught.value.code == code
    assert sale.state is before


def test_requests_are_the_sellers_own():
    sale = Sale().until("PAID")
    for by, body, code in (
        (BEN, rec.CancelRequest(sale.id, CancelCode.CHANGED_MIND), "wrong-author"),
        (ANA, rec.CancelRequest(sale.id, CancelCode.OUT_OF_STOCK), "wrong-party"),
        (ANA, rec.CancelRequest(named("other"), CancelCode.CHANGED_MIND), "wrong-order"),
    ):
        with pytest.raises(LocalError) as caught:
            sale.ask(rec.CANCEL_REQUEST, body, by)
        assert caught.value.code == code
    with pytest.raises(LocalError) as caught:
        sale.log(rec.RECEIPT, rec.Receipt(named("unseen")))
    assert caught.value.code == "wrong-request"


def test_a_second_order_under_one_quote_has_no_effect():
    sale = Sale().until("PLACED")
    with pytest.raises(LocalError):
        sale.ask(rec.PLACED, placed(sale.history[0][0].id, customer=named("another customer")))


def test_submitted_then_confirmed_in_two_parts():
    sale = Sale().until("ACCEPTED")
    sale.ask(rec.PAYMENT_SUBMITTED, rec.PaymentSubmitted(sale.id))
    assert sale.state.payment.status is payment.Status.SUBMITTED
    sale.log(rec.PAYMENT_CONFIRMED, rec.PaymentConfirmed(sale.id, 400, ""))
    assert not sale.state.order.funded
    sale.log(rec.PAYMENT_CONFIRMED, rec.PaymentConfirmed(sale.id, 10_001, ""))
    assert sale.state.order.funded
    assert kinds(sale.effects)[-1] == "ReturnSurplus"


def test_money_for_a_cancelled_order_goes_back():
    sale = Sale().until("ACCEPTED")
    sale.ask(rec.CANCEL_REQUEST, rec.CancelRequest(sale.id, CancelCode.CHANGED_MIND))
    sale.log(rec.PAYMENT_CONFIRMED, rec.PaymentConfirmed(sale.id, 10_400, ""))
    assert kinds(sale.effects)[-1] == "RefundPayment"
    sale.log(rec.REFUND_SETTLED, rec.RefundSettled(sale.id, 10_400, ""))
    assert sale.state.payment.balance == 0
    assert sale.state.order.status is order.Status.CANCELLED


def test_a_pickup():
    sale = Sale().until("PAID")
    sale.log(rec.READY, rec.ParcelReady(sale.id, 1, ALL_PIECES))
    assert sale.state.order.status is order.Status.IN_FULFILMENT
    sale.log(rec.REPORTED, rec.ParcelReported(sale.id, 1, rec.Report.HANDED_OVER, sale.at))
    sale.tick(sale.at - 1_000 + WINDOW)
    assert sale.state.order.status is order.Status.COMPLETED


def test_failed_returned_and_sent_in_another_parcel():
    sale = Sale().until("IN_FULFILMENT")
    for report in (rec.Report.IN_TRANSIT, rec.Report.FAILED):
        sale.log(rec.REPORTED, rec.ParcelReported(sale.id, 1, report, sale.at))
    sale.log(rec.SHIPPED, rec.ParcelShipped(sale.id, 1, ALL_PIECES, "DHL", "again"))
    for report in (rec.Report.FAILED, rec.Report.RETURNED):
        sale.log(rec.REPORTED, rec.ParcelReported(sale.id, 1, report, sale.at))
    assert sale.effects[-1] == fulfilment.Restock(3)
    sale.log(rec.SHIPPED, rec.ParcelShipped(sale.id, 2, ALL_PIECES, "DHL", "2"))
    sale.log(rec.REPORTED, rec.ParcelReported(sale.id, 2, rec.Report.DELIVERED, sale.at))
    assert sale.state.order.status is order.Status.FULFILLED


def test_a_silent_carrier_and_a_silent_payer():
    sale = Sale().until("ACCEPTED")
    sale.log(rec.SHIPPED, rec.ParcelShipped(sale.id, 1, ALL_PIECES, "DHL", "1"))
    assert talk.next_deadline(sale.state) == NOW + 100_000
    sale.tick(NOW + 100_000)
    assert kinds(sale.effects)[-1] == "RemindPayer"
    deadline = talk.next_deadline(sale.state)
    assert deadline == sale.at + fulfilment.SILENT_MS
    sale.tick(deadline)
    assert sale.state.order.status is order.Status.FULFILLED
    assert sale.state.order.delivered_at == deadline


def test_a_parcel_of_a_cancelled_order_arrives_in_silence():
    """Once its deadline raised, and with it every later look at the clock."""
    sale = Sale().until("PAID")
    sale.log(rec.SHIPPED, rec.ParcelShipped(sale.id, 1, ALL_PIECES, "DHL", "1"))
    sale.log(rec.CANCELLED, rec.OrderCancelled(sale.id, CancelCode.UNDELIVERABLE))
    deadline = talk.next_deadline(sale.state)
    sale.tick(deadline)
    assert sale.state.order.status is order.Status.CANCELLED
    assert talk.next_deadline(sale.state) is None


def test_attention_is_raised_and_resolved():
    sale = Sale().until("PAID")
    sale.log(rec.ATTENTION, rec.Attention(sale.id, sale.at + 60_000))
    assert sale.state.order.status is order.Status.NEEDS_ATTENTION
    sale.log(rec.ATTENTION, rec.Attention(sale.id, 0))
    assert sale.state.order.status is order.Status.ACCEPTED


def test_the_merchants_word_of_completion_agrees():
    sale = Sale().until("FULFILLED")
    sale.at += WINDOW
    sale.log(rec.COMPLETED, rec.OrderCompleted(sale.id))
    own, _ = talk.tick(Sale().until("FULFILLED").state, sale.at)
    assert sale.state.order.status is own.order.status is order.Status.COMPLETED


def test_an_unknown_type_passes():
    sale = Sale().until("PAID")
    _, entry = sale.state.chain.sign(MERCHANT, "order.of-a-later-version", {0: 1}, created=sale.at)
    state, effects = talk.advance(sale.state, entry)
    assert (state.order.status, state.refused, effects) == (order.Status.ACCEPTED, "", ())


ENTRIES = st.sampled_from(
    [
        (rec.ACCEPTED, lambda s: accepted(s.id)),
        (rec.REJECTED, lambda s: rec.OrderRejected(s.id, "out-of-stock")),
        (rec.CANCELLED, lambda s: rec.OrderCancelled(s.id, CancelCode.OUT_OF_STOCK)),
        (rec.PAYMENT_CONFIRMED, lambda s: rec.PaymentConfirmed(s.id, 5_200, "")),
        (rec.PAYMENT_CONFIRMED, lambda s: rec.PaymentConfirmed(s.id, 10_400, "")),
        (rec.REFUND_SETTLED, lambda s: rec.RefundSettled(s.id, 5_200, "")),
        (rec.SHIPPED, lambda s: rec.ParcelShipped(s.id, 1, (rec.ParcelLine(1, 1),), "", "")),
        (rec.SHIPPED, lambda s: rec.ParcelShipped(s.id, 2, (rec.ParcelLine(0, 1), rec.ParcelLine(1, 1)), "", "")),
        (rec.READY, lambda s: rec.ParcelReady(s.id, 3, ALL_PIECES)),
        *[(rec.REPORTED, lambda s, p=p, r=r: rec.ParcelReported(s.id, p, r, s.at)) for p in (1, 2, 3) for r in rec.Report],
        (rec.ATTENTION, lambda s: rec.Attention(s.id, s.at + 9_000)),
        (rec.COMPLETED, lambda s: rec.OrderCompleted(s.id)),
    ]
)


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.one_of(ENTRIES, st.integers(0, 10**10)), max_size=25))
def test_any_log_conserves_money_and_units(steps):
    """Whatever a merchant logs: no piece is in two parcels, no more goes back than came, the log replays to the same state."""
    sale = Sale().until("PLACED")
    history = list(sale.history)
    for step in steps:
        if isinstance(step, int):
            sale.at += step % 100_000
            sale.state, _ = talk.tick(sale.state, NOW + step)
            history.append(NOW + step)
            continue
        type_, body = step
        sale.at += 1
        _, entry = sale.state.chain.sign(MERCHANT, type_, body(sale), created=sale.at)
        sale.state, _ = talk.advance(sale.state, entry)
        history.append((entry, None))
        state = sale.state
        assert 0 <= state.arrived <= state.units
        assert all(0 <= state.unsent(line) <= state.placed.lines[line].quantity for line in (0, 1))
        if state.payment:
            assert 0 <= state.payment.refunded <= state.payment.received
    assert talk.replay(talk.begin(MERCHANT.public, sale.request.id), history) == sale.state


def test_the_control_a_parcel_without_the_check_would_double_pieces(monkeypatch):
    monkeypatch.setattr(talk, "_check_contents", lambda *_: None)
    sale = Sale().until("IN_FULFILMENT")
    sale.log(rec.SHIPPED, rec.ParcelShipped(sale.id, 2, ALL_PIECES, "", ""))
    assert sale.state.unsent(0) < 0


def test_write_signs_as_the_merchant():
    sale = Sale().until("QUOTED")
    entry = sale.history[0][0]
    assert verify(entry.raw, rec.QUOTE, author=MERCHANT.public).id == entry.id
    assert replace(sale.state, refused="") == sale.state
    assert Key("merchant").public == MERCHANT.public
