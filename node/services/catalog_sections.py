"""Sections of our own feeds: what each holds, proved to whoever follows a part, and listed for whoever chooses one.

The catalog file keeps each section's count and state along; a head over them is signed when it is asked for, by a reader.
"""

from functools import lru_cache

from protocol.catalog_sync import MOST_LISTED, ListedSection, SectionList, section_list
from protocol.errors import Conflict
from protocol.sections import MOST_SECTIONS, Division, Part, PartProof, SectionLeaf, Sections

from .catalog import CatalogUnit

_HEADS_KEPT = 8


def require_writer(unit: CatalogUnit, feed: bytes) -> None:
    """Only the feed's writer can sign for its sections. Raises Conflict `whole-only`."""
    row = unit.catalog.feed(feed)
    if row is None or not row.own:
        raise Conflict("only its writer gives this feed in parts: ask for the whole of it", code="whole-only")


def require_divided(unit: CatalogUnit, feed: bytes, part: Part) -> None:
    """Only our own feeds are divided here, by what they have not too much of. Raises Conflict `whole-only`, `undivided`."""
    require_writer(unit, feed)
    if unit.catalog.section_count(feed, part.division) > MOST_SECTIONS:
        raise Conflict(f"a feed of more than {MOST_SECTIONS} sections by {part.division} is given as a whole", code="undivided")


def prove(unit: CatalogUnit, feed: bytes, size: int, part: Part) -> PartProof:
    """What the sections of a part hold at the feed's size. Raises Conflict `whole-only`, `undivided`."""
    require_writer(unit, feed)
    made = _made(part.division, unit.catalog.section_leaves(feed, part.division))
    return made.prove(made.sign(unit.me.device, feed, size, time=unit.now), part.names)


def listed(unit: CatalogUnit, feed: bytes, division: Division, after: str | None) -> SectionList:
    """The sections after a name, as many as fit an answer. Raises Conflict `whole-only`."""
    require_writer(unit, feed)
    found = unit.catalog.section_sizes(feed, division, after, MOST_LISTED)
    return section_list(unit.catalog.section_count(feed, division), (ListedSection(*row) for row in found))


@lru_cache(maxsize=_HEADS_KEPT)
def _made(division: Division, leaves: tuple[SectionLeaf, ...]) -> Sections:
    """The tree over leaves; many sellers ask for one after another."""
    return Sections(division, leaves)
