"""Feeds we follow, as the store knows them: whom to ask, which head is right, what was accepted and what keeps a feed from going on.

It sends nothing: `catalog_sync` does what is due here, and everything it was answered passes here before it counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from node.errors import NotFound
from node.model.catalog import FeedRow
from node.model.peers import Peer
from protocol.envelope import Signed, check_time, verify
from protocol.errors import Conflict, Malformed, Unauthorized, Untimely
from protocol.feed import CatalogChanged, FeedsAnswer, Hop
from protocol.log import CHECKPOINT, SECTIONS, Checkpoint, check_extends, verify_checkpoint
from protocol.packs import Manifest, open_manifest
from protocol.sections import Part, PartProof, Shown, open_proof
from protocol.state_hash import StateHash

from . import brand_relays, lookout_sights
from . import catalog_findings as findings
from .brand_plans import BrandsUnit
from .catalog import publishers
from .catalog_forks import ForksUnit, remember, require_one_division, require_one_history
from .exchange import Exchange, Incoming
from .lookout_sights import LookoutsUnit

MOST_FEEDS = 64  # of one publisher
MOST_PASSED = 1_024  # heads of a relayed feed between ours and the newest: a relay keeps no more
STALE_MS = 7 * 24 * 60 * 60_000  # a writer signs its head anew each day
ASK_AGAIN_MS = 60 * 60_000  # a publisher says when something changes; this is for what was lost on the way


class AcceptUnit(ForksUnit, LookoutsUnit, Protocol):
    """What accepting a head needs of a transaction."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What to ask one publisher. `whole`: which feeds it has, too."""

    peer: str
    addresses: tuple[str, ...]
    identity: bytes
    whole: bool
    feeds: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far we are with a feed: what was accepted, and what the catalog file holds (behind or ahead of it after a crash)."""

    row: FeedRow
    size: int
    """Entries whose effect the file holds."""
    begun: bool
    """Whether packs of a first sync are under way."""
    brand: bool
    """Whether a brand writes it, whose feeds hold products only."""
    held: Part | None = None
    """The sections that the file holds, where that isn't all."""

    @property
    def current(self) -> bool:
        """Whether the file is where the accepted head is, and holds what was chosen."""
        return self.size == self.row.size and self.held == self.row.part


def sync(unit: BrandsUnit, merchant: bytes | None = None) -> int:
    """Ask a merchant (or all) what feeds it has, and fetch what is new; how many are asked."""
    found = [peer for peer in publishers(unit) if merchant in (None, peer.identity)]
    if merchant is not None and not found:
        raise NotFound("You are not paired with that merchant.")
    for peer in found:
        unit.settings.set(_wanted(peer), value=True)
    unit.touched("catalog")
    return len(found)


def due(unit: BrandsUnit, reached: frozenset[str] = frozenset()) -> list[Errand]:
    """What is to be asked now; of the peers `reached` just now everything."""
    rows: dict[bytes, list[FeedRow]] = {}
    for row in unit.catalog.feeds(own=False):
        rows.setdefault(row.identity, []).append(row)
    errands = []
    for peer in publishers(unit):
        asked = unit.settings.get(_asked(peer), 0)
        whole = peer.peer in reached or unit.settings.get(_wanted(peer), False) or unit.now - asked >= ASK_AGAIN_MS
        passed_on = (unit.catalog.feed(feed) for feed in unit.brands.relayed(peer.identity))
        known = (*rows.get(peer.identity, ()), *(row for row in passed_on if row is not None and not row.closed))
        feeds = tuple(row.feed for row in known if whole or _is_behind(unit, row))
        if whole or feeds:
            errands.append(Errand(peer.peer, unit.peers.addresses_of(peer.peer), peer.identity, whole, feeds))
    return errands


def standing(unit: BrandsUnit, feed: bytes) -> Standing:
    """How far we are with a feed we follow. Raises NotFound."""
    row = unit.catalog.feed(feed)
    if row is None or row.own or row.closed:
        raise NotFound("You don't follow that catalog.")
    held = unit.catalog.held(feed)
    return Standing(row, held.size, bool(unit.catalog.loaded(feed)), brand_relays.is_brands(unit, row), held.part)


def take_feeds(unit: BrandsUnit, peer_id: str, answer: FeedsAnswer) -> tuple[bytes, ...]:
    """Follow the feeds that a publisher says it has; those to fetch."""
    peer = unit.peers.get(peer_id)
    if peer is None:
        return ()
    rows = [row for row in unit.catalog.feeds(own=False) if row.identity == peer.identity]
    known, chosen = {row.feed: row.record for row in rows}, {row.feed: row.part for row in rows}
    if len({*known, *(feed.id for feed in answer.feeds)}) > MOST_FEEDS:
        raise Conflict(f"a merchant has at most {MOST_FEEDS} feeds", code="too-large")
    for feed in answer.feeds:
        if feed.identity != peer.identity:
            raise Unauthorized("a merchant answers for its own feeds only", code="wrong-identity")
        if any(other.follows(feed) for other in known.values()):
            raise Conflict("a feed of an earlier device than the one followed", code="rollback")
        if unit.catalog.feed(feed.id) is None:
            row = FeedRow(feed.id, feed.identity, feed.name, feed.currency, own=False, incarnation=feed.incarnation)
            before = next((name for name, other in known.items() if feed.follows(other)), None)
            unit.catalog.keep_feed(replace(row, part=chosen[before]) if before else row)
    passed_on = brand_relays.take_relayed(unit, peer, answer.relayed or ())
    unit.settings.set(_asked(peer), unit.now)
    unit.settings.set(_wanted(peer), value=False)
    unit.touched("changes")
    return (*(feed.id for feed in answer.feeds), *passed_on)


def check_head(unit: ForksUnit, feed: bytes, raw: bytes, proof: Sequence[bytes], hops: Sequence[Hop] = ()) -> Checkpoint:
    """The newest head in an answer, which goes on from the one accepted, where it was relayed by the heads between.

    Raises as `check_signed` and `check_hops`.
    """
    checkpoint = check_signed(unit, feed, raw)
    before = check_hops(unit, feed, hops)
    if before is not None:
        check_extends(before, checkpoint, proof)
    return checkpoint


def check_signed(unit: ForksUnit, feed: bytes, raw: bytes) -> Checkpoint:
    """A head that the feed's writer signed lately, whatever it goes on from.

    Raises Contradiction, Conflict (`rollback`, `wrong-log`), BadSignature, Untimely, Unauthorized (`not-live`, `wrong-writer`).
    """
    row = _followed(unit, feed)
    signed = verify(raw, CHECKPOINT)
    checkpoint = verify_checkpoint(raw, log=feed)
    require_writer(unit, row, signed)
    require_one_history(unit, row, raw, checkpoint)
    if checkpoint.size < row.size:
        raise Conflict("an earlier head than the one accepted", code="rollback")
    check_time(signed.envelope, unit.now)
    _require_recent(unit, checkpoint)
    return checkpoint


def check_unchanged(unit: BrandsUnit, feed: bytes) -> None:
    """Nothing is said to have come after the head that we have: then its writer signed it lately. Raises Untimely `expired`."""
    row = _followed(unit, feed)
    if row.checkpoint is not None:
        _require_recent(unit, verify_checkpoint(row.checkpoint, log=feed))


def _require_recent(unit: BrandsUnit, checkpoint: Checkpoint) -> None:
    if unit.now - checkpoint.time > STALE_MS:
        raise Untimely("a head that its writer signed long ago: somebody may be keeping the newer ones back", code="expired")


def check_hops(unit: ForksUnit, feed: bytes, hops: Sequence[Hop]) -> Checkpoint | None:
    """The last of the heads that a relay shows, each of which goes on from the one before, the first from the one accepted; None where none
    was. Raises as `check_head`, Malformed `no-progress` for one that leads nowhere.
    """
    row = _followed(unit, feed)
    if row.checkpoint is None:
        if hops:  # nothing to hold them against, and they would be kept as its heads
            raise Malformed("heads between, though none was accepted before", code="no-progress")
        return None
    before = verify_checkpoint(row.checkpoint, log=feed)
    for hop in hops:
        signed, between = _between(hop.checkpoint, feed)
        require_writer(unit, row, signed)
        check_time(signed.envelope, unit.now)
        require_one_history(unit, row, hop.checkpoint, between)
        if between.size <= before.size:
            raise Malformed("a head between leads nowhere", code="no-progress")
        check_extends(before, between, hop.proof)
        before = between
    return before


@lru_cache(maxsize=2 * MOST_PASSED)
def _between(raw: bytes, feed: bytes) -> tuple[Signed, Checkpoint]:
    """A head as signed. The same ones are shown again with each page: whether the bytes are right is looked at once."""
    return verify(raw, CHECKPOINT), verify_checkpoint(raw, log=feed)


def check_part(unit: BrandsUnit, feed: bytes, part: Part, checkpoint: Checkpoint, proof: PartProof | None) -> Shown:
    """What the sections of a part hold under the newest head, as the feed's writer signed it.

    Raises Contradiction, Malformed `wrong-size`, `unexpected-reply`, and as `require_writer` and `open_proof` do.
    """
    if proof is None:
        raise Malformed("a part comes with the proof of its sections", code="unexpected-reply")
    row = _followed(unit, feed)
    signed = verify(proof.head, SECTIONS)
    require_writer(unit, row, signed)
    check_time(signed.envelope, unit.now)
    shown = open_proof(proof, part, feed=feed)
    if shown.head.size != checkpoint.size:
        raise Malformed("the head of the feed's sections is of another size than that of the feed", code="wrong-size")
    require_one_division(row, proof.head, shown.head)
    return shown


def begin_load(unit: BrandsUnit, feed: bytes, rows: int) -> None:
    """So many records are about to come by packs: pages say how many of them are here."""
    unit.settings.set(_expected(feed), rows)
    unit.touched("changes")


def expected(unit: BrandsUnit, feed: bytes) -> int:
    """How many records a load under way brings in all; 0 when none is."""
    found: int = unit.settings.get(_expected(feed), 0)
    return found


def records(unit: BrandsUnit, feed: bytes) -> int:
    """How many products and offers of a feed are here."""
    held = unit.catalog.held(feed)
    return held.products + held.offers


def check_manifest(unit: ForksUnit, feed: bytes, signed: Signed) -> tuple[Manifest, Checkpoint]:
    """A manifest of the feed's writer. Raises as `check_head` and `open_manifest`. That it goes on from what was accepted is seen later."""
    row = _followed(unit, feed)
    require_writer(unit, row, signed)
    check_time(signed.envelope, unit.now)
    manifest, checkpoint = open_manifest(signed, feed=feed)
    check_time(verify(manifest.checkpoint, CHECKPOINT).envelope, unit.now)
    require_one_history(unit, row, manifest.checkpoint, checkpoint)
    return manifest, checkpoint


def accept(
    unit: AcceptUnit,
    feed: bytes,
    raw: bytes | None = None,
    state: StateHash | None = None,
    proof: Sequence[bytes] = (),
    hops: Sequence[Hop] = (),
    sections: bytes | None = None,
) -> None:
    """The catalog file holds what this head says, or (None) we were told that nothing changed since the one accepted.

    `proof` is that it goes on from there, by way of `hops` where it was relayed; `sections` the head that proved a part.
    """
    row = unit.catalog.feed(feed)
    if row is None or row.closed:
        return
    row = replace(row, synced_at=unit.now, asked_at=unit.now, error="")
    if raw is not None and state is not None:
        checkpoint = verify_checkpoint(raw, log=feed)
        remember(unit, row, raw, proof, hops)
        brand_relays.taken(unit, row, raw)
        row = replace(row, size=checkpoint.size, checkpoint=raw, checkpoint_id=verify(raw, CHECKPOINT).id, state=state, sections=sections)
        for other in unit.catalog.feeds(own=False):
            if row.record.follows(other.record):
                unit.catalog.close_feed(other.feed)
    unit.catalog.keep_feed(row)
    findings.arrived(unit, feed)
    for name in (_heard(feed), _expected(feed)):
        if unit.settings.get(name, 0):
            unit.settings.set(name, 0)
    if raw is not None:
        lookout_sights.look(unit, feed)
    unit.touched("changes")


def fail(unit: BrandsUnit, feed: bytes, code: str) -> None:
    """What was answered cannot be right; the feed says so, and stays as it was."""
    row = unit.catalog.feed(feed)
    if row is not None:
        unit.catalog.keep_feed(replace(row, error=code, asked_at=unit.now))
        unit.settings.set(_heard(feed), 0)
        unit.touched("changes")


def fail_feeds(unit: BrandsUnit, identity: bytes, code: str) -> None:
    """What a publisher says of its feeds, or of those it relays, cannot be right: those we follow say so."""
    relayed = unit.brands.relayed(identity)
    for row in unit.catalog.feeds(own=False):
        if row.identity == identity or row.feed in relayed:
            fail(unit, row.feed, code)


def _on_changed(unit: ForksUnit, incoming: Incoming) -> None:
    """A hint; but a head that it shows is held against ours as any, another device's is told. Raises `not-live`, Contradiction."""
    changed: CatalogChanged = incoming.message.record
    row = unit.catalog.feed(changed.feed)
    if row is None:
        unit.settings.set(_wanted(incoming.peer), value=True)
    elif row.identity == incoming.peer.identity or incoming.peer.identity in unit.brands.relays(row.feed):
        signed, head = verify(changed.checkpoint, CHECKPOINT), verify_checkpoint(changed.checkpoint, log=row.feed)
        try:
            require_writer(unit, row, signed)
            check_time(signed.envelope, unit.now)
        except (Unauthorized, Untimely) as problem:
            if problem.code == "not-live":
                raise
            fail(unit, row.feed, problem.code)
            return
        require_one_history(unit, row, changed.checkpoint, head)
        unit.settings.set(_heard(row.feed), max(head.size, 1))
    unit.touched("catalog")


def _followed(unit: BrandsUnit, feed: bytes) -> FeedRow:
    row = unit.catalog.feed(feed)
    if row is None or brand_relays.writer_state(unit, row) is None:
        raise NotFound("You don't follow that catalog.")
    return row


def require_writer(unit: BrandsUnit, row: FeedRow, signed: Signed) -> None:
    """Signed by the one device that writes the feed. Raises Unauthorized `not-live`, `wrong-writer`."""
    writer, author = brand_relays.writer_state(unit, row), signed.envelope.author
    if writer is None:
        raise Unauthorized("the feed of somebody we know nothing of", code="wrong-writer")
    writer.require_live(author)
    if writer.number_of(author) != row.record.writer:
        raise Unauthorized("a feed has one writer, and this device is not it", code="wrong-writer")


def _is_behind(unit: BrandsUnit, row: FeedRow) -> bool:
    """Whether something is to be had: said by its writer, lost with the catalog file, or never fetched. Not what cannot be right."""
    if unit.settings.get(_heard(row.feed), 0) > row.size:
        return True
    held = unit.catalog.held(row.feed)
    return not row.error and (row.checkpoint is None or (held.size, held.part) != (row.size, row.part))


def _wanted(peer: Peer) -> str:
    return f"catalog/wanted/{peer.identity.hex()}"


def _asked(peer: Peer) -> str:
    return f"catalog/asked/{peer.identity.hex()}"


def _expected(feed: bytes) -> str:
    return f"catalog/expected/{feed.hex()}"


def _heard(feed: bytes) -> str:
    return f"catalog/heard/{feed.hex()}"


EXCHANGE = Exchange(answers={"catalog.changed": _on_changed})
