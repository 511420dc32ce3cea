"""What a node refuses in an order's records, and under which code (docs/protocol/10-order.md). It reads records, it signs none.

Each function raises Conflict with the code of the first rule broken; the message says what to do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .errors import Conflict, Unauthorized, Untimely
from .money import exponent
from .order_records import Line, OrderAccepted, OrderPlaced, Quote, QuoteRequest
from .plan import Plan
from .team import member_id

COUNTRY_LETTERS = 2


@dataclass(frozen=True, slots=True)
class Priced:
    """What the catalog says of a SKU now: `price` in minor units, the pieces that may still be sold (None = not counted).

    An order takes from `least` to `most` pieces (None = as many as there are); a piece weighs `weight` grams and is sent by the shipping
    `profile`; tax is by `tax_class`; commissions are by the `plan` of that hash (empty: by none).
    """

    product: bytes
    price: int
    currency: str
    stock: int | None = None
    least: int = 1
    most: int | None = None
    weight: int = 0
    profile: str = ""
    tax_class: str = ""
    plan: bytes = b""


def check_request(request: QuoteRequest, catalog: Mapping[str, Priced], author: bytes) -> None:
    """The merchant, before quoting.

    Raises Conflict `no-lines`, `bad-quantity`, `duplicate-sku`, `unknown-sku`, `out-of-stock`, `currency`, `mixed-plans`,
    `bad-destination`, Unauthorized `wrong-member`.
    """
    _check_member(request.merchant, request.member, author)
    if not request.lines:
        raise Conflict("an order needs at least one line", code="no-lines")
    if len({line.sku for line in request.lines}) != len(request.lines):
        raise Conflict("a SKU stands on two lines: put the quantities together", code="duplicate-sku")
    for line in request.lines:
        if line.quantity <= 0:
            raise Conflict(f"{line.sku}: the quantity is {line.quantity}, order at least one", code="bad-quantity")
        known = catalog.get(line.sku)
        if known is None:
            raise Conflict(f"{line.sku} is not for sale here: sync the catalog", code="unknown-sku")
        if line.quantity < known.least or (known.most is not None and line.quantity > known.most):
            upto = f" and at most {known.most}" if known.most is not None else ""
            raise Conflict(f"{line.sku}: the quantity is {line.quantity}, order at least {known.least}{upto}", code="bad-quantity")
        if known.stock is not None and known.stock < line.quantity:
            raise Conflict(f"{line.sku}: {known.stock} left", code="out-of-stock")
    if len({catalog[line.sku].currency for line in request.lines}) > 1:
        raise Conflict("the lines are priced in different currencies: place one order for each", code="currency")
    if len({catalog[line.sku].plan for line in request.lines}) > 1:
        raise Conflict("the lines are sold under different commission plans: place one order for each", code="mixed-plans")
    if not request.pickup and len(request.country) != COUNTRY_LETTERS:
        raise Conflict("a delivery needs the country of the destination, such as DE", code="bad-destination")


def quote_lines(request: QuoteRequest, catalog: Mapping[str, Priced]) -> tuple[Line, ...]:
    """The request's lines at the catalog's prices, without discount. The request was checked."""
    return tuple(
        Line(line.sku, catalog[line.sku].product, line.quantity, catalog[line.sku].price, 0, catalog[line.sku].price * line.quantity)
        for line in request.lines
    )


def check_totals(lines: Sequence[Line], quote: Quote) -> None:
    """Arithmetic of a quote. Raises Conflict `bad-quantity`, `bad-total`, Malformed `currency`."""
    exponent(quote.currency)
    for line in lines:
        if line.quantity <= 0:
            raise Conflict(f"{line.sku}: the quantity is {line.quantity}", code="bad-quantity")
        gross = line.unit_price * line.quantity
        if line.unit_price < 0 or not 0 <= line.discount <= gross or line.total != gross - line.discount:
            raise Conflict(f"{line.sku}: the line does not add up", code="bad-total")
    base = sum(line.total for line in lines)
    if min(quote.shipping, quote.tax) < 0 or quote.base != base or quote.total != base + quote.shipping + quote.tax:
        raise Conflict("the quote does not add up", code="bad-total")


def check_quote(quote: Quote, request: QuoteRequest, request_id: bytes, catalog: Mapping[str, Priced], plan: tuple[bytes, int]) -> None:
    """The seller, on receiving a quote; `plan` is the (hash, gms_rate) it knows.

    Raises Conflict `wrong-request`, `changed-lines`, `unknown-sku`, `changed-price`, `changed-plan`, `currency`,
    and what check_totals raises.
    """
    if quote.request != request_id:
        raise Conflict("the quote answers another request", code="wrong-request")
    if [(line.sku, line.quantity) for line in quote.lines] != [(line.sku, line.quantity) for line in request.lines]:
        raise Conflict("the quote has other lines than asked for", code="changed-lines")
    check_totals(quote.lines, quote)
    for line in quote.lines:
        known = catalog.get(line.sku)
        if known is None:
            raise Conflict(f"{line.sku} is not in the catalog here: sync", code="unknown-sku")
        if known.currency != quote.currency:
            raise Conflict(f"{line.sku} is priced in {known.currency}, quoted in {quote.currency}", code="currency")
        if (line.unit_price, line.product) != (known.price, known.product):
            raise Conflict(f"{line.sku} now costs {line.unit_price}, the catalog here says {known.price}: sync", code="changed-price")
    if (quote.plan, quote.gms_rate) != plan:
        raise Conflict("the quote names another commission plan: sync", code="changed-plan")


def check_placed(placed: OrderPlaced, quote: Quote, quote_id: bytes, *, merchant: bytes, author: bytes, now: int) -> None:
    """The merchant, on receiving an order under its quote `quote_id`. A quote binds for its lifetime, whatever the catalog says since.

    Raises Untimely `quote-expired`, Conflict `unknown-quote`, `bad-quantity`, `changed-price`, `changed-lines`, `currency`, `bad-total`,
    `changed-plan`, `changed-terms`, `bad-accept-by`, Unauthorized `wrong-member`.
    """
    _check_member(merchant, placed.member, author)
    if placed.quote != quote_id:
        raise Conflict("there is no such quote: ask for a new one", code="unknown-quote")
    if now > quote.expires:
        raise Untimely("the quote has expired: ask for a new one", code="quote-expired")
    if any(line.quantity <= 0 for line in placed.lines):
        raise Conflict("order at least one of each", code="bad-quantity")
    if [(line.sku, line.product, line.quantity) for line in placed.lines] != [
        (line.sku, line.product, line.quantity) for line in quote.lines
    ]:
        raise Conflict("the order has other lines than the quote", code="changed-lines")
    if placed.currency != quote.currency:
        raise Conflict(f"quoted in {quote.currency}, ordered in {placed.currency}", code="currency")
    if [(line.unit_price, line.discount) for line in placed.lines] != [(line.unit_price, line.discount) for line in quote.lines]:
        raise Conflict("the order has other prices than the quote", code="changed-price")
    if (placed.lines, placed.total, placed.base) != (quote.lines, quote.total, quote.base):
        raise Conflict("the order's sums are not the quote's", code="bad-total")
    if placed.plan != quote.plan:
        raise Conflict("the order names another commission plan than the quote", code="changed-plan")
    if placed.terms != quote.terms:
        raise Conflict("the order names other terms than the quote", code="changed-terms")
    if placed.accept_by <= now:
        raise Conflict("the time to accept is already over: check the clocks", code="bad-accept-by")


def check_accepted(accepted: OrderAccepted, plan: Plan, own_gms: int) -> None:
    """The seller, on receiving an acceptance of an order under `plan`; `own_gms` is its own commission (base units).

    Raises Conflict `changed-terms`, `uncovered`.
    """
    if (accepted.return_window_ms, accepted.hold_ms) != (plan.return_window_ms, plan.hold_ms):
        raise Conflict("the acceptance has another return window or hold than the plan", code="changed-terms")
    if accepted.cover < own_gms:
        raise Conflict("the merchant's reserve does not cover the commission", code="uncovered")


def _check_member(merchant: bytes, member: bytes, author: bytes) -> None:
    if member_id(merchant, author) != member:
        raise Unauthorized("signed by another key than the member's", code="wrong-member")
