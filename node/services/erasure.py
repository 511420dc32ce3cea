"""Erasing customers. What was disclosed stays in the ledger, by field name and never by value."""

from dataclasses import dataclass

from node.errors import ConflictError
from protocol.grant import Status as Granted
from protocol.order import LIVE, Status

from .asking import ERASED
from .customers import find
from .grant_book import GrantsUnit
from .grants import revoke_grant


@dataclass(frozen=True, slots=True)
class ErasedView:
    """What went with the customer: `orders` whose commitments can no longer be opened, `grants` taken back."""

    id: str
    orders: int
    grants: int


def erase_customer(unit: GrantsUnit, customer: bytes, anyway: bool = False) -> ErasedView:
    """Erase a customer for good. `anyway`: even with an order under way, which then cannot be delivered from here."""
    found = find(unit, customer)
    live = [row for row in unit.orders.of_customer(found.id) if Status(row.status) in LIVE]
    if live and not anyway:
        raise ConflictError(
            f"{len(live)} of this customer's orders are under way and need the address. Wait until they end, or erase anyway.",
            code="orders-under-way",
        )
    return erase(unit, found.id)


def erase(unit: GrantsUnit, customer: bytes) -> ErasedView:
    """Erase a customer whatever is under way: record, what opens their orders, grants that hold, remembered answers."""
    live = [row for row in unit.grants.of_customer(customer) if row.status in (Granted.ISSUED, Granted.EXPIRED)]
    for row in live:
        revoke_grant(unit, row.key, reason="erased")
    orders = unit.orders.erase_customer(customer)
    unit.customers.erase(customer)
    unit.operations.forget_responses()
    unit.touched(ERASED)
    unit.touched("changes")
    return ErasedView(customer.hex(), orders, len(live))
