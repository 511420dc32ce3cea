"""Contradictions: what a peer signed twice for one place of a log is refused, and both are kept, shown and given out on asking."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from node.errors import NotFound, UserError
from node.model.brand import BrandRow
from node.model.catalog import FeedRow
from node.model.evidence import Evidence
from node.model.peers import Peer
from protocol.envelope import Envelope, peek_type, verify
from protocol.errors import Conflict, ProtocolError
from protocol.ids import digest
from protocol.log import CHECKPOINT, Checkpoint, check_contradiction
from protocol.peer_id import peer_id_of

from .today_items import TodayItem
from .unit import Unit

MOST_SHOWN = 100
SHOWN_MS = 30 * 86_400_000


class Contradiction(Conflict):
    """Two verified envelopes for one place of one log. Whoever takes the request ends its transaction, and keeps both in the next."""

    code = "equivocation"

    def __init__(self, message: str, *, identity: bytes, first: bytes, second: bytes) -> None:
        super().__init__(message)
        self.identity, self.first, self.second = identity, first, second


class EvidenceBook(Protocol):
    """Proofs as this service keeps them (node/store/evidence.py says what each does)."""

    def keep(self, row: Evidence) -> bool: ...  # noqa: D102
    def all(self, limit: int) -> Sequence[Evidence]: ...  # noqa: D102
    def get(self, evidence: bytes, /) -> Evidence | None: ...  # noqa: D102


class EvidenceUnit(Unit, Protocol):
    """What keeping needs of a transaction."""

    @property
    def evidence(self) -> EvidenceBook: ...  # noqa: D102


class Peers(Protocol):
    """Peers, as far as their names and devices go."""

    def get(self, peer: str, /) -> Peer | None: ...  # noqa: D102
    def by_identity(self, identity: bytes, /) -> Peer | None: ...  # noqa: D102


class Brands(Protocol):
    """Brands that we only know by their shops."""

    def get(self, identity: bytes, /) -> BrandRow | None: ...  # noqa: D102


class Feeds(Protocol):
    """Whose a feed is."""

    def feed(self, feed: bytes, /) -> FeedRow | None: ...  # noqa: D102


class ShownUnit(EvidenceUnit, Protocol):
    """What showing needs of a transaction."""

    @property
    def peers(self) -> Peers: ...  # noqa: D102
    @property
    def brands(self) -> Brands: ...  # noqa: D102
    @property
    def catalog(self) -> Feeds: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """A contradiction. `first` and `second` are the two envelopes in hex, as anybody can check them; `found_at` in ms."""

    id: str
    identity: str
    name: str
    log: str
    seq: int
    type: str
    first: str
    second: str
    found_at: int


@dataclass(frozen=True, slots=True)
class HeadView:
    """The head of a catalog as it was signed."""

    size: int
    root: str
    state: str
    time: int


def keep(unit: EvidenceUnit, found: Contradiction) -> None:
    """Keep what was refused. The same again, and more than enough of one identity, changes nothing."""
    first, second = sorted((found.first, found.second))
    place = verify(found.first, peek_type(found.first)).envelope
    name = digest("evidence", first, second)
    row = Evidence(name, found.identity, place.log, place.seq, found.first, found.second, unit.now)
    if unit.evidence.keep(row):
        unit.touched("changes")


def list_evidence(unit: ShownUnit) -> list[EvidenceView]:
    """Every contradiction found, newest first."""
    return [_view(unit, row) for row in unit.evidence.all(MOST_SHOWN)]


def get_evidence(unit: ShownUnit, evidence: bytes) -> EvidenceView:
    """One contradiction. Raises NotFound."""
    row = unit.evidence.get(evidence)
    if row is None:
        raise NotFound("There is no such proof on this desk.")
    return _view(unit, row)


@dataclass(frozen=True, slots=True)
class CheckedView:
    """A proof that holds, whoever brought it. `identity` is whose device signed both, where this node knows it; `heads` only for catalogs:
    size, root and time (ms) of each.
    """

    type: str
    log: str
    seq: int
    author: str
    identity: str
    name: str
    heads: tuple[HeadView, ...]


def check_evidence(unit: ShownUnit, first: str, second: str) -> CheckedView:
    """Check two records (hex) that somebody handed over. Raises UserError `bad-proof` when they prove nothing."""
    raw = _whole(first), _whole(second)
    try:
        one, other = check_contradiction(*raw)
    except ProtocolError as error:
        raise UserError(f"These two records prove nothing: {_why(*raw)}.", code="bad-proof") from error
    place = one.envelope
    heads = tuple(_head(found.read(Checkpoint)) for found in (one, other)) if place.type == CHECKPOINT else ()
    return CheckedView(place.type, place.log.hex(), place.seq, place.author.hex(), *_signer(unit, place), heads)


def _whole(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise UserError("The proof is damaged: a record has letters that none has. Ask for the file again.", code="bad-proof") from error


def _why(first: bytes, second: bytes) -> str:
    """Why two records prove nothing, for whoever was handed them."""
    if first == second:
        return "both are the same one"
    signed = []
    for which, raw in (("first", first), ("second", second)):
        try:
            signed.append(verify(raw, peek_type(raw)).envelope)
        except ProtocolError as error:
            return f"the {which} was altered, or is not whole ({error})"
    one, other = signed
    if one.author != other.author:
        return "two devices signed them, and each may say what it likes"
    if one.log != other.log:
        return "they are about two things"
    return "both can be true, one after the other"


def _signer(unit: ShownUnit, place: Envelope) -> tuple[str, str]:
    """Whose signature it is and how they are called: a peer's device, or the writer of a feed or of a root log that we know."""
    peer = unit.peers.get(peer_id_of(place.author))
    if peer is not None:
        return peer.identity.hex(), peer.name
    feed = unit.catalog.feed(place.log)
    for identity in (place.log, feed.identity if feed else b""):
        known = _known(unit, identity)
        state = known.state if known else None
        if known is None or state is None:
            continue
        devices = (device.device_public for device in state.devices)
        if place.author in (*devices, *state.revoked, state.root_public, state.inception.root_public):
            return identity.hex(), known.name
    return "", ""


def _known(unit: ShownUnit, identity: bytes) -> Peer | BrandRow | None:
    return unit.peers.by_identity(identity) or unit.brands.get(identity)


def _head(found: Checkpoint) -> HeadView:
    return HeadView(found.size, found.root.hex(), found.state_hash.hex(), found.time)


def found(unit: Any) -> Iterable[TodayItem]:
    """Who showed two histories."""
    for row in unit.evidence.all(MOST_SHOWN):
        if row.found_at < unit.now - SHOWN_MS:  # the list of peers goes on showing it
            continue
        view = _view(unit, row)
        who = view.name or "Somebody you were connected to"
        text = "Both are kept as proof. Ask them by another way before you deal with them."
        title, href = f"{who} showed two histories of one thing", f"/evidence/{view.id}"
        yield TodayItem("evidence", "peers", title, text, href, "Look", row.found_at, view.name)


def _view(unit: ShownUnit, row: Evidence) -> EvidenceView:
    known = _known(unit, row.identity)
    name = known.name if known else ""
    type_ = peek_type(row.first)
    parts = (row.log.hex(), row.seq, type_, row.first.hex(), row.second.hex(), row.found_at)
    return EvidenceView(row.id.hex(), row.identity.hex(), name, *parts)
