"""What peers ask of feeds that this node writes or relays: what follows, where numbers differ, entries by number; by indexes."""

from collections.abc import Sequence

from node.errors import Unavailable
from node.model.catalog import Held
from protocol.catalog_sync import (
    Entries,
    EntriesRequest,
    Hops,
    HopsRequest,
    Page,
    Ranges,
    RangesRequest,
    SectionList,
    SectionsRequest,
    SinceRequest,
    Unchanged,
    page,
)
from protocol.envelope import verify
from protocol.errors import Conflict
from protocol.feed import FeedsAnswer, Hop
from protocol.kinds import Topic
from protocol.log import CHECKPOINT
from protocol.reconcile import END, Numbers, answer, numbers
from protocol.rows import Press

from . import brand_plans, brand_relays, catalog_sections
from .brand_plans import BrandsUnit
from .exchange import Exchange, Incoming, send


def _on_feeds(unit: BrandsUnit, incoming: Incoming) -> FeedsAnswer:
    for record in unit.catalog.plans(unit.me.identity):
        signed = verify(record.raw, "plan")
        send(unit, incoming.peer.peer, signed, topic=Topic.CATALOG, about=("plan", record.hash))
    brand_plans.tell_all(unit, incoming.peer)
    return FeedsAnswer(tuple(row.record for row in unit.catalog.feeds(own=True)), brand_relays.relayed(unit))


def _on_since(unit: BrandsUnit, incoming: Incoming) -> Page | Unchanged:
    request: SinceRequest = incoming.message.record
    head, held = _served(unit, request.feed, max(request.since, request.known))
    if request.head is not None and request.since == held.size and request.head == verify(head, CHECKPOINT).id:
        return Unchanged()
    proof, hops = _way(unit, request, held)
    if request.but is not None:
        catalog_sections.require_divided(unit, request.feed, request.but)
    sections = catalog_sections.prove(unit, request.feed, held.size, request.part) if request.part else None
    # Last, after all that may raise: rows that nobody reads would keep the reader's snapshot open.
    return page(head, held.size, proof, unit.catalog.since_part(request.feed, request.since, request.part, request.but), sections, hops)


def _way(unit: BrandsUnit, request: SinceRequest, held: Held) -> tuple[Sequence[bytes], tuple[Hop, ...] | None]:
    """How the newest head goes on from the one known: by our own log, or by the heads that we took of a brand's."""
    row = unit.catalog.feed(request.feed)
    if row is not None and not row.own:
        return brand_relays.way(unit, row, request.known, held.size)
    return unit.catalog.proof(request.feed, request.known, held.size) if 0 < request.known < held.size else (), None


def _on_hops(unit: BrandsUnit, incoming: Incoming) -> Hops:
    request: HopsRequest = incoming.message.record
    _served(unit, request.feed, request.known)
    row = unit.catalog.feed(request.feed)
    if row is None or row.own:
        raise Conflict("the writer shows one proof instead: ask it what follows", code="unknown-head")
    return Hops(brand_relays.hops(unit, row, request.known))


def _on_ranges(unit: BrandsUnit, incoming: Incoming) -> Ranges:
    request: RangesRequest = incoming.message.record
    head, _ = _served(unit, request.feed)
    if request.part is None:
        return Ranges(head, answer(live_numbers(unit, request.feed), request.ranges))
    catalog_sections.require_writer(unit, request.feed)
    return Ranges(head, answer(numbers(unit.catalog.numbers_part(request.feed, request.part)), request.ranges))


def _on_sections(unit: BrandsUnit, incoming: Incoming) -> SectionList:
    request: SectionsRequest = incoming.message.record
    _served(unit, request.feed)
    return catalog_sections.listed(unit, request.feed, request.division, request.after)


def _on_entries(unit: BrandsUnit, incoming: Incoming) -> Entries:
    request: EntriesRequest = incoming.message.record
    head, _ = _served(unit, request.feed)
    press, upto = Press(), 0
    for number in sorted(set(request.numbers)):
        row = next(unit.catalog.since(request.feed, number - 1), None)
        if row is not None and row.seq == number and row.record is not None and not press.add(row):
            break
        upto = number
    return Entries(head, press.close(), upto)


def live_numbers(unit: BrandsUnit, feed: bytes) -> Numbers:
    """The numbers of the entries whose records are there now. A number stands once, also where a feed of before numbers gave it to all."""
    return numbers(dict.fromkeys(unit.catalog.numbers(feed, 0, END)))


def _served(unit: BrandsUnit, feed: bytes, reached: int = 0) -> tuple[bytes, Held]:
    """The newest head, and that the catalog file is where it says; the asker has `reached` so far.

    Raises Conflict `unknown-feed`, `rollback`; Unavailable `not-ready`.
    """
    row = unit.catalog.feed(feed)
    ours = row is not None and (row.own or brand_relays.is_relayed(unit, row))
    if row is None or not ours or row.checkpoint is None or row.closed:
        raise Conflict("no such feed here", code="unknown-feed")
    if reached > row.size:
        raise Conflict("that is further than this feed goes", code="rollback")
    held = unit.catalog.held(feed)
    if held.checkpoint is None or held.size != row.size:
        raise Unavailable("The catalog is being put together; ask again in a minute.", code="not-ready")
    return held.checkpoint, held


_READS = frozenset(
    {"catalog.since", "catalog.hops-request", "catalog.ranges-request", "catalog.entries-request", "catalog.sections-request"}
)
EXCHANGE = Exchange(
    answers={
        "catalog.feeds": _on_feeds,
        "catalog.since": _on_since,
        "catalog.hops-request": _on_hops,
        "catalog.ranges-request": _on_ranges,
        "catalog.entries-request": _on_entries,
        "catalog.sections-request": _on_sections,
    },
    queries=frozenset({"catalog.feeds", *_READS}),
    reads=_READS,
)
