"""The cancellation table: for each code who may use it and when, who bears the cost, what is restocked, what happens to the commission."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class CancelCode(StrEnum):
    """Why an order was cancelled."""

    CHANGED_MIND = "changed-mind"
    OUT_OF_STOCK = "out-of-stock"
    UNPAID = "unpaid"
    UNDELIVERABLE = "undeliverable"
    SUSPECTED_FRAUD = "suspected-fraud"
    ACCEPTANCE_LATE = "acceptance-late"
    MERCHANT_SILENT = "merchant-silent"


class Party(StrEnum):
    """Who may say something, or bears its cost. Time means that a deadline speaks."""

    SELLER = "seller"
    MERCHANT = "merchant"
    CUSTOMER = "customer"
    TIME = "time"
    NOBODY = "nobody"


class Commission(StrEnum):
    """What a cancellation does to the order's ledger entries."""

    VOID = "void"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table. `stages` are order statuses; a part of an order is never cancelled: that is a claim."""

    by: Party
    stages: frozenset[str]
    cost: Party
    restock: bool
    commission: Commission


_OPEN = frozenset({"PLACED", "ACCEPTED"})
_SHIPPING = frozenset({"ACCEPTED", "IN_FULFILMENT"})

RULES: Mapping[CancelCode, Rule] = MappingProxyType(
    {
        CancelCode.CHANGED_MIND: Rule(Party.SELLER, _OPEN, Party.NOBODY, True, Commission.VOID),
        CancelCode.OUT_OF_STOCK: Rule(Party.MERCHANT, _OPEN | _SHIPPING, Party.MERCHANT, False, Commission.VOID),
        CancelCode.UNPAID: Rule(Party.MERCHANT, _SHIPPING | {"FULFILLED"}, Party.MERCHANT, True, Commission.VOID),
        CancelCode.UNDELIVERABLE: Rule(Party.MERCHANT, _SHIPPING, Party.CUSTOMER, True, Commission.VOID),
        CancelCode.SUSPECTED_FRAUD: Rule(Party.MERCHANT, _OPEN | _SHIPPING, Party.MERCHANT, True, Commission.VOID),
        CancelCode.ACCEPTANCE_LATE: Rule(Party.MERCHANT, frozenset({"ACCEPTED"}), Party.MERCHANT, True, Commission.VOID),
        CancelCode.MERCHANT_SILENT: Rule(Party.TIME, _SHIPPING, Party.MERCHANT, True, Commission.VOID),
    }
)
