"""Segments: a choice of customers under a name, looked at anew each time. What they are used for is other nouns' matter.

Whoever works with the customers of a segment asks `members(unit, segment)` when it is used and keeps no list of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from node.errors import ConflictError, UserError
from node.model.filters import Filters, Segment, checked

from .customer_search import SearchUnit, chosen, find_segment

LONGEST_NAME = 80
MOST = 200


@dataclass(frozen=True, slots=True)
class SegmentView:
    """A segment, and how many customers are in it now. Times in ms."""

    id: str
    name: str
    filters: Filters
    customers: int
    created: int
    updated: int


@dataclass(frozen=True, slots=True)
class SegmentDone:
    """It is kept, or gone; the answer repeats no filter, for answers are kept for a while."""

    id: str


def members(unit: SearchUnit, segment: bytes) -> Sequence[bytes]:
    """The ids of the customers who are in the segment now. Raises NotFound."""
    return chosen(unit, segment, None)


def names(unit: SearchUnit) -> dict[str, str]:
    """The names of saved segments by their ids."""
    return {row.id.hex(): row.name for row in unit.segments.all()}


def list_segments(unit: SearchUnit) -> list[SegmentView]:
    """Saved segments by name, and how many customers are in each."""
    return [_view(unit, row) for row in unit.segments.all()]


def get_segment(unit: SearchUnit, segment: bytes) -> SegmentView:
    """One segment with its filters."""
    return _view(unit, find_segment(unit, segment))


def save_segment(unit: SearchUnit, name: str, filters: Filters) -> SegmentDone:
    """Keep filters under a name; the same name again replaces them."""
    title = _title(name)
    found = unit.segments.named(title)
    if found is None and len(unit.segments.all()) >= MOST:
        raise UserError(f"There are {MOST} segments already. Remove one first.", code="too-many-segments")
    kept = replace(checked(filters, unit.now), text=filters.text.strip()[:500])
    row = Segment(unit.random(32), title, kept, unit.now, unit.now) if found is None else replace(found, filters=kept, updated=unit.now)
    return _keep(unit, row)


def rename_segment(unit: SearchUnit, segment: bytes, name: str) -> SegmentDone:
    """Give a segment another name."""
    row, title = find_segment(unit, segment), _title(name)
    other = unit.segments.named(title)
    if other is not None and other.id != row.id:
        raise ConflictError(f"There is a segment “{title}” already. Choose another name.", code="segment-exists")
    return _keep(unit, replace(row, name=title, updated=unit.now))


def remove_segment(unit: SearchUnit, segment: bytes) -> SegmentDone:
    """Remove a segment; its customers stay. Raises ConflictError `segment-in-use` while a rule looks at it only."""
    row = find_segment(unit, segment)
    if rules := unit.segments.rules_of(row.id):
        which = f"{'rule' if len(rules) == 1 else 'rules'} {', '.join(rules)}"
        text = f"The {which} for follow-ups would then be for everybody. Choose other customers there first."
        raise ConflictError(text, code="segment-in-use")
    unit.segments.remove(row.id)
    unit.touched("changes")
    return SegmentDone(row.id.hex())


def _title(name: str) -> str:
    title = " ".join(name.split())
    if not title:
        raise UserError("Give the segment a name.", code="name-missing")
    if len(title) > LONGEST_NAME:
        raise UserError(f"The name of a segment may have {LONGEST_NAME} characters.", code="too-long")
    return title


def _keep(unit: SearchUnit, row: Segment) -> SegmentDone:
    unit.segments.keep(row)
    unit.touched("changes")
    return SegmentDone(row.id.hex())


def _view(unit: SearchUnit, row: Segment) -> SegmentView:
    total: int = unit.customer_search.look((row.filters,), ()).total
    return SegmentView(row.id.hex(), row.name, row.filters, total, row.created, row.updated)
