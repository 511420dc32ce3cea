"""What the chain shows of commissions: roots merchants posted, and what was paid under them. Facts come from the watcher.

Money moves in the ledger when a payout is final; until then a reorg takes it back without a trace.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from node.model.commission import PayoutRow, RootRow
from protocol.ledger import Paid, Status

from .ledger import CommissionUnit, move
from .wallet import GAS_ACCOUNT, SURVEY

NONE, PROPOSED, ACTIVE, REPLACED = "none", "proposed", "active", "replaced"
LAST_EPOCH = 2**63 - 1  # the vault counts to 2**64, a statement and the store do not


class ChainFact(Protocol):
    """An event of our contracts, as the watcher tells it."""

    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def values(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def block_hash(self) -> bytes: ...  # noqa: D102
    @property
    def index(self) -> int: ...  # noqa: D102


def address_of(unit: CommissionUnit, merchant: bytes) -> bytes | None:
    """The chain address of a merchant: ours, or the one its first fact was signed by."""
    if merchant == unit.me.identity:
        return unit.me.chain_address(GAS_ACCOUNT)
    return unit.commissions.issuer(merchant)


def chain_time(unit: CommissionUnit) -> int:
    """Seconds UTC that the next block will have at least, as far as we know."""
    survey = unit.settings.get(SURVEY)
    return max(unit.now // 1000, int(survey["timestamp"]) if survey else 0)


def root_at(unit: CommissionUnit, address: bytes, epoch: int) -> RootRow | None:
    """The root of an epoch as the chain has it."""
    return next((row for row in unit.commissions.roots(address) if row.epoch == epoch), None)


def state_of(unit: CommissionUnit, root: RootRow | None) -> str:
    """`none`, `proposed`, `active` or `replaced`; active once its delay is over, whoever touches the vault next."""
    if root is None:
        return NONE
    if root.state == REPLACED:
        return REPLACED
    return ACTIVE if chain_time(unit) >= root.active_at else PROPOSED


def paid(unit: CommissionUnit, address: bytes, member: bytes) -> int:
    """What a member was paid by a merchant's reserve so far, GMS base units."""
    return sum(row.amount for row in unit.commissions.payouts(address, member))


def on_chain_fact(unit: CommissionUnit, fact: ChainFact) -> None:
    """Keep what concerns commissions, of every merchant: a relay for a team mate may be under any root.

    Anyone may post a root in their own name, under any epoch: one that no statement can have concerns nobody.
    """
    if fact.values.get("epoch", 0) > LAST_EPOCH:
        return
    match fact.name:
        case "RootProposed":
            _proposed(unit, fact)
        case "RootReplaced":
            _replaced(unit, fact)
        case "Claimed":
            _claimed(unit, fact)
        case _:
            return


def _proposed(unit: CommissionUnit, fact: ChainFact) -> None:
    values = fact.values
    if fact.status == "reorged":
        unit.commissions.drop_root(values["merchant"], values["epoch"])
        return
    known = root_at(unit, values["merchant"], values["epoch"])
    row = RootRow(
        address=values["merchant"],
        epoch=values["epoch"],
        root=values["root"],
        payable=values["payableTotal"],
        outstanding=values["outstandingTotal"],
        statement=values["statementHash"],
        active_at=values["activeAt"],
        block_hash=fact.block_hash,
        state=known.state if known is not None and known.state == REPLACED else fact.status,
    )
    unit.commissions.keep_root(row)


def _replaced(unit: CommissionUnit, fact: ChainFact) -> None:
    row = root_at(unit, fact.values["merchant"], fact.values["epoch"])
    if row is not None:
        unit.commissions.keep_root(replace(row, state="confirmed" if fact.status == "reorged" else REPLACED))


def _claimed(unit: CommissionUnit, fact: ChainFact) -> None:
    address, member, epoch = fact.values["merchant"], fact.values["memberId"], fact.values["epoch"]
    if fact.status == "reorged":
        unit.commissions.drop_payout(fact.block_hash, fact.index)
        return
    unit.commissions.keep_payout(PayoutRow(fact.block_hash, fact.index, address, member, epoch, fact.values["amount"], fact.status))
    if fact.status == "finalized":
        _settle(unit, address, member, epoch)


def _settle(unit: CommissionUnit, address: bytes, member: bytes, epoch: int) -> None:
    """A final claim paid all that was stated up to its epoch."""
    identities = [unit.me.identity, *(row.merchant for row in unit.team.memberships())]
    for merchant in identities:
        if address_of(unit, merchant) == address:
            for row in unit.commissions.entries(merchant, member):
                if row.entry.status is Status.BATCHED and row.entry.epoch <= epoch:
                    move(unit, row, Paid(row.entry.seq + 1, unit.now))
