"""Heads of catalogs: a writer keeps its own fresh, followers of one merchant compare what they were shown.

A head that fits with ours is let go; one that contradicts ours is proof, kept as evidence; one whose writer gives no proof between the
two is told after a day.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Protocol

from node.model.anchor import HeardRow
from node.model.catalog import FeedRow
from protocol.anchor import Anchor, Heads, ProofAnswer, ProofRequest, Verdict, judge
from protocol.envelope import check_time, verify
from protocol.kinds import Topic
from protocol.log import CHECKPOINT, sign_checkpoint, verify_checkpoint
from protocol.messages import Message
from protocol.sections import open_head

from . import anchors, evidence
from .anchors import AnchorUnit
from .catalog_following import require_writer
from .catalog_forks import ForksUnit, is_known, require_one_division, require_one_history
from .evidence import Contradiction, EvidenceUnit
from .exchange import Exchange, Incoming, send
from .today_items import TodayItem
from .unit import OutboxEntry

DAY_MS = 86_400_000
TELL_MS = 60 * 60_000
ASK_AGAIN_MS = 10 * 60_000
MOST_HEARD = 64  # of one feed
MOST_TOLD = 64
_TOLD = "heads/told"


class HeadsUnit(AnchorUnit, EvidenceUnit, ForksUnit, Protocol):
    """What this service needs of a transaction."""


def tick(unit: HeadsUnit) -> None:
    """Sign our heads anew once a day, tell ours to whom they concern, and judge what we heard."""
    for row in unit.catalog.feeds(own=True):
        _renew(unit, row)
    if unit.now - unit.settings.get(_TOLD, 0) >= TELL_MS:
        unit.settings.set(_TOLD, unit.now)
        _tell(unit)
    for row in unit.catalog.feeds(own=False):
        _judge(unit, row)


def _renew(unit: HeadsUnit, row: FeedRow) -> None:
    """The same head with a later time: who follows us can tell it from one that somebody holds back."""
    if row.checkpoint is None:
        return
    head = verify_checkpoint(row.checkpoint)
    if unit.now - head.time >= DAY_MS:
        signed = sign_checkpoint(unit.me.device, replace(head, time=unit.now))
        unit.catalog.keep_feed(replace(row, checkpoint=signed.raw, checkpoint_id=signed.id, synced_at=unit.now))


def _tell(unit: HeadsUnit) -> None:
    """Those who have an edge with us at a merchant hear what it showed us, where that changed."""
    heads: dict[bytes, list[FeedRow]] = {}
    for row in unit.catalog.feeds(own=False):
        if row.checkpoint is not None:
            for shop in {row.identity, *unit.brands.relays(row.feed)}:
                heads.setdefault(shop, []).append(row)
    for edge in unit.team.edges():
        mine, signed = heads.get(edge.merchant), edge.status in ("signed", "accepted") and edge.ends is None
        if mine and signed and edge.side != "merchant" and unit.peers.get(edge.peer) is not None:
            shown = mine[:MOST_TOLD]
            divided = tuple(row.sections for row in shown if row.sections is not None)
            told = Heads(tuple(row.checkpoint for row in shown if row.checkpoint is not None), divided or None)
            send(unit, edge.peer, told, topic=Topic.CATALOG)


def _on_heads(unit: HeadsUnit, incoming: Incoming) -> None:
    """Keep what may not fit with ours. Raises Contradiction: both heads are kept as evidence then."""
    told: Heads = incoming.message.record
    for raw in told.heads:
        signed = verify(raw, CHECKPOINT)
        head = verify_checkpoint(raw)
        row = unit.catalog.feed(head.log)
        if row is None or row.own or row.checkpoint is None:
            continue
        require_writer(unit, row, signed)
        require_one_history(unit, row, raw, head)
        check_time(signed.envelope, unit.now)
        if not is_known(unit, row, head):
            unit.heads.keep_heard(HeardRow(row.feed, head.size, head.root, raw, unit.now), MOST_HEARD)
    for raw in told.sections or ():
        signed, divided = open_head(raw)
        row = unit.catalog.feed(divided.feed)
        if row is not None and not row.own:
            require_writer(unit, row, signed)
            check_time(signed.envelope, unit.now)
            require_one_division(row, raw, divided)


def _judge(unit: HeadsUnit, row: FeedRow) -> None:
    """Hold what was heard against the head we have now."""
    if row.checkpoint is None:
        return
    head, peer = verify_checkpoint(row.checkpoint), unit.peers.by_identity(row.identity)
    for heard in unit.heads.heard(row.feed):
        other = verify_checkpoint(heard.raw)
        try:
            require_one_history(unit, row, heard.raw, other)
        except Contradiction as found:
            evidence.keep(unit, found)
            unit.heads.drop_heard(heard)
            continue
        verdict = judge(Anchor(other.log, other.size, other.root, other.state_hash), head)
        if verdict is Verdict.AGREES or is_known(unit, row, other):
            unit.heads.drop_heard(heard)
        elif verdict is Verdict.UNPROVED and peer is not None and unit.now - heard.asked_at >= ASK_AGAIN_MS:
            unit.heads.keep_heard(replace(heard, asked_at=unit.now), MOST_HEARD)
            send(unit, peer.peer, ProofRequest(row.feed, other.size, row.size), topic=Topic.CATALOG, query=True)


def _on_proof_answer(unit: HeadsUnit, _entry: OutboxEntry, sent: Message, reply: Message) -> None:
    """A proof between a size we heard of and our head: what it shows to fit is let go."""
    request, answer = sent.record, reply.record
    if not isinstance(answer, ProofAnswer):
        return
    anchors.take_proof(unit, request, answer)
    row = unit.catalog.feed(request.log)
    if row is None or row.checkpoint is None or row.size != request.size:
        return
    head = verify_checkpoint(row.checkpoint)
    for heard in unit.heads.heard(row.feed):
        other = verify_checkpoint(heard.raw)
        if other.size == request.old:
            verdict = judge(Anchor(other.log, other.size, other.root, other.state_hash), head, answer.proof)
            if verdict is Verdict.AGREES:
                unit.heads.drop_heard(heard)


def unproved(unit: Any) -> Iterable[TodayItem]:
    """Catalogs of which others were shown a head that its writer does not connect with ours, for a day."""
    for heard in unit.heads.heard():
        row = unit.catalog.feed(heard.feed)
        peer = unit.peers.by_identity(row.identity) if row is not None else None
        if row is None or peer is None or heard.size > row.size or unit.now - heard.heard_at < DAY_MS:
            continue  # a brand that we only know by its shops cannot be asked: nothing is to be read into that
        who = peer.name
        text = "Others of its sellers were shown a catalog that it does not connect with yours. Ask it by another way before you order."
        yield TodayItem("evidence", "catalog", f"{who} may show two catalogs", text, "/catalog/anchors", "", heard.heard_at, who)


PROVIDERS = (unproved,)
EXCHANGE = Exchange(answers={"catalog.heads": _on_heads}, settles={"catalog.proof": _on_proof_answer})
