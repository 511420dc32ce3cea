"""Accrual facts: the merchant signs what an accepted order owes to whom, and says what happens to it; payees check and keep.

A merchant sends each fact to its payee and to the seller, whose node hands the uplines theirs. Every way brings the same bytes, so a fact
that comes twice is one. The seller's own entries follow its order; everybody else's follow the merchant's `FactChange`s.
"""

from collections.abc import Sequence
from dataclasses import replace

from node.errors import UserError
from node.model.commission import FactRow, LedgerRow
from node.model.order import AcceptedOrder
from node.model.team import Member
from protocol import settlement
from protocol.commission import (
    CHANGE_TYPE,
    FACT_TYPE,
    Accrual,
    AccrualFact,
    Allocation,
    BaseLine,
    Change,
    Due,
    FactChange,
    Upline,
    allocate,
    check_fact,
    due_by_payee,
    fact_hash,
    order_commitment,
)
from protocol.envelope import Signed, sign, verify
from protocol.errors import Conflict, LocalError, Unauthorized
from protocol.kinds import Topic
from protocol.ledger import Held, Released, Status, Voided, accrue, adjustment, apply_change, entry_of_fact
from protocol.order import AccrueCommissions, HoldCommissions, MakePayable, VoidCommissions
from protocol.plan import TYPE as PLAN
from protocol.plan import Plan
from protocol.team import uplines

from .exchange import Exchange, Incoming, send
from .ledger import CommissionUnit, keep, move, reserve_free
from .team import pays, upline_members
from .wallet import GAS_ACCOUNT, PLACE, Place, require_place

CommissionEffect = AccrueCommissions | HoldCommissions | MakePayable | VoidCommissions
NO_SIGNATURE = bytes(65)


# --- what orders ask


def cover(unit: CommissionUnit, order: AcceptedOrder) -> int:
    """GMS base units that an acceptance would owe."""
    return _allocation(unit, order).gms


def accrue_order(unit: CommissionUnit, order: AcceptedOrder) -> tuple[bytes, ...]:
    """The merchant, about to log the acceptance: entries and signed facts. The facts' hashes, for OrderAccepted.

    Raises UserError `not-covered`, NotFound `no-chain`, Conflict `unknown-plan`, `unknown-member`.
    """
    known = unit.commissions.facts_of_order(order.order)
    if known:
        return tuple(row.hash for row in known)
    allocation, free = _allocation(unit, order), reserve_free(unit)
    if allocation.gms > free:
        words = f"The reserve has {free} GMS base units free and this order's commissions come to {allocation.gms}. Deposit the difference."
        raise UserError(words, code="not-covered")
    place, members, salt = require_place(unit), _payees(unit, order), unit.random(32)
    hashes: dict[bytes, bytes] = {}
    seller = members[order.member]
    for payee, due in sorted(due_by_payee(allocation.accruals).items(), key=lambda item: item[1].level):
        signed, fact = _signed_fact(unit, place, order, members[payee], due, salt)
        hashes[payee] = name = fact_hash(fact)
        unit.commissions.keep_fact(FactRow(name, order.merchant, payee, due.level, signed.raw, unit.now, order.order, salt, checked=True))
        for peer in dict.fromkeys((members[payee].peer, seller.peer)):
            _send_fact(unit, peer, order.plan, signed, order.order)
    for entry in accrue(order.order, order.cause, allocation.accruals):
        fact_of = hashes[entry.key.payee]
        unit.commissions.keep_entry(LedgerRow(entry, order.merchant, entry.key.payee, order.currency, unit.now, fact_of, order.order))
    unit.touched("changes")
    return tuple(hashes.values())


def on_effect(unit: CommissionUnit, order: AcceptedOrder, effect: CommissionEffect, *, again: bool = False) -> None:
    """What the order's machine asks of commissions, on either side of it. `again`: it was told to payees before a restore."""
    if isinstance(effect, AccrueCommissions):
        if unit.me.role == "seller":
            _accrue_own(unit, order)
        return
    for row in unit.commissions.entries_of_order(order.order):
        _follow(unit, row, effect)
    if unit.me.role == "merchant":
        for fact in unit.commissions.facts_of_order(order.order):
            _tell(unit, fact, effect, again=again)


def accrue_back(unit: CommissionUnit, order: AcceptedOrder) -> None:
    """The merchant, given back an acceptance of its own after a restore: the entries it wrote then; facts as far as they are here."""
    if unit.commissions.entries_of_order(order.order):
        return
    known = [fact for name in order.facts if (fact := unit.commissions.fact(name)) is not None]
    of = {fact.member: fact.hash for fact in known}
    for fact in known:
        unit.commissions.keep_fact(replace(fact, order=order.order))
    above = uplines(unit.team.links(unit.me.identity), order.member, order.placed_at, len(_plan(unit, order.plan).levels))
    for entry in accrue(order.order, order.cause, _allocate(unit, order, above).accruals):
        payee = entry.key.payee
        row = LedgerRow(entry, order.merchant, payee, order.currency, unit.now, of.get(payee, b""), order.order)
        unit.commissions.keep_entry(row)


def _follow(unit: CommissionUnit, row: LedgerRow, effect: CommissionEffect) -> None:
    seq, entry = row.entry.seq + 1, row.entry
    match effect:
        case HoldCommissions(until=until) if entry.status is Status.ACCRUED:
            move(unit, row, Held(seq, unit.now, until))
        case MakePayable(at=at) if entry.status is Status.HELD and not entry.payable_at:
            move(unit, row, Released(seq, unit.now, at))
        case VoidCommissions(code=code) if entry.status in (Status.ACCRUED, Status.HELD, Status.PAYABLE):
            move(unit, row, Voided(seq, unit.now, code))
        case _:
            return


# --- the merchant


def _allocation(unit: CommissionUnit, order: AcceptedOrder) -> Allocation:
    plan = _plan(unit, order.plan)
    above = upline_members(unit, order.member, order.placed_at, len(plan.levels)) if unit.me.role == "merchant" else ()
    return _allocate(unit, order, [row.member for row in above])


def _allocate(unit: CommissionUnit, order: AcceptedOrder, above: Sequence[bytes]) -> Allocation:
    plan = _plan(unit, order.plan)
    lines = [BaseLine(line.line, line.sku, line.product, line.base, line.categories) for line in order.lines]
    return allocate(plan, lines, order.member, [Upline(member) for member in above])


def _plan(unit: CommissionUnit, plan: bytes) -> Plan:
    record = unit.catalog.plan(plan)
    if record is None:
        raise Conflict("that commission plan is not known here", code="unknown-plan")
    return record.plan


def _payees(unit: CommissionUnit, order: AcceptedOrder) -> dict[bytes, Member]:
    own = unit.team.member(order.member)
    if own is None:
        raise Conflict("the order's seller is no member", code="unknown-member")
    above = upline_members(unit, order.member, order.placed_at, len(_plan(unit, order.plan).levels))
    return {row.member: row for row in (own, *above)}


def _signed_fact(
    unit: CommissionUnit, place: Place, order: AcceptedOrder, member: Member, due: Due, salt: bytes
) -> tuple[Signed, AccrualFact]:
    plan = _plan(unit, order.plan)
    fact = AccrualFact(
        merchant=unit.me.identity,
        member=member.member,
        payee=member.payout,
        amount=due.gms,
        base=due.base,
        bps=due.bps,
        gms_rate=plan.gms_rate,
        currency=plan.currency,
        plan=order.plan,
        order=order_commitment(order.order, salt),
        level=due.level,
        return_window_ms=plan.return_window_ms,
        hold_ms=plan.hold_ms,
        accrued_at=unit.now,
        issuer=unit.me.chain_address(GAS_ACCOUNT),
        chain_signature=NO_SIGNATURE,
    )
    fact = replace(fact, chain_signature=unit.me.chain_sign(GAS_ACCOUNT, twin_digest(place, fact)))
    return sign(unit.me.device, FACT_TYPE, fact, created=unit.now), fact


def twin_digest(place: Place, fact: AccrualFact) -> bytes:
    """What the merchant's chain key signs: the EIP-712 twin under the vault's domain."""
    twin = settlement.AccrualFact(
        merchant=fact.issuer,
        member_id=fact.member,
        order_commitment=fact.order,
        plan_hash=fact.plan,
        payee=fact.payee,
        level=fact.level,
        amount=fact.amount,
        base=fact.base,
        currency=fact.currency,
        return_window=max(fact.return_window_ms, fact.hold_ms),
        accrued_at=fact.accrued_at,
    )
    domain = settlement.domain_separator(settlement.VAULT_NAME, settlement.VERSION, place.chain_id, place.vault)
    return settlement.typed_digest(domain, twin.struct_hash())


def _send_fact(unit: CommissionUnit, peer: str, plan: bytes, signed: Signed, order: bytes) -> None:
    """The plan first, so that the receiver can check the fact by it; known messages are not sent twice."""
    record = unit.catalog.plan(plan)
    if record is not None and unit.peers.get(peer) is not None:
        send(unit, peer, verify(record.raw, PLAN), topic=Topic.CATALOG, about=("plan", plan))
        send(unit, peer, signed, topic=Topic.COMMISSION, about=("commission-order", order))


def _tell(unit: CommissionUnit, fact: FactRow, effect: CommissionEffect, *, again: bool) -> None:
    """The payee learns what became of its fact."""
    match effect:
        case HoldCommissions(until=at):
            change = Change.HELD
        case MakePayable(at=at):
            change = Change.RELEASED
        case VoidCommissions():
            change, at = Change.VOIDED, unit.now
        case _:
            return
    fact = replace(fact, changes=fact.changes + 1)
    unit.commissions.keep_fact(fact)
    if again:
        return
    signed = sign(unit.me.device, CHANGE_TYPE, FactChange(fact.hash, fact.changes, change, at, 0, 0), created=unit.now)
    member = unit.team.member(fact.member)
    if member is not None and unit.peers.get(member.peer) is not None:
        send(unit, member.peer, signed, topic=Topic.COMMISSION, about=("commission-order", fact.order))


# --- the payee


def _accrue_own(unit: CommissionUnit, order: AcceptedOrder) -> None:
    """The seller's own entries, reckoned from its order; they bear the merchant's fact if that says the same."""
    membership = unit.team.membership(order.merchant)
    if membership is None or unit.commissions.entries_of_order(order.order):
        return
    accruals: tuple[Accrual, ...] = tuple(part for part in _allocation(unit, order).accruals if part.payee == membership.member)
    due = due_by_payee(accruals).get(membership.member)
    fact = b""
    for name in order.facts:
        row = unit.commissions.fact(name)
        if row is not None and row.level == 0 and due is not None and _says(fact_of(row), due):
            unit.commissions.keep_fact(replace(row, order=order.order))
            fact = name
    for entry in accrue(order.order, order.cause, accruals):
        unit.commissions.keep_entry(LedgerRow(entry, order.merchant, membership.member, order.currency, unit.now, fact, order.order))
    unit.touched("changes")


def _says(fact: AccrualFact, due: Due) -> bool:
    return (fact.level, fact.base, fact.bps, fact.amount) == (due.level, due.base, due.bps, due.gms)


def fact_of(row: FactRow) -> AccrualFact:
    """The fact inside its envelope."""
    return verify(row.raw, FACT_TYPE).read(AccrualFact)


def _on_fact(unit: CommissionUnit, incoming: Incoming) -> None:
    """From the merchant, or from a seller below us who hands ours on."""
    signed = incoming.message.signed
    assert signed is not None
    fact: AccrualFact = incoming.message.record
    merchant = unit.peers.by_identity(fact.merchant)
    membership = unit.team.membership(fact.merchant)
    if merchant is None or membership is None:
        raise Unauthorized("that merchant is not ours", code="unknown-merchant")
    merchant.state.require_live(signed.envelope.author)
    if fact.member != membership.member and incoming.peer.identity == fact.merchant:
        _hand_on(unit, signed, fact)
        return
    keep_own(unit, signed, fact)


def keep_own(unit: CommissionUnit, signed: Signed, fact: AccrualFact) -> None:
    """Keep a fact that names us as payee, verified and by a device of the merchant. Known already: nothing happens."""
    membership = unit.team.membership(fact.merchant)
    if membership is None or fact.member != membership.member:
        raise Conflict("that fact is somebody else's", code="wrong-payee")
    if not pays(unit, membership, fact.payee):
        raise Conflict("the fact pays an address that is not ours", code="wrong-payee")
    name = fact_hash(fact)
    if unit.commissions.fact(name) is not None:
        return
    record = unit.catalog.plan(fact.plan)
    if record is None:
        raise Conflict("the fact's plan has not come yet", code="not-ready")
    check_fact(fact, record.plan)
    checked = check_twin(unit, fact)
    unit.commissions.keep_fact(FactRow(name, fact.merchant, fact.member, fact.level, signed.raw, unit.now, checked=checked))
    if fact.level:
        unit.commissions.keep_entry(LedgerRow(entry_of_fact(fact), fact.merchant, fact.member, fact.currency, unit.now, name))
    unit.touched("changes")


def _hand_on(unit: CommissionUnit, signed: Signed, fact: AccrualFact) -> None:
    """Our sponsor's fact for a sale of ours."""
    for edge in unit.team.edges(fact.merchant):
        known = edge.side == "member" and edge.sponsor == fact.member and edge.ends is None
        if known and unit.peers.get(edge.peer) is not None:
            send(unit, edge.peer, signed, topic=Topic.COMMISSION, about=("commission-fact", fact_hash(fact)))


def check_twin(unit: CommissionUnit, fact: AccrualFact) -> bool:
    """Whether the chain signature was verified; without a chain it waits for a statement. The merchant's address is pinned.

    Raises BadSignature, Conflict `wrong-issuer`.
    """
    if unit.settings.get(PLACE) is None:
        return False
    signer = settlement.recover(twin_digest(require_place(unit), fact), fact.chain_signature)
    pinned = unit.commissions.issuer(fact.merchant)
    if signer != fact.issuer or pinned not in (None, signer):
        raise Conflict("the fact is not signed by the merchant's chain key", code="wrong-issuer")
    if pinned is None:
        unit.commissions.keep_issuer(fact.merchant, signer)
    return True


def require_own_twin(unit: CommissionUnit, fact: AccrualFact) -> None:
    """The merchant, given back a fact of its own: its chain key signed it, where a chain is configured. Raises Conflict `wrong-issuer`."""
    own = unit.me.chain_address(GAS_ACCOUNT)
    chained = unit.settings.get(PLACE) is not None
    if fact.issuer != own or (chained and settlement.recover(twin_digest(require_place(unit), fact), fact.chain_signature) != own):
        raise Conflict("the fact is not signed by our chain key", code="wrong-issuer")


def check_late_twins(unit: CommissionUnit, merchant: bytes) -> None:
    """Verify what came before a chain was configured. Raises as `check_twin`."""
    for row in unit.commissions.unchecked(merchant):
        if check_twin(unit, fact_of(row)):
            unit.commissions.keep_fact(replace(row, checked=True))


def _on_change(unit: CommissionUnit, incoming: Incoming) -> None:
    change: FactChange = incoming.signed.read(FactChange)
    fact = unit.commissions.fact(change.fact)
    if fact is None:
        raise Conflict("a change of a fact that never came", code="unknown-fact")
    if fact.merchant != incoming.peer.identity:
        raise Conflict("only the merchant changes its fact", code="wrong-identity")
    for row in unit.commissions.entries_of_fact(fact.hash):
        if row.order or row.entry.gms < 0:
            continue  # our own order says so itself
        try:
            entry, effects = apply_change(row.entry, change)
        except LocalError as error:
            raise Conflict(str(error), code=error.code) from error
        keep(unit, row, entry)
        for effect in effects:
            negative = adjustment(entry, effect, cause=incoming.signed.id, at=change.at)
            unit.commissions.keep_entry(replace(row, entry=negative, created=unit.now))


EXCHANGE = Exchange(answers={FACT_TYPE: _on_fact, CHANGE_TYPE: _on_change})
