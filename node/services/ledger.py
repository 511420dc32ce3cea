"""The commission ledger of this node, the merchant's or a payee's: entries moved by events, and what they come to.

`protocol.ledger` decides what an event does; this keeps the result. Amounts in GMS base units.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from node.model.commission import ClaimRow, FactRow, LedgerRow, PayoutRow, RelayRow, RootRow, StatementRow
from protocol.ledger import Entry, Event, Tick, adjustment, apply

from .catalog import CatalogUnit
from .wallet import WalletUnit, covered


class CommissionBook(Protocol):
    """Entries, facts, statements and claims as the services keep them (node/store/commissions.py says what each does)."""

    def entry(self, entry: bytes, /) -> LedgerRow | None: ...  # noqa: D102
    def entries(self, merchant: bytes, member: bytes | None = None) -> Sequence[LedgerRow]: ...  # noqa: D102
    def owed(self, merchant: bytes) -> int: ...  # noqa: D102
    def entries_of_order(self, order: bytes) -> Sequence[LedgerRow]: ...  # noqa: D102
    def entries_of_fact(self, fact: bytes) -> Sequence[LedgerRow]: ...  # noqa: D102
    def ripe(self, now: int) -> Sequence[LedgerRow]: ...  # noqa: D102
    def all_entries(self, merchant: bytes | None = None, status: str | None = None) -> Sequence[LedgerRow]: ...  # noqa: D102
    def keep_entry(self, row: LedgerRow) -> None: ...  # noqa: D102
    def fact(self, fact: bytes, /) -> FactRow | None: ...  # noqa: D102
    def facts_of_order(self, order: bytes) -> Sequence[FactRow]: ...  # noqa: D102
    def facts_of_member(self, merchant: bytes, member: bytes) -> Sequence[FactRow]: ...  # noqa: D102
    def unchecked(self, merchant: bytes) -> Sequence[FactRow]: ...  # noqa: D102
    def keep_fact(self, row: FactRow) -> None: ...  # noqa: D102
    def issuer(self, merchant: bytes) -> bytes | None: ...  # noqa: D102
    def keep_issuer(self, merchant: bytes, address: bytes) -> None: ...  # noqa: D102
    def statement(self, merchant: bytes, epoch: int) -> StatementRow | None: ...  # noqa: D102
    def last_statement(self, merchant: bytes) -> StatementRow | None: ...  # noqa: D102
    def statements(self) -> Sequence[StatementRow]: ...  # noqa: D102
    def keep_statement(self, row: StatementRow) -> None: ...  # noqa: D102
    def roots(self, address: bytes) -> Sequence[RootRow]: ...  # noqa: D102
    def keep_root(self, row: RootRow) -> None: ...  # noqa: D102
    def drop_root(self, address: bytes, epoch: int) -> None: ...  # noqa: D102
    def payouts(self, address: bytes, member: bytes) -> Sequence[PayoutRow]: ...  # noqa: D102
    def keep_payout(self, row: PayoutRow) -> None: ...  # noqa: D102
    def drop_payout(self, block_hash: bytes, position: int) -> None: ...  # noqa: D102
    def claim(self, intent: bytes, /) -> ClaimRow | None: ...  # noqa: D102
    def claims(self, address: bytes | None = None) -> Sequence[ClaimRow]: ...  # noqa: D102
    def keep_claim(self, row: ClaimRow) -> None: ...  # noqa: D102
    def relay(self, relay: bytes, /) -> RelayRow | None: ...  # noqa: D102
    def relays(self, *, asked: bool | None = None, address: bytes | None = None, peer: str | None = None) -> Sequence[RelayRow]: ...  # noqa: D102
    def keep_relay(self, row: RelayRow) -> None: ...  # noqa: D102
    def drop_relay(self, relay: bytes) -> None: ...  # noqa: D102


class CommissionUnit(WalletUnit, CatalogUnit, Protocol):
    """What the services of commissions need of a transaction."""

    @property
    def commissions(self) -> CommissionBook: ...  # noqa: D102


def move(unit: CommissionUnit, row: LedgerRow, event: Event, *, cause: bytes = b"") -> LedgerRow:
    """The entry after `event`, kept; a refund of what was in a batch posts its adjustment under `cause`.

    Raises what `protocol.ledger.apply` raises.
    """
    entry, effects = apply(row.entry, event)
    moved = keep(unit, row, entry)
    for effect in effects:
        negative = adjustment(entry, effect, cause=cause, at=unit.now)
        unit.commissions.keep_entry(replace(row, entry=negative, created=unit.now))
    return moved


def keep(unit: CommissionUnit, row: LedgerRow, entry: Entry) -> LedgerRow:
    """The row with this entry, written when it differs."""
    moved = replace(row, entry=entry)
    if moved != row:
        unit.commissions.keep_entry(moved)
        unit.touched("changes")
    return moved


def ripen(unit: CommissionUnit, now: int) -> None:
    """What is payable by `now` (ms) becomes PAYABLE."""
    for row in unit.commissions.ripe(now):
        move(unit, row, Tick(now))


def tick(unit: CommissionUnit) -> None:
    """Holds end."""
    ripen(unit, unit.now)


def reserve_free(unit: CommissionUnit) -> int:
    """The merchant's: what it put in and nothing owed has set aside, as of the last block surveyed."""
    return max(0, covered(unit) - unit.commissions.owed(unit.me.identity))
