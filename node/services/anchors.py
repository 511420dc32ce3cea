"""Anchors of catalogs: a merchant writes the head of its feed on the chain; whoever follows the feed holds it against what it was shown.

The anchors are read off the chain's logs, final ones only. What they are compared with is the newest head that was accepted; between
two sizes the writer is asked for the proof.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from node.errors import NotFound, UserError
from node.model.anchor import AnchorerRow, AnchorRow, CheckRow
from node.model.catalog import FeedRow
from protocol.anchor import TYPE, Anchorer, ProofAnswer, ProofRequest, Verdict, judge
from protocol.envelope import check_time, sign, verify
from protocol.errors import Conflict, Untimely
from protocol.ids import digest
from protocol.kinds import Topic
from protocol.log import verify_checkpoint

from .catalog import CatalogUnit
from .catalog_whole import require_whole
from .exchange import Exchange, Incoming, send
from .today_items import TodayItem
from .wallet import GAS_ACCOUNT, Place, WalletUnit, require_place

EVERY = {"off": 0, "daily": 86_400_000, "weekly": 7 * 86_400_000}
SHOWN = 10
ASK_AGAIN_MS = 10 * 60_000
_SCHEDULE, _LAST, _TOLD = "anchors/every", "anchors/last", "anchors/told"


class AnchorBook(Protocol):
    """Anchors as this service reads and keeps them (node/store/anchors.py says what each does)."""

    def of(self, feed: bytes, by: bytes, limit: int) -> Sequence[AnchorRow]: ...  # noqa: D102
    def anchorer(self, identity: bytes, /) -> AnchorerRow | None: ...  # noqa: D102
    def keep_anchorer(self, row: AnchorerRow) -> None: ...  # noqa: D102
    def check(self, feed: bytes, size: int, root: bytes) -> CheckRow | None: ...  # noqa: D102
    def keep_check(self, row: CheckRow) -> None: ...  # noqa: D102
    def contradictions(self) -> Sequence[CheckRow]: ...  # noqa: D102


class AnchorUnit(CatalogUnit, WalletUnit, Protocol):
    """What this service needs of a transaction."""

    @property
    def anchors(self) -> AnchorBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class AnchorView:
    """A head of `feed` on the chain. `verdict`: `agrees`, `contradicts`, `unproved`, `ahead` of what we have, `pending` until it is final,
    `own` for ours; `at` in ms.
    """

    feed: str
    merchant_name: str
    currency: str
    size: int
    root: str
    state: str
    address: str
    block: int
    transaction: str
    at: int
    final: bool
    verdict: str


@dataclass(frozen=True, slots=True)
class AnchorsView:
    """`every`: `off`, `daily` or `weekly`; `possible`: the chain has a place for anchors; `due`: feeds of ours with a newer head."""

    possible: bool
    every: str
    due: tuple[str, ...]
    anchors: tuple[AnchorView, ...]


# --- use cases


def list_anchors(unit: AnchorUnit) -> AnchorsView:
    """The newest anchors of each feed we write or follow, and what they say."""
    possible = _placed(unit) is not None
    views = [_view(unit, row, anchor) for row in unit.catalog.feeds() for anchor in _anchors(unit, row)]
    due = tuple(row.feed.hex() for row in unit.catalog.feeds(own=True) if possible and _due(unit, row))
    return AnchorsView(possible, unit.settings.get(_SCHEDULE, "off"), due, tuple(views))


def anchor(unit: AnchorUnit) -> AnchorsView:
    """Write the newest head of each feed of ours on the chain; a head that is there or under way is not written twice.

    Raises NotFound `no-feed`, `no-chain` or `no-anchors`.
    """
    if not any(row.checkpoint for row in unit.catalog.feeds(own=True)):
        raise NotFound("There is no catalog of yours to anchor. Import or publish products first.", code="no-feed")
    _place(unit)
    _write(unit)
    return list_anchors(unit)


def schedule(unit: AnchorUnit, every: str) -> AnchorsView:
    """Anchor by itself `daily`, `weekly`, or not (`off`): only when something changed since. Raises UserError `bad-request`."""
    if every not in EVERY:
        raise UserError("Say off, daily or weekly.", code="bad-request")
    if EVERY[every]:
        _place(unit)
    unit.settings.set(_SCHEDULE, every)
    unit.touched("changes")
    return list_anchors(unit)


def tick(unit: AnchorUnit) -> None:
    """Anchor when it is time, say under which address, and hold final anchors of others against what they showed us."""
    every = EVERY[unit.settings.get(_SCHEDULE, "off")]
    if every and unit.now - unit.settings.get(_LAST, 0) >= every and _placed(unit) is not None:
        _write(unit)
    _tell(unit)
    for row in unit.catalog.feeds(own=False):
        _hold(unit, row)


# --- writing


def _placed(unit: AnchorUnit) -> Place | None:
    try:
        place = require_place(unit)
    except NotFound:
        return None
    return place if place.anchors else None


def _place(unit: AnchorUnit) -> Place:
    place = require_place(unit)
    if not place.anchors:
        text = "This chain has no contract for anchors. Connect the node again with a chain.json that names one under “anchors”."
        raise NotFound(text, code="no-anchors")
    return place


def _write(unit: AnchorUnit) -> None:
    """Ask the chain for an anchor of each head that has none."""
    _name_ourselves(unit)
    unit.settings.set(_LAST, unit.now)
    for row in unit.catalog.feeds(own=True):
        if row.checkpoint and _due(unit, row):
            head = verify_checkpoint(row.checkpoint)
            id_ = digest("intent/anchor", row.feed, head.root, head.state_hash, head.size.to_bytes(8, "big"))
            unit.transactions.add(id_, "anchors.anchor", (head.log, head.size, head.root, head.state_hash))
    unit.touched("transactions")
    unit.touched("changes")


def _due(unit: AnchorUnit, row: FeedRow) -> bool:
    """Whether a feed of ours has a head that isn't on the chain."""
    anchors = _anchors(unit, row)
    return bool(row.size) and not any(found.anchor.size == row.size for found in anchors)


def _name_ourselves(unit: AnchorUnit) -> None:
    """Sign under which address we anchor, once for each place."""
    place = _place(unit)
    assert place.anchors is not None
    wanted = Anchorer(unit.me.identity, place.chain_id, place.anchors, unit.me.chain_address(GAS_ACCOUNT))
    known = unit.anchors.anchorer(unit.me.identity)
    if known is None or (known.chain_id, known.contract, known.address) != (wanted.chain_id, wanted.contract, wanted.address):
        signed = sign(unit.me.device, TYPE, wanted, created=unit.now)
        unit.anchors.keep_anchorer(AnchorerRow(wanted.identity, wanted.chain_id, wanted.contract, wanted.address, unit.now, signed.raw))


def _tell(unit: AnchorUnit) -> None:
    """Each peer that follows us learns our address once."""
    own = unit.anchors.anchorer(unit.me.identity)
    if own is None:
        return
    told = unit.settings.get(_TOLD, {})
    mark = digest("anchorer", own.raw).hex()[:16]
    missing = [peer.peer for peer in unit.peers.all() if told.get(peer.identity.hex()) != mark]
    if not missing:
        return
    signed = verify(own.raw, TYPE)
    for peer in missing:
        send(unit, peer, signed, topic=Topic.CATALOG)
    unit.settings.set(_TOLD, told | {peer.identity.hex(): mark for peer in unit.peers.all()})


# --- holding others to theirs


def _anchors(unit: AnchorUnit, row: FeedRow) -> Sequence[AnchorRow]:
    """The anchors of a feed in its owner's name, on our chain and by our contract, newest first."""
    place, owner = _placed(unit), unit.anchors.anchorer(row.identity)
    if place is None or owner is None or (owner.chain_id, owner.contract) != (place.chain_id, place.anchors):
        return ()
    return unit.anchors.of(row.feed, owner.address, SHOWN)


def _hold(unit: AnchorUnit, row: FeedRow) -> None:
    """Judge each final anchor by the newest head; ask for the proof that is missing."""
    if row.checkpoint is None:
        return
    head = verify_checkpoint(row.checkpoint)
    for found in _anchors(unit, row):
        known = unit.anchors.check(row.feed, found.anchor.size, found.anchor.root)
        if not found.final or (known is not None and known.verdict != Verdict.UNPROVED):
            continue
        verdict = judge(found.anchor, head)
        if verdict is Verdict.UNPROVED:
            _ask(unit, row, found, known)
        elif verdict is not Verdict.AHEAD:
            _keep(unit, row, found, verdict)


def _ask(unit: AnchorUnit, row: FeedRow, found: AnchorRow, known: CheckRow | None) -> None:
    """Ask the writer for the proof between an anchor and the newest head, now and then until there is one."""
    peer = unit.peers.by_identity(row.identity)
    if peer is None or (known is not None and unit.now - known.checked_at < ASK_AGAIN_MS):
        return
    _keep(unit, row, found, Verdict.UNPROVED)
    send(unit, peer.peer, ProofRequest(row.feed, found.anchor.size, row.size), topic=Topic.CATALOG, query=True)


def _keep(unit: AnchorUnit, row: FeedRow, found: AnchorRow, verdict: Verdict) -> None:
    assert row.checkpoint is not None
    unit.anchors.keep_check(CheckRow(row.feed, found.anchor.size, found.anchor.root, verdict.value, row.checkpoint, unit.now))
    unit.touched("changes")


def _on_anchorer(unit: AnchorUnit, incoming: Incoming) -> None:
    signed = incoming.signed
    check_time(signed.envelope, unit.now)
    said = signed.read(Anchorer)
    if said.identity != incoming.peer.identity:
        raise Conflict("a peer names its own address only", code="wrong-identity")
    known = unit.anchors.anchorer(said.identity)
    created = signed.envelope.created
    if known is not None and known.created > created:
        raise Untimely("an earlier address than the one known", code="replayed")
    unit.anchors.keep_anchorer(AnchorerRow(said.identity, said.chain_id, said.contract, said.address, created, signed.raw))


def _on_proof(unit: AnchorUnit, incoming: Incoming) -> ProofAnswer:
    request: ProofRequest = incoming.message.record
    row = unit.catalog.feed(request.log)
    if row is None or not row.own:
        raise Conflict("no such feed here", code="unknown-feed")
    if not request.old <= request.size <= row.size:
        raise Conflict("that is further than this feed goes", code="rollback")
    require_whole(unit)
    return ProofAnswer(tuple(unit.catalog.proof(row.feed, request.old, request.size)))


def take_proof(unit: AnchorUnit, request: ProofRequest, answer: ProofAnswer) -> None:
    """A proof between an anchor and the newest head."""
    row = unit.catalog.feed(request.log)
    if row is None or row.checkpoint is None or row.size != request.size:
        return  # the feed went on meanwhile: the next look asks for its newest head
    head = verify_checkpoint(row.checkpoint)
    for found in _anchors(unit, row):
        if found.final and found.anchor.size == request.old:
            _keep(unit, row, found, judge(found.anchor, head, answer.proof))


# --- on pages


def contradicted(unit: Any) -> Iterable[TodayItem]:
    """Catalogs that are not the ones their owners anchored."""
    for row in unit.anchors.contradictions():
        feed = unit.catalog.feed(row.feed)
        peer = unit.peers.by_identity(feed.identity) if feed is not None else None
        who = peer.name if peer else "Somebody you were connected to"
        text = "The catalog you were shown is not the one it wrote on the chain. Ask it by another way before you order."
        yield TodayItem("evidence", "catalog", f"{who} showed you another catalog", text, "/catalog/anchors", "Look", row.checked_at, who)


def _view(unit: AnchorUnit, row: FeedRow, found: AnchorRow) -> AnchorView:
    peer = unit.peers.by_identity(row.identity)
    return AnchorView(
        row.feed.hex(),
        unit.me.name if row.own else peer.name if peer else "",
        row.currency,
        found.anchor.size,
        found.anchor.root.hex(),
        found.anchor.state.hex(),
        "0x" + found.by.hex(),
        found.block,
        "0x" + found.transaction.hex(),
        found.timestamp,
        found.final,
        _verdict(unit, row, found),
    )


def _verdict(unit: AnchorUnit, row: FeedRow, found: AnchorRow) -> str:
    if row.own:
        return "own"
    known = unit.anchors.check(row.feed, found.anchor.size, found.anchor.root)
    if known is not None:
        return known.verdict
    if not found.final:
        return "pending"
    return Verdict.AHEAD.value if found.anchor.size > row.size else Verdict.UNPROVED.value


EXCHANGE = Exchange(
    answers={TYPE: _on_anchorer, "catalog.proof": _on_proof},
    queries=frozenset({"catalog.proof"}),
)
PROVIDERS = (contradicted,)
