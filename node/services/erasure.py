"""Erasing customers: one by one, or those an import brought. What was disclosed stays in the ledger, by field name and never by value."""

from dataclasses import dataclass, replace

from node.errors import ConflictError
from protocol.grant import Status as Granted
from protocol.order import LIVE, Status

from .asking import ERASED
from .customers import UndoView, find, require_unchanged
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
    return _erase(unit, found.id)


def undo_import(unit: GrantsUnit, import_id: bytes) -> UndoView:
    """Take an import back: customers it made go, those it changed are as before. Who was changed or ordered for since then stays."""
    row = require_unchanged(unit.customers.imported(import_id))
    removed = restored = 0
    for customer, before in unit.customers.changes(row.id):
        if before is not None:
            unit.customers.keep(replace(customer, person=before, updated=unit.now, source=None))
            restored += 1
        elif not unit.orders.of_customer(customer.id):
            _erase(unit, customer.id)
            removed += 1
    unit.customers.forget_changes(row.id)
    unit.customers.keep_import(replace(row, undone=True))
    unit.touched(ERASED)
    unit.touched("changes")
    return UndoView(row.id.hex(), removed, restored)


def _erase(unit: GrantsUnit, customer: bytes) -> ErasedView:
    live = [row for row in unit.grants.of_customer(customer) if row.status in (Granted.ISSUED, Granted.EXPIRED)]
    for row in live:
        revoke_grant(unit, row.key, reason="erased")
    orders = unit.orders.erase_customer(customer)
    unit.customers.erase(customer)
    unit.operations.forget_responses()
    unit.touched(ERASED)
    unit.touched("changes")
    return ErasedView(customer.hex(), orders, len(live))
