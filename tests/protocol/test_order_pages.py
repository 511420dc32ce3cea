"""The spec pages of orders, plans and commissions say what the code does: tables, diagrams and codes."""

import pytest
from pages import PAGES, codes, table

from protocol import cancellation, commission, ledger, plan, relay, statement
from protocol import order_records as rec

RECORDS = {
    "10-order": [
        rec.QuoteRequest,
        rec.RequestLine,
        rec.Quote,
        rec.Line,
        rec.OrderPlaced,
        rec.Receipt,
        rec.OrderAccepted,
        rec.OrderRejected,
        rec.CancelRequest,
        rec.OrderCancelled,
        rec.Attention,
        rec.OrderCompleted,
    ],
    "11-payment": [rec.PaymentSubmitted, rec.PaymentConfirmed, rec.RefundSettled],
    "12-fulfilment": [rec.ParcelShipped, rec.ParcelReady, rec.ParcelReported, rec.ParcelLine],
    "13-plan": [plan.Plan, plan.Level, plan.Override],
    "14-commission": [ledger.EntryKey, commission.Why, commission.AccrualFact, commission.FactChange],
    "15-statement": [
        statement.StatementHead,
        statement.StatementLine,
        statement.MemberStatement,
        statement.Included,
        statement.Sibling,
        relay.RelayRequest,
    ],
}
DIAGRAMS = {"10-order": ["order"], "11-payment": ["payment", "refund"], "12-fulfilment": ["fulfilment"], "14-commission": ["ledger"]}
MODULES = ["order_checks", "conversation", "plan", "commission", "ledger", "statement", "relay"]


@pytest.mark.parametrize("page", RECORDS)
def test_records(page):
    text = (PAGES / f"{page}.md").read_text()
    for record in RECORDS[page]:
        assert table(record) in text, record.__name__


@pytest.mark.parametrize("page", DIAGRAMS)
def test_diagrams(page):
    for name in DIAGRAMS[page]:
        assert (PAGES / f"diagrams/{name}.mmd").read_text() in (PAGES / f"{page}.md").read_text()


def test_every_signed_record_has_its_table_and_type():
    text = "".join((PAGES / f"{page}.md").read_text() for page in RECORDS)
    described = {record for records in RECORDS.values() for record in records}
    for kind in (*rec.KINDS, *plan.KINDS, *commission.KINDS, *statement.KINDS, *relay.KINDS):
        assert kind.record in described
        assert f"`{kind.name}`" in text, kind.name


def test_every_code():
    text = "".join((PAGES / f"{page}.md").read_text() for page in RECORDS)
    found = {code for module in MODULES for code in codes(module)} | set(cancellation.RULES)
    assert len(found) > 30
    assert not {code for code in found if f"`{code}`" not in text}


def test_every_line_of_the_cancellation_table():
    text = (PAGES / "10-order.md").read_text()
    for code, policy in cancellation.RULES.items():
        restock = "yes" if policy.restock else "no"
        assert f"| `{code}` | {policy.by} | {', '.join(sorted(policy.stages))} | {policy.cost} | {restock} | {policy.commission} |" in text
