"""Feeds of brands, relayed: a merchant passes them on as it got them, with who the brand is; a seller checks the brand's own signatures.

What a relay can't show is the brand's whole log. It shows the heads it took instead, each with the proof from the one before.
"""

from collections.abc import Sequence

from node.model.catalog import FeedRow
from node.model.peers import Peer
from protocol.brand_plan import TYPE
from protocol.catalog_sync import MOST_HOPS
from protocol.codec import from_bytes
from protocol.envelope import verify
from protocol.errors import Conflict, Unauthorized
from protocol.feed import CatalogChanged, Hop, Relayed
from protocol.identity import IdentityState, Inception, Role, replay
from protocol.kinds import Topic

from .brand_plans import BrandsUnit, brand_state, take_bounds
from .catalog import followers
from .evidence import Contradiction
from .exchange import send

MOST_RELAYED = 64
MOST_BYTES = 600_000  # of root logs and bounds in one answer


# --- the merchant


def relayed(unit: BrandsUnit) -> tuple[Relayed, ...] | None:
    """What a merchant relays: feeds of its brands, as far as it has them."""
    if unit.me.role != "merchant":
        return None
    found: list[Relayed] = []
    room = MOST_BYTES
    for row in unit.catalog.feeds(own=False):
        brand = unit.peers.by_identity(row.identity)
        if brand is None or brand.role is not Role.BRAND or row.checkpoint is None or len(found) == MOST_RELAYED:
            continue
        plans = tuple(record.raw for record in unit.brands.plans(row.identity))[:MOST_RELAYED]
        room -= sum(map(len, (brand.presentation.inception, *brand.presentation.entries, *plans)))
        if room < 0:
            break
        found.append(Relayed(row.record, brand.name, brand.presentation, plans))
    return tuple(found) or None


def is_relayed(unit: BrandsUnit, row: FeedRow) -> bool:
    """Whether we answer for a feed that is not ours."""
    brand = unit.peers.by_identity(row.identity)
    return unit.me.role == "merchant" and not row.own and brand is not None and brand.role is Role.BRAND


def way(unit: BrandsUnit, row: FeedRow, known: int, size: int) -> tuple[Sequence[bytes], tuple[Hop, ...] | None]:
    """How a head of `size` goes on from one of `known`: the last proof, and the heads between. Raises Conflict `unknown-head`,
    `too-many-hops`.
    """
    if known in (0, size):
        return (), None
    heads = unit.brands.heads(row.feed, known)
    if len(heads) > MOST_HOPS + 1:
        raise Conflict("there are too many heads between for one page: ask for them first", code="too-many-hops")
    if not heads or heads[-1].size != size:
        raise Conflict("this relay doesn't know the way from the head you hold: ask another, or the brand", code="unknown-head")
    hops = tuple(Hop(head.checkpoint, head.proof) for head in heads[:-1])
    return heads[-1].proof, hops or None


def hops(unit: BrandsUnit, row: FeedRow, known: int) -> tuple[Hop, ...]:
    """The first heads after the one of size `known`. Raises Conflict `unknown-head`."""
    heads = unit.brands.heads(row.feed, known)
    if not heads:
        raise Conflict("this relay doesn't know the way from the head you hold: ask another, or the brand", code="unknown-head")
    return tuple(Hop(head.checkpoint, head.proof) for head in heads[:MOST_HOPS])


def taken(unit: BrandsUnit, row: FeedRow, raw: bytes) -> None:
    """A merchant took a head of a brand's feed: our sellers hear of it."""
    if not is_relayed(unit, row):
        return
    for peer in followers(unit):
        send(unit, peer.peer, CatalogChanged(row.feed, raw), topic=Topic.CATALOG, about=("feed", row.feed))


# --- the seller


def take_relayed(unit: BrandsUnit, peer: Peer, shown: Sequence[Relayed]) -> tuple[bytes, ...]:
    """Follow what a merchant relays; the feeds to fetch from it.

    Raises Unauthorized `wrong-identity`, `wrong-role`, Conflict `rollback`, Contradiction, and as root logs and bounds do.
    """
    if unit.me.role != "seller":
        return ()
    for item in shown:
        state = _learn(unit, item)
        feed = item.feed
        known = [row.record for row in unit.catalog.feeds(own=False) if row.identity == feed.identity]
        if any(other.follows(feed) for other in known):
            raise Conflict("a feed of an earlier device than the one followed", code="rollback")
        if unit.catalog.feed(feed.id) is None:
            unit.catalog.keep_feed(FeedRow(feed.id, feed.identity, feed.name, feed.currency, own=False, incarnation=feed.incarnation))
        unit.brands.keep_relay(feed.id, peer.identity)
        for raw in item.plans:
            if verify(raw, TYPE).envelope.author not in state.revoked:  # its brand signs them anew: what is known of them stays
                take_bounds(unit, state, raw)
    feeds = tuple(item.feed.id for item in shown)
    for gone in set(unit.brands.relayed(peer.identity)) - set(feeds):
        unit.brands.drop_relay(gone, peer.identity)
    return feeds


def _learn(unit: BrandsUnit, item: Relayed) -> IdentityState:
    """Who the brand is, by its root log; one that is older than what is known changes nothing."""
    shown = item.presentation
    if shown.identity != item.feed.identity:
        raise Unauthorized("a feed is shown with its own writer's root log", code="wrong-identity")
    if from_bytes(Inception, shown.inception).role is not Role.BRAND:
        raise Unauthorized("only brands' feeds are relayed", code="wrong-role")
    known = unit.brands.get(item.feed.identity)
    if known is None:
        state = replay(shown.inception, shown.entries)
    else:
        if len(shown.entries) < len(known.presentation.entries):
            return known.state
        fork = shown.fork(known.presentation) if shown.inception == known.presentation.inception else None
        if fork is not None:
            raise Contradiction("the brand's root log was rewritten", identity=shown.identity, first=fork[0], second=fork[1])
        state = shown.follow(known.presentation, known.state)
    unit.brands.keep(item.feed.identity, item.name, shown, unit.now)
    return state


def is_brands(unit: BrandsUnit, row: FeedRow) -> bool:
    """Whether a brand writes the feed."""
    peer = unit.peers.by_identity(row.identity)
    return peer.role is Role.BRAND if peer is not None else unit.brands.get(row.identity) is not None


def writer_state(unit: BrandsUnit, row: FeedRow) -> IdentityState | None:
    """Who may sign for a feed: a peer's devices, or those of a brand that was shown."""
    return brand_state(unit, row.identity)
