"""Claims: bringing our leaf, and those team mates asked us to, to the vault; and objecting to one before its root is active.

A claim pays all that was ever stated and not yet paid, so claiming twice pays once. It is made for one epoch: the root that is active, or
the one that waits for its delay; then the transaction waits too.
"""

from dataclasses import dataclass
from typing import Any

from node.errors import NotFound, UserError
from node.model.commission import ClaimRow, RootRow, StatementRow
from protocol.ids import digest
from protocol.relay import RelayRequest, leaf_of, proof_of, request_of
from protocol.settlement import checksum_address

from . import pauses
from .ledger import CommissionUnit
from .relays import relays_for
from .roots import ACTIVE, PROPOSED, address_of, paid, root_at, state_of
from .statements import part_of
from .wallet import require_place

MOST_CLAIMS = 128  # the vault's bound of a batch


@dataclass(frozen=True, slots=True)
class ClaimedLeaf:
    """One leaf of a claim: `total` ever stated, `amount` of it still to be paid, GMS base units; `own` is ours, the others' team mates'."""

    member: str
    recipient: str
    total: str
    amount: str
    own: bool
    paid: bool


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim we sent. `state` and `code` are the transaction's (waiting, pending, confirmed, finalized, refused); it waits until
    `not_before` (ms).
    """

    id: str
    merchant: str
    merchant_name: str
    epoch: int
    leaves: tuple[ClaimedLeaf, ...]
    not_before: int
    state: str
    code: str
    detail: str
    block: int
    created: int


@dataclass(frozen=True, slots=True)
class ClaimableView:
    """What a merchant stated and has not paid us: `amount` GMS base units; `ready` once its root is active (from `active_at`, ms)."""

    merchant: str
    merchant_name: str
    epoch: int
    amount: str
    equal: bool
    on_chain: str
    active_at: int
    ready: bool
    asked: bool


@dataclass(frozen=True, slots=True)
class DisputeView:
    """An objection to our leaf of a pending root, and its transaction."""

    id: str
    merchant: str
    epoch: int
    state: str
    code: str
    detail: str


# --- use cases


def claim(unit: CommissionUnit, merchant: bytes) -> ClaimView:
    """Claim what a merchant owes us and team mates who asked: one transaction, paid from our gas account."""
    pauses.require(unit, pauses.Pause.PAYOUTS)
    require_place(unit)
    address = address_of(unit, merchant)
    if address is None:
        raise NotFound("That merchant has signed nothing for you yet: there is nothing to claim.", code="no-statement")
    root = _target(unit, merchant, address)
    wanted = _wanted(unit, merchant, address, root.epoch)
    due = [request for request in wanted if paid(unit, address, request.member) < request.payable][:MOST_CLAIMS]
    members = tuple(request.member for request in due)
    known = _sent(unit, address, root.epoch, members)
    if known is not None:
        return _view(unit, known)
    if not due:
        raise UserError(f"Everything stated up to epoch {root.epoch} is paid.", code="nothing-to-claim")
    row = ClaimRow(_intent(unit, address, root.epoch, members), merchant, address, root.epoch, members, unit.now)
    unit.commissions.keep_claim(row)
    claims = [(checksum_address(address), _leaf(request), _proof(request)) for request in due]
    unit.transactions.add(row.intent, "vault.claimMany", (claims,), not_before=root.active_at * 1000)
    unit.touched("transactions")
    unit.touched("changes")
    return _view(unit, row)


def list_claims(unit: CommissionUnit) -> list[ClaimView]:
    """The claims we sent, newest first."""
    return [_view(unit, row) for row in unit.commissions.claims()]


def list_claimable(unit: CommissionUnit) -> list[ClaimableView]:
    """What can be claimed at each merchant, now or once its root is active. `asked`: a claim or a relay is under way."""
    found: list[ClaimableView] = []
    for membership in unit.team.memberships():
        row, address = statement_to_claim(unit, membership.merchant), address_of(unit, membership.merchant)
        if row is None or address is None:
            continue
        root = root_at(unit, address, row.epoch)
        left = part_of(row).line.payable - paid(unit, address, membership.member)
        peer = unit.peers.by_identity(membership.merchant)
        stage = state_of(unit, root)
        asked = _sent(unit, address, row.epoch, (membership.member,)) is not None
        relayed = any(
            relay.epoch == row.epoch and relay.state != "refused" for relay in unit.commissions.relays(asked=True, address=address)
        )
        found.append(
            ClaimableView(
                merchant=membership.merchant.hex(),
                merchant_name=peer.name if peer else "",
                epoch=row.epoch,
                amount=str(left),
                equal=row.state == "matches",
                on_chain=stage,
                active_at=root.active_at * 1000 if root else 0,
                ready=stage == ACTIVE,
                asked=asked or relayed,
            )
        )
    return found


def dispute(unit: CommissionUnit, merchant: bytes) -> DisputeView:
    """Object to our line of the merchant's newest statement before its root is active; sent from the payout address, which needs gas."""
    require_place(unit)
    row, membership = unit.commissions.last_statement(merchant), unit.team.membership(merchant)
    address = address_of(unit, merchant)
    if row is None or membership is None or address is None:
        raise NotFound("That merchant has sent you no statement: there is nothing to object to.", code="no-statement")
    root = root_at(unit, address, row.epoch)
    if state_of(unit, root) != PROPOSED:
        raise UserError("A statement is objected to while its root waits for its delay, not before and not after.", code="not-disputable")
    request = request_of(part_of(row), address)
    name = digest("intent/dispute", address + row.epoch.to_bytes(8, "big") + request.member)
    reason = digest("dispute", f"{row.reason}: {row.detail}".encode())
    arguments = (checksum_address(address), _leaf(request), _proof(request), reason)
    unit.transactions.add(name, "vault.dispute", arguments, account=membership.payout_index)
    unit.touched("transactions")
    sending = unit.transactions.get(name)
    return DisputeView(name.hex(), merchant.hex(), row.epoch, sending.state, sending.code or "", sending.detail or "")


# --- what is claimed


def _target(unit: CommissionUnit, merchant: bytes, address: bytes) -> RootRow:
    """The root to claim under: the active one while we have something unpaid under it, else the one that waits."""
    live = [root for root in unit.commissions.roots(address) if state_of(unit, root) in (ACTIVE, PROPOSED)]
    active = next((root for root in live if state_of(unit, root) == ACTIVE), None)
    pending = next((root for root in live if state_of(unit, root) == PROPOSED), None)
    own = unit.commissions.last_statement(merchant)
    if not live:
        words = "No root of this merchant is on the chain yet. It posts one with its next statement; claim then."
        raise UserError(words, code="stale-root" if own is not None else "no-statement")
    if active is not None and (pending is None or _unpaid(unit, merchant, address, active.epoch)):
        return active
    assert pending is not None
    return pending


def _unpaid(unit: CommissionUnit, merchant: bytes, address: bytes, epoch: int) -> bool:
    return any(paid(unit, address, request.member) < request.payable for request in _wanted(unit, merchant, address, epoch))


def _wanted(unit: CommissionUnit, merchant: bytes, address: bytes, epoch: int) -> list[RelayRequest]:
    """Our leaf of the epoch, then the relays. Raises UserError `stale-root` when nothing here is of that epoch but something older."""
    row = unit.commissions.statement(merchant, epoch)
    own = [request_of(part_of(row), address)] if row is not None and row.raw else []
    found = own + [request for request in relays_for(unit, address, epoch) if not own or request.member != own[0].member]
    if not found and unit.commissions.last_statement(merchant) is not None:
        words = f"The chain pays epoch {epoch} of this merchant and your proof is for another one. Wait for its statement {epoch}."
        raise UserError(words, code="stale-root")
    return found


def _sent(unit: CommissionUnit, address: bytes, epoch: int, members: tuple[bytes, ...]) -> ClaimRow | None:
    """The claim under this root that is under way with all of these leaves; with none left to pay, the last one.

    A final one that left some of them unpaid, because the vault skipped them, is no reason not to try again.
    """
    over = {"refused", "finalized"} if members else {"refused"}
    for row in unit.commissions.claims(address):
        if row.epoch == epoch and set(members) <= set(row.members) and unit.transactions.get(row.intent).state not in over:
            return row
    return None


def _intent(unit: CommissionUnit, address: bytes, epoch: int, members: tuple[bytes, ...]) -> bytes:
    """One id for each try: a refused one may be tried again."""
    tries = sum((row.epoch, row.members) == (epoch, members) for row in unit.commissions.claims(address))
    return digest("intent/claim", address + epoch.to_bytes(8, "big") + tries.to_bytes(4, "big") + b"".join(members))


def _leaf(request: RelayRequest) -> tuple[Any, ...]:
    leaf = leaf_of(request)
    return (leaf.member_id, checksum_address(leaf.recipient), leaf.payable, leaf.outstanding)


def _proof(request: RelayRequest) -> tuple[Any, ...]:
    proof = proof_of(request)
    return (proof.epoch, proof.index, [tuple(node) for node in proof.siblings])


def _view(unit: CommissionUnit, row: ClaimRow) -> ClaimView:
    sending = unit.transactions.get(row.intent)
    peer = unit.peers.by_identity(row.merchant)
    membership = unit.team.membership(row.merchant)
    own = membership.member if membership else b""
    leaves = tuple(_leaf_view(unit, row, claimed, own) for claimed in sending.arguments[0])
    return ClaimView(
        id=row.intent.hex(),
        merchant=row.merchant.hex(),
        merchant_name=peer.name if peer else "",
        epoch=row.epoch,
        leaves=leaves,
        not_before=sending.due,
        state=sending.state,
        code=sending.code or "",
        detail=sending.detail or "",
        block=sending.block or 0,
        created=row.created,
    )


def _leaf_view(unit: CommissionUnit, row: ClaimRow, claimed: Any, own: bytes) -> ClaimedLeaf:
    member, recipient, payable, _ = claimed[1]
    left = payable - paid(unit, row.address, member)
    return ClaimedLeaf(member.hex(), recipient, str(payable), str(max(0, left)), member == own, left <= 0)


def statement_to_claim(unit: CommissionUnit, merchant: bytes) -> StatementRow | None:
    """The newest statement with something unpaid, for the pages."""
    row, address = unit.commissions.last_statement(merchant), address_of(unit, merchant)
    if row is None or not row.raw or address is None:
        return None
    line = part_of(row).line
    return row if paid(unit, address, line.member) < line.payable else None
