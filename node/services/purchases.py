"""What customers ordered, as rules read it: when, whether it arrived, and when they may want it again. Follows every order by itself."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol

from node.model.day import day_of
from node.model.task_rule import Purchase, Reorder, reorder
from protocol import order_records as rec
from protocol.order import Status

from .order_log import Case, OrdersUnit, load
from .order_view import product_title
from .tasks import ZONE, Contacts

AT_ONCE = 25  # orders looked at in one transaction
_TAKEN_BACK = frozenset({Status.REJECTED, Status.EXPIRED, Status.CANCELLED})


class PurchaseBook(Protocol):
    """Purchases as this service keeps them (node/store/purchases.py says what each does)."""

    def take_news(self, limit: int) -> Sequence[bytes]: ...  # noqa: D102
    def keep(  # noqa: D102
        self, draft: bytes, customer: bytes, placed: int, delivered: int | None, lines: Iterable[Purchase]
    ) -> None: ...
    def of_product(self, customer: bytes, merchant: bytes, sku: str) -> Sequence[tuple[int, bytes, str]]: ...  # noqa: D102
    def products(self, customer: bytes) -> Sequence[tuple[bytes, str]]: ...  # noqa: D102
    def set_reorders(self, customer: bytes, rows: Iterable[Reorder]) -> None: ...  # noqa: D102
    def customer_of(self, draft: bytes, /) -> bytes | None: ...  # noqa: D102


class PurchasesUnit(OrdersUnit, Protocol):
    """What this service needs of a transaction."""

    @property
    def purchases(self) -> PurchaseBook: ...  # noqa: D102

    @property
    def notes(self) -> Contacts: ...  # noqa: D102


def tick(unit: PurchasesUnit) -> None:
    """Look at orders that changed, some at a time."""
    concerned: set[bytes] = set()
    for draft in unit.purchases.take_news(AT_ONCE):
        row = unit.orders.get(draft)
        if row is None or row.customer is None or not unit.customers.name_of(row.customer):
            continue
        case = load(unit, row)
        placed = case.reached.get(rec.PLACED)
        if placed is None:
            continue  # a quote is no order
        before = unit.purchases.customer_of(draft)
        zone = str(unit.settings.get(ZONE, "UTC"))
        unit.purchases.keep(draft, row.customer, placed, case.state.order.delivered_at or None, _lines(unit, case, day_of(placed, zone)))
        concerned |= {row.customer} | ({before} if before else set())
    for customer in concerned:
        unit.purchases.set_reorders(customer, _reorders(unit, customer))
        unit.notes.recount(customer)


def _lines(unit: PurchasesUnit, case: Case, day: date) -> list[Purchase]:
    placed = case.state.placed
    if placed is None or case.state.order.status in _TAKEN_BACK:
        return []
    row = case.row
    return [Purchase(row.peer, line.sku, product_title(unit, line.product, line.sku), day, row.draft) for line in placed.lines]


def _reorders(unit: PurchasesUnit, customer: bytes) -> list[Reorder]:
    zone = str(unit.settings.get(ZONE, "UTC"))
    found = []
    for merchant, sku in unit.purchases.products(customer):
        rows = unit.purchases.of_product(customer, merchant, sku)
        bought = [Purchase(merchant, sku, title, day_of(placed, zone), draft) for placed, draft, title in rows]
        found.append(reorder(customer, bought))
    return [row for row in found if row is not None]
