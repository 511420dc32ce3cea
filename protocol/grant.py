"""Grants: a seller's signed leave to a merchant to learn certain fields of certain customers, and its end.

The machine decides when a grant holds; `check_ask` decides what an ask may have. It knows no customer, stores nothing and seals nothing
(docs/protocol/08-grant.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from .codec import key
from .disclosure import Disclosed, Field, Hidden
from .errors import Conflict, IllegalTransition, Malformed, Unauthorized, Untimely
from .ids import digest
from .kinds import Kind, Topic

REQUEST = "grant.request"
ISSUED = "grant.issued"
DENIED = "grant.denied"
REVOKED = "grant.revoked"
RECEIPT = "grant.receipt"
ERASED = "grant.erased"
MAX_FIELDS = len(Field)


class Mode(StrEnum):
    """How the data is given. Only `ask` can be issued so far; the other names are reserved."""

    ASK = "ask"
    LEASE = "lease"
    COPY = "copy"


class Purpose(StrEnum):
    """Terms of the W3C Data Privacy Vocabulary."""

    DELIVERY = "dpv:DeliveryOfGoods"
    ORDER = "dpv:CustomerOrderManagement"
    CARE = "dpv:CustomerCare"
    PAYMENT = "dpv:PaymentManagement"
    MARKETING = "dpv:Marketing"


class LegalBasis(StrEnum):
    """Terms of the W3C Data Privacy Vocabulary."""

    CONTRACT = "dpv:Contract"
    CONSENT = "dpv:Consent"
    OBLIGATION = "dpv:LegalObligation"
    INTEREST = "dpv:LegitimateInterest"


# --- records


@dataclass(frozen=True, slots=True)
class GrantRequest:
    """Merchant → seller, signed: what it wants to know of the customer of one order, and for how long it would keep it (ms)."""

    seller: bytes = key(0, size=32)
    merchant: bytes = key(2, size=32)
    order: bytes = key(4, size=32)
    fields: tuple[Field, ...] = key(6, most=MAX_FIELDS)
    purposes: tuple[Purpose, ...] = key(8, most=8)
    legal_basis: LegalBasis = key(10)
    retention_ms: int = key(12)

    def __post_init__(self) -> None:
        _check_sets(self.fields, self.purposes)


@dataclass(frozen=True, slots=True)
class Grant:
    """An entry of the seller's grant log for one merchant. Its id is the entry's. Holds in [not_before, expires)."""

    seller: bytes = key(0, size=32)
    merchant: bytes = key(2, size=32)
    mode: Mode = key(4)
    fields: tuple[Field, ...] = key(6, most=MAX_FIELDS)
    purposes: tuple[Purpose, ...] = key(8, most=8)
    legal_basis: LegalBasis = key(10)
    not_before: int = key(12)
    expires: int = key(14)
    retention_ms: int = key(16)
    no_onward: bool = key(18)
    order: bytes | None = key(20, size=32, default=None)
    customers: tuple[bytes, ...] | None = key(22, size=32, most=1000, default=None)
    follows: bytes | None = key(24, size=32, default=None)
    request: bytes | None = key(26, size=32, default=None)

    def __post_init__(self) -> None:
        _check_sets(self.fields, self.purposes)
        if (self.order is None) == (self.customers is None):
            raise Malformed("a grant is for one order or for named customers, not both", code="bad-scope")
        if self.mode is not Mode.ASK or self.order is None:
            raise Malformed("only a grant to ask for one order can be issued here; update", code="unsupported-mode")
        if self.expires <= self.not_before:
            raise Malformed("a grant ends after it begins", code="bad-term")


@dataclass(frozen=True, slots=True)
class Denial:
    """The seller says no to a request."""

    request: bytes = key(0, size=32)
    reason: str = key(2, longest=200)


@dataclass(frozen=True, slots=True)
class Revoke:
    """The seller takes a grant back, at once."""

    grant: bytes = key(0, size=32)
    at: int = key(2)
    reason: str = key(4, longest=200)


@dataclass(frozen=True, slots=True)
class Ask:
    """Merchant → seller, inside the channel only: give me these fields now. `nonce` makes each ask its own."""

    grant: bytes = key(0, size=32)
    order: bytes = key(2, size=32)
    fields: tuple[Field, ...] = key(4, most=MAX_FIELDS)
    nonce: bytes = key(6, size=16)

    @property
    def id(self) -> bytes:
        """Names the ask in receipt and ledger."""
        names = ",".join(self.fields).encode()
        return digest("ask", self.grant, self.order, names, self.nonce)


@dataclass(frozen=True, slots=True)
class Answer:
    """Seller → merchant, as the reply to an ask and nowhere else. `disclosure.check_disclosed` holds it against the order."""

    ask: bytes = key(0, size=32)
    opened: tuple[Disclosed, ...] = key(2, most=MAX_FIELDS)
    closed: tuple[Hidden, ...] = key(4, most=MAX_FIELDS)
    erase_by: int = key(6)


@dataclass(frozen=True, slots=True)
class AccessReceipt:
    """Merchant → seller, signed: these fields reached me. Names fields, never values."""

    grant: bytes = key(0, size=32)
    ask: bytes = key(2, size=32)
    fields: tuple[Field, ...] = key(4, most=MAX_FIELDS)
    at: int = key(6)


@dataclass(frozen=True, slots=True)
class ErasureReceipt:
    """Merchant → seller, signed: what was held under the grant is erased. `exceptions` says what law made it keep."""

    grant: bytes = key(0, size=32)
    count: int = key(2)
    exceptions: tuple[str, ...] = key(4, longest=200, most=16)
    at: int = key(6)


def grant_log(seller: bytes, merchant: bytes, device: bytes) -> bytes:
    """The log that one device of a seller writes its grants, denials and revokes for one merchant to: one log, one writer, ever."""
    return digest("grant-log", seller, merchant, device)


def _check_sets(fields: tuple[Field, ...], purposes: tuple[Purpose, ...]) -> None:
    if not fields or len(set(fields)) != len(fields):
        raise Malformed("name at least one field, each once", code="bad-fields")
    if not purposes or len(set(purposes)) != len(purposes):
        raise Malformed("name at least one purpose, each once", code="bad-purposes")


def check_answers(grant: Grant, request: GrantRequest) -> None:
    """A grant gives no more than its request asked for. Raises Conflict `wider-than-asked`."""
    same = (grant.seller, grant.merchant, grant.order) == (request.seller, request.merchant, request.order)
    within = set(grant.fields) <= set(request.fields) and set(grant.purposes) <= set(request.purposes)
    if not (same and within and grant.retention_ms <= request.retention_ms):
        raise Conflict("the grant is wider than its request", code="wider-than-asked")


# --- the machine


class Status(StrEnum):
    """Where a grant stands."""

    NEW = "new"
    REQUESTED = "requested"
    ISSUED = "issued"
    DENIED = "denied"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Requested:
    """The merchant's request, with its id."""

    id: bytes
    request: GrantRequest


@dataclass(frozen=True, slots=True)
class Issued:
    """The seller's grant, with its id: with or without a request before it."""

    id: bytes
    grant: Grant


@dataclass(frozen=True, slots=True)
class Denied:
    """The seller said no."""

    id: bytes


@dataclass(frozen=True, slots=True)
class Revoked:
    """The seller took grant `grant` back; may overtake the grant itself."""

    id: bytes
    grant: bytes


@dataclass(frozen=True, slots=True)
class Erased:
    """The merchant's erasure receipt."""

    id: bytes


@dataclass(frozen=True, slots=True)
class Tick:
    """The time is `now`."""

    now: int


Event = Requested | Issued | Denied | Revoked | Erased | Tick


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """Seller's node: show the request; deny is the default."""


@dataclass(frozen=True, slots=True)
class OpenAccess:
    """Seller's node: answer asks. Merchant's node: it may ask."""


@dataclass(frozen=True, slots=True)
class CloseAccess:
    """Seller's node: refuse asks from now on. Merchant's node: stop asking."""


@dataclass(frozen=True, slots=True)
class EraseHeld:
    """Merchant's node: erase what is held under `grant` and sign an erasure receipt."""

    grant: bytes


@dataclass(frozen=True, slots=True)
class KeepErasure:
    """Seller's node: enter the erasure in the disclosure ledger."""


Effect = ReviewRequest | OpenAccess | CloseAccess | EraseHeld | KeepErasure


@dataclass(frozen=True, slots=True)
class GrantState:
    """One grant from request to end. The ids are those of the records seen; `id` is the grant's."""

    status: Status = Status.NEW
    request_id: bytes | None = None
    id: bytes | None = None
    grant: Grant | None = None
    denial_id: bytes | None = None
    revoke_id: bytes | None = None
    erasure_id: bytes | None = None


# A seller may issue with or without a request; no answer is a denial. Revoke beats everything, whatever arrives first: a grant that
# comes after its revoke stays revoked, and nothing leads out of REVOKED. A new grant is a new machine and cites the revoke it follows.
# Expiry closes access like a revoke. An erasure receipt may follow either. The whole machine is this table;
# docs/protocol/diagrams/grant.mmd is generated from it.
TRANSITIONS: Mapping[Status, Mapping[type[Event], Status]] = MappingProxyType(
    {
        Status.NEW: {Requested: Status.REQUESTED, Issued: Status.ISSUED, Revoked: Status.REVOKED},
        Status.REQUESTED: {Issued: Status.ISSUED, Denied: Status.DENIED, Revoked: Status.REVOKED},
        Status.ISSUED: {Revoked: Status.REVOKED, Tick: Status.EXPIRED},
        Status.DENIED: {},
        Status.REVOKED: {Issued: Status.REVOKED, Requested: Status.REVOKED, Erased: Status.REVOKED},
        Status.EXPIRED: {Revoked: Status.REVOKED, Erased: Status.EXPIRED},
    }
)


def apply(state: GrantState, event: Event) -> tuple[GrantState, tuple[Effect, ...]]:
    """The grant after `event`, and what the nodes must do. Replays and early ticks change nothing.

    Raises IllegalTransition, or Conflict `wrong-grant`, `wrong-request`, `wider-than-asked`.
    """
    if _replayed(state, event):
        return state, ()
    target = TRANSITIONS[state.status].get(type(event))
    if target is None:
        raise IllegalTransition(f"{type(event).__name__} is not possible while a grant is {state.status}")
    after = replace(state, status=target)
    match event:
        case Requested(id=id_):
            return replace(after, request_id=id_), (ReviewRequest(),) if target is Status.REQUESTED else ()
        case Issued(id=id_, grant=grant):
            if state.request_id is not None and grant.request not in (None, state.request_id):
                raise Conflict("the grant answers another request", code="wrong-request")
            _same(state.id, id_)
            return replace(after, id=id_, grant=grant), (OpenAccess(),) if target is Status.ISSUED else ()
        case Denied(id=id_):
            return replace(after, denial_id=id_), (CloseAccess(),)
        case Revoked(id=id_, grant=grant_id):
            _same(state.id, grant_id)
            return replace(after, id=grant_id, revoke_id=id_), (CloseAccess(), EraseHeld(grant_id))
        case Erased(id=id_):
            return replace(after, erasure_id=id_), (KeepErasure(),)
        case Tick():
            assert state.id is not None
            return after, (CloseAccess(), EraseHeld(state.id))
        case _:
            assert_never(event)


def _same(known: bytes | None, named: bytes) -> None:
    if known not in (None, named):
        raise Conflict("this names another grant", code="wrong-grant")


def _replayed(state: GrantState, event: Event) -> bool:
    match event:
        case Requested(id=id_):
            return id_ == state.request_id
        case Issued(id=id_):
            return id_ == state.id and state.grant is not None
        case Denied(id=id_):
            return id_ == state.denial_id
        case Revoked(id=id_):
            return id_ == state.revoke_id
        case Erased(id=id_):
            return id_ == state.erasure_id
        case Tick(now=now):
            deadline = next_deadline(state)
            return deadline is None or now < deadline


def next_deadline(state: GrantState) -> int | None:
    """When a Tick would change something, if ever."""
    return state.grant.expires if state.status is Status.ISSUED and state.grant is not None else None


def check_ask(state: GrantState, ask: Ask, *, now: int) -> int:
    """An ask the seller's node may answer: returns the time (ms) by which the merchant erases the answer.

    Raises Unauthorized `revoked`, `denied`, `not-granted`, `wrong-order`, `field-not-granted`, or Untimely `expired`, `not-yet`.
    """
    grant = state.grant
    if state.status is Status.REVOKED:
        raise Unauthorized("the grant was revoked", code="revoked")
    if state.status is Status.DENIED:
        raise Unauthorized("the request was denied", code="denied")
    if grant is None or state.id != ask.grant:
        raise Unauthorized("there is no such grant", code="not-granted")
    if state.status is Status.EXPIRED or now >= grant.expires:
        raise Untimely("the grant has expired", code="expired")
    if now < grant.not_before:
        raise Untimely("the grant does not hold yet", code="not-yet")
    if ask.order != grant.order:
        raise Unauthorized("the grant is for another order", code="wrong-order")
    if not ask.fields or not set(ask.fields) <= set(grant.fields):
        raise Unauthorized("the grant does not give all of these fields", code="field-not-granted")
    return now + grant.retention_ms


def diagram() -> str:
    """Mermaid source of the table."""
    lines = ["stateDiagram-v2", f"    [*] --> {Status.NEW}"]
    for source, row in TRANSITIONS.items():
        lines += [f"    {source} --> {target}: {event.__name__}" for event, target in row.items()]
        if not row:
            lines.append(f"    {source} --> [*]")
    return "\n".join(lines) + "\n"


KINDS = (
    Kind(REQUEST, Topic.GRANT, GrantRequest, signed=True),
    Kind(ISSUED, Topic.GRANT, Grant, signed=True),
    Kind(DENIED, Topic.GRANT, Denial, signed=True),
    Kind(REVOKED, Topic.GRANT, Revoke, signed=True),
    Kind("grant.ask", Topic.GRANT, Ask),
    Kind("grant.answer", Topic.GRANT, Answer),
    Kind(RECEIPT, Topic.GRANT, AccessReceipt, signed=True),
    Kind(ERASED, Topic.GRANT, ErasureReceipt, signed=True),
)
