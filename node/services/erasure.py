"""Erasing customers, with a receipt. What was disclosed stays in the ledger, by field name and never by value.

The receipt is signed by this device and holds nothing of the person: ids, counts, dates, what it reached and what it could not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from node.errors import ConflictError, NotFound
from node.model.erasure import RECEIPT, KeptReceipt, Reach, Receipt, Rows
from node.model.grant import GrantRow
from node.model.target import Kept
from protocol.envelope import sign, verify
from protocol.grant import Status as Granted
from protocol.order import LIVE, Status

from . import destinations
from .asking import ERASED
from .backup_hurry import hurry
from .customers import find
from .grant_book import GrantsUnit
from .grants import revoke_grant

MOST_RECEIPTS = 200


class ErasureBook(Protocol):
    """Receipts as this service keeps them (node/store/erasures.py says what each does)."""

    def rows_of(self, customer: bytes) -> Sequence[tuple[str, int]]: ...  # noqa: D102
    def keep(self, receipt: KeptReceipt) -> None: ...  # noqa: D102
    def get(self, id_: bytes, /) -> KeptReceipt | None: ...  # noqa: D102
    def latest(self, limit: int) -> Sequence[KeptReceipt]: ...  # noqa: D102


class Places(Protocol):
    """Where backups go."""

    def all(self) -> Sequence[Kept]: ...  # noqa: D102


class ErasureUnit(GrantsUnit, Protocol):
    """What erasing with a receipt needs of a transaction."""

    @property
    def erasures(self) -> ErasureBook: ...  # noqa: D102

    @property
    def backup_targets(self) -> Places: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class ErasedView:
    """What went with the customer: `orders` whose commitments can no longer be opened, `grants` taken back; `receipt` says it signed."""

    id: str
    orders: int
    grants: int
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class RowsView:
    """How many rows of a table were the customer's."""

    table: str
    count: int


@dataclass(frozen=True, slots=True)
class ReachView:
    """Backups at `name` lose the customer with the next one made there; not where the place `keeps_old` versions of what is replaced."""

    name: str
    keeps_old: bool


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """That a customer was erased. `signed` is the envelope (hex), by the device whose key `device` is, under the domain of `type`."""

    id: str
    type: str
    customer: str
    at: int
    rows: tuple[RowsView, ...]
    orders: int
    grants: tuple[str, ...]
    disclosures: int
    backups: tuple[ReachView, ...]
    device: str
    signed: str


def erase_customer(unit: ErasureUnit, customer: bytes, anyway: bool = False) -> ErasedView:
    """Erase a customer for good. `anyway`: even with an order under way, which then cannot be delivered from here."""
    found = find(unit, customer)
    live = [row for row in unit.orders.of_customer(found.id) if Status(row.status) in LIVE]
    if live and not anyway:
        raise ConflictError(
            f"{len(live)} of this customer's orders are under way and need the address. Wait until they end, or erase anyway.",
            code="orders-under-way",
        )
    rows = unit.erasures.rows_of(customer)
    held = tuple(row.grant_id for row in _holding(unit, customer) if row.grant_id is not None)
    done = erase(unit, customer)
    reach = tuple(Reach(place.target, place.name, bool(place.keeps_old)) for place in unit.backup_targets.all())
    disclosures = dict(rows).get("disclosures", 0)
    receipt = Receipt(customer, unit.now, tuple(Rows(*row) for row in rows), done.orders, held, disclosures, reach)
    signed = sign(unit.me.device, RECEIPT, receipt, created=unit.now)
    unit.erasures.keep(KeptReceipt(signed.id, customer, unit.now, signed.raw))
    return ErasedView(done.id, done.orders, done.grants, signed.id.hex())


def erase(unit: GrantsUnit, customer: bytes) -> ErasedView:
    """Erase a customer whatever is under way: record, what opens their orders, grants that hold, remembered answers."""
    live = _holding(unit, customer)
    for row in live:
        revoke_grant(unit, row.key, reason="erased")
    placed = unit.orders.of_customer(customer)
    orders = unit.orders.erase_customer(customer)
    destinations.forget(unit, placed)
    unit.customers.erase(customer)
    unit.operations.forget_responses()
    hurry(unit)
    unit.touched(ERASED)
    unit.touched("changes")
    return ErasedView(customer.hex(), orders, len(live))


def list_receipts(unit: ErasureUnit) -> list[ReceiptView]:
    """Receipts of erased customers, the latest first."""
    return [_view(kept) for kept in unit.erasures.latest(MOST_RECEIPTS)]


def get_receipt(unit: ErasureUnit, receipt: bytes) -> ReceiptView:
    """The receipt with this id, or of the customer who had this id. Raises NotFound."""
    kept = unit.erasures.get(receipt)
    if kept is None:
        raise NotFound("There is no such receipt.")
    return _view(kept)


def _holding(unit: GrantsUnit, customer: bytes) -> list[GrantRow]:
    return [row for row in unit.grants.of_customer(customer) if row.status in (Granted.ISSUED, Granted.EXPIRED)]


def _view(kept: KeptReceipt) -> ReceiptView:
    signed = verify(kept.raw, RECEIPT)
    said = signed.read(Receipt)
    return ReceiptView(
        id=kept.id.hex(),
        type=RECEIPT,
        customer=said.customer.hex(),
        at=said.at,
        rows=tuple(RowsView(row.table, row.count) for row in said.rows),
        orders=said.orders,
        grants=tuple(grant.hex() for grant in said.grants),
        disclosures=said.disclosures,
        backups=tuple(ReachView(place.name, place.keeps_old) for place in said.backups),
        device=signed.envelope.author.hex(),
        signed=kept.raw.hex(),
    )
