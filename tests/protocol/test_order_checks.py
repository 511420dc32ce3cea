"""What the merchant refuses before quoting and the seller refuses in a quote. A placed order's checks are vectors (test_order.py)."""

from dataclasses import replace

import pytest
from machines import code_of
from parts import named
from sale import ANA, BEN, CATALOG, LINES, PLAN, RATE, REQUEST, accepted, quote

from protocol.order_checks import Priced, check_accepted, check_quote, check_request, quote_lines
from protocol.order_records import RequestLine
from protocol.plan import plan_hash

KNOWN = (plan_hash(PLAN), RATE)
ID = named("request")


def line(sku="CREAM-50", quantity=1):
    return (RequestLine(sku, quantity),)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "ok"),
        ({"lines": ()}, "no-lines"),
        ({"lines": line(quantity=0)}, "bad-quantity"),
        ({"lines": line(quantity=-1)}, "bad-quantity"),
        ({"lines": line("NO-SUCH")}, "unknown-sku"),
        ({"lines": line(quantity=11)}, "out-of-stock"),
        ({"lines": line() * 2}, "duplicate-sku"),
        ({"lines": (*line(), *line("EURO-1"))}, "currency"),
        ({"lines": (*line(), *line("OLD-1"))}, "mixed-plans"),
        ({"country": ""}, "bad-destination"),
        ({"country": "", "pickup": True}, "ok"),
        ({"member": named("another member")}, "wrong-member"),
    ],
)
def test_a_request(changes, code):
    catalog = {**CATALOG, "EURO-1": Priced(named("euro"), 100, "EUR"), "OLD-1": Priced(named("old"), 100, "USD", plan=named("plan"))}
    assert code_of(check_request, replace(REQUEST, **changes), catalog, ANA.public) == code


def test_a_request_by_another_key():
    assert code_of(check_request, REQUEST, CATALOG, BEN.public) == "wrong-member"


def test_the_lines_of_a_quote():
    assert quote_lines(REQUEST, CATALOG) == LINES


DISCOUNTED = (replace(LINES[0], discount=200, total=5_000), LINES[1])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "ok"),
        ({"shipping": 490, "tax": 100, "total": 10_990}, "ok"),
        ({"lines": DISCOUNTED, "base": 10_200, "total": 10_200}, "ok"),
        ({"request": named("other")}, "wrong-request"),
        ({"lines": LINES[:1], "base": 5_200, "total": 5_200}, "changed-lines"),
        ({"total": 10_401}, "bad-total"),
        ({"base": 10_401}, "bad-total"),
        ({"shipping": -1, "total": 10_399}, "bad-total"),
        ({"tax": -1, "total": 10_399}, "bad-total"),
        ({"lines": (replace(LINES[0], total=5_199), LINES[1])}, "bad-total"),
        ({"lines": (replace(LINES[0], discount=-1, total=5_201), LINES[1])}, "bad-total"),
        ({"lines": (replace(LINES[0], discount=5_201, total=-1), LINES[1])}, "bad-total"),
        ({"lines": (replace(LINES[0], unit_price=-1, total=-1), LINES[1])}, "bad-total"),
        ({"lines": (replace(LINES[0], unit_price=5_300, total=5_300), LINES[1]), "base": 10_500, "total": 10_500}, "changed-price"),
        ({"lines": (replace(LINES[0], product=named("other product")), LINES[1])}, "changed-price"),
        ({"currency": "EUR"}, "currency"),
        ({"currency": "usd"}, "currency"),
        ({"plan": named("plan")}, "changed-plan"),
        ({"gms_rate": RATE - 1}, "changed-plan"),
    ],
)
def test_a_quote(changes, code):
    assert code_of(check_quote, quote(ID, **changes), REQUEST, ID, CATALOG, KNOWN) == code


def test_a_quote_for_a_sku_the_seller_never_synced():
    assert code_of(check_quote, quote(ID), REQUEST, ID, {}, KNOWN) == "unknown-sku"


def test_a_quote_whose_quantity_is_zero_as_asked():
    request = replace(REQUEST, lines=(RequestLine("CREAM-50", 0), REQUEST.lines[1]))
    offered = quote(ID, lines=(replace(LINES[0], quantity=0, total=0), LINES[1]), base=5_200, total=5_200)
    assert code_of(check_quote, offered, request, ID, CATALOG, KNOWN) == "bad-quantity"


@pytest.mark.parametrize(
    ("changes", "own", "code"),
    [
        ({}, 26 * 10**18, "ok"),
        ({}, 26 * 10**18 + 1, "uncovered"),
        ({"return_window_ms": 1}, 0, "changed-terms"),
        ({"hold_ms": 1}, 0, "changed-terms"),
    ],
)
def test_an_acceptance(changes, own, code):
    assert code_of(check_accepted, accepted(ID, **changes), PLAN, own) == code
