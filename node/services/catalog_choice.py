"""What part of a catalog is followed: all of it, or some of its brands or categories. The choice is kept here; the rest is syncing's.

What there is to choose from is asked of the merchant while one chooses: whoever follows a part doesn't have the names of the rest.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

from node.errors import NotFound, RemoteRefusal, UserError
from node.model.catalog import FeedRow
from protocol.catalog_sync import SectionList, SectionsRequest
from protocol.errors import Malformed
from protocol.kinds import Topic
from protocol.messages import Nack, pack, unpack
from protocol.sections import BELOW, EVERYWHERE, MOST_CHOSEN, MOST_SECTIONS, SECTION_CHARS, Division, Part

from .brand_plans import BrandsUnit
from .browse import FeedView, feed_view

DEADLINE_SECONDS = 20.0
MOST_ANSWERS = 64  # a list of so many sections as there may be takes fewer


class Network(Protocol):
    """Requests to peers."""

    async def request(self, peer_id: str, addresses: Sequence[str], topic: str, body: bytes, deadline: float) -> bytes:
        """The reply. Raises Unavailable, or another NodeError whose `code` is the peer's."""


class Reading(Protocol):
    """The store."""

    async def read(self, run: Callable[..., Any], /, *args: Any) -> Any:
        """Run on a snapshot."""


@dataclass(frozen=True, slots=True)
class SectionView:
    """A brand of a catalog, or a category with all below it: `count` records, `size` bytes before they are compressed; `chosen` where it is
    followed now.
    """

    name: str
    count: int
    size: int
    chosen: bool


def choose(unit: BrandsUnit, feed: bytes, division: str = "", names: tuple[str, ...] = ()) -> FeedView:
    """Follow some brands or categories (`division`) of a catalog, or with none all of it. What belongs to no section always comes along.

    Raises NotFound, UserError `bad-choice`, `whole-only`.
    """
    row = _chosen_from(unit, feed)
    row = replace(row, part=_part(division, names), error="")
    unit.catalog.keep_feed(row)
    unit.touched("catalog")
    unit.touched("changes")
    return feed_view(unit, row)


def _part(division: str, names: Sequence[str]) -> Part | None:
    if not division and not names:
        return None
    if division not in tuple(Division):
        raise UserError(f"A catalog is divided by {' or by '.join(Division)}, not by {division or 'nothing'}.", code="bad-choice")
    given = {name for name in names if name}
    kinds = Division(division)
    chosen = sorted({EVERYWHERE, *(name for name in given if not any(Part(kinds, (other,)).covers(name) for other in given - {name}))})
    if len(chosen) > MOST_CHOSEN or any(len(name) > SECTION_CHARS for name in chosen):
        raise UserError(f"Choose at most {MOST_CHOSEN - 1} of them, or all.", code="bad-choice")
    if len(chosen) == 1:
        raise UserError("Choose at least one, or all.", code="bad-choice")
    return Part(kinds, tuple(chosen))


def covers(division: str, names: Collection[str], name: str) -> bool:
    """Whether `name` comes with these: as one of them, or below one."""
    return bool(names) and Part(Division(division), tuple(sorted(names))).covers(name)


def _chosen_from(unit: BrandsUnit, feed: bytes) -> FeedRow:
    """A catalog that its writer gives in parts. Raises NotFound, UserError `whole-only`."""
    row = unit.catalog.feed(feed)
    if row is None or row.own or row.closed:
        raise NotFound("You don't follow that catalog.")
    if unit.me.role != "seller" or unit.peers.by_identity(row.identity) is None:
        what = "This catalog is passed on by merchants, who have to have all of it. It is followed as a whole."
        raise UserError(what, code="whole-only")
    return row


async def list_sections(store: Reading, network: Network, feed: bytes, division: str = "brand") -> list[SectionView]:
    """What a merchant's catalog is divided into, as it says now.

    Raises NotFound, Unavailable, Malformed, UserError `bad-choice`, `whole-only`.
    """
    if division not in tuple(Division):
        raise UserError(f"A catalog is divided by {' or by '.join(Division)}.", code="bad-choice")
    peer, addresses, chosen = await store.read(_whom, feed)
    found: list[tuple[str, int, int]] = []
    after: str | None = None
    for _ in range(MOST_ANSWERS):
        body = pack(SectionsRequest(feed, Division(division), after))
        record = unpack(Topic.CATALOG, await network.request(peer, addresses, Topic.CATALOG, body, DEADLINE_SECONDS)).record
        if isinstance(record, Nack):
            raise RemoteRefusal(record.message, code=record.code)
        if not isinstance(record, SectionList):
            raise Malformed("a list of sections was asked for", code="unexpected-reply")
        names = [*([] if after is None else [after]), *(item.name for item in record.sections)]
        if any(name >= following for name, following in pairwise(names)):
            raise Malformed("the sections do not stand in the order of their names, after the one asked for", code="no-progress")
        found += [(item.name, item.count, item.size) for item in record.sections]
        if not record.sections or len(found) >= min(record.total, MOST_SECTIONS):
            part = chosen if chosen is not None and chosen.division == division else None
            return [SectionView(*row, chosen=part is not None and part.covers(row[0])) for row in _levels(Division(division), found)]
        after = record.sections[-1].name
    raise Malformed("the list of sections has no end", code="no-progress")


def _levels(division: Division, found: Sequence[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """(name, records, bytes); of categories each level, with all below it."""
    if division is not Division.CATEGORY:
        return list(found)
    sums: dict[str, tuple[int, int]] = {}
    for name, count, size in found:
        steps = name.split(BELOW)
        for depth in range(1, len(steps) + 1):
            before = sums.get(level := BELOW.join(steps[:depth]), (0, 0))
            sums[level] = (before[0] + count, before[1] + size)
    return [(name, *sums[name]) for name in sorted(sums)]


def _whom(unit: BrandsUnit, feed: bytes) -> tuple[str, tuple[str, ...], Part | None]:
    row = _chosen_from(unit, feed)
    peer = unit.peers.by_identity(row.identity)
    assert peer is not None
    return peer.peer, unit.peers.addresses_of(peer.peer), row.part
