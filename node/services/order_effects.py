"""What an order asks of commissions: how much its acceptance must cover, the facts it names, and what each effect does to them.

Orders call `ORDER_EFFECTS`; `handlers` puts the commission service behind it. Alone, an order is covered by the plan's arithmetic and
the reserve less what open orders have set aside, and no facts are made.
"""

from collections.abc import Callable
from typing import Any

from node.model.order import AcceptedOrder
from protocol.commission import BaseLine, Upline, allocate
from protocol.order import AccrueCommissions, HoldCommissions, MakePayable, VoidCommissions

from .team import upline_members

RESERVE = "chain/reserve"  # setting: GMS base units in the vault, kept by the watcher
SET_ASIDE = ("ACCEPTED", "IN_FULFILMENT", "FULFILLED", "COMPLETED", "NEEDS_ATTENTION")

CommissionEffect = AccrueCommissions | HoldCommissions | MakePayable | VoidCommissions


def planned_cover(unit: Any, order: AcceptedOrder) -> int:
    """GMS base units that the order's plan pays for it, as the merchant reckons."""
    record = unit.catalog.plan(order.plan)
    lines = [BaseLine(line.line, line.sku, line.product, line.base, line.categories) for line in order.lines]
    above = upline_members(unit, order.member, order.placed_at, len(record.plan.levels))
    return allocate(record.plan, lines, order.member, [Upline(row.member) for row in above]).gms


def reserve_free(unit: Any) -> int:
    """GMS base units of the reserve that no open order has set aside."""
    reserve = int(unit.settings.get(RESERVE, "0"))
    return max(0, reserve - int(unit.orders.covers(SET_ASIDE)))


def no_facts(_unit: Any, _order: AcceptedOrder) -> tuple[bytes, ...]:
    """No accrual facts."""
    return ()


def no_effect(_unit: Any, _order: AcceptedOrder, _effect: CommissionEffect) -> None:
    """Nothing keeps commissions here."""


class OrderEffects:
    """The functions orders call, each replaceable: `cover(unit, order)`, `free(unit)`, `accrue(unit, order)` → fact hashes (the merchant,
    before it logs the acceptance), `on_effect(unit, order, effect)` (both sides, after each entry or tick).
    """

    def __init__(self) -> None:
        self.cover: Callable[[Any, AcceptedOrder], int] = planned_cover
        self.free: Callable[[Any], int] = reserve_free
        self.accrue: Callable[[Any, AcceptedOrder], tuple[bytes, ...]] = no_facts
        self.on_effect: Callable[[Any, AcceptedOrder, CommissionEffect], None] = no_effect


ORDER_EFFECTS = OrderEffects()
