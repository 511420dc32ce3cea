"""Whether the catalog file has our own catalogs up to what we signed last. While it is being built again, what needs all of it waits.

What is only looked at is shown meanwhile, and pages say that something may be missing (`FeedView.held`).
"""

from collections.abc import Sequence
from typing import Protocol

from node.errors import Unavailable
from node.model.catalog import FeedRow, Held


class Book(Protocol):
    """Feeds, and how far the file has each."""

    def feeds(self, *, own: bool | None = None) -> Sequence[FeedRow]: ...  # noqa: D102
    def held(self, feed: bytes, /) -> Held: ...  # noqa: D102
    def is_whole(self, feed: bytes, /) -> bool: ...  # noqa: D102


class WholeUnit(Protocol):
    """What this service needs of a transaction."""

    @property
    def catalog(self) -> Book: ...  # noqa: D102


def is_whole(unit: WholeUnit) -> bool:
    """Whether the file has all of our catalogs, as they were before this transaction."""
    return all(unit.catalog.is_whole(row.feed) for row in unit.catalog.feeds(own=True))


def require_whole(unit: WholeUnit) -> None:
    """Before something is signed, quoted or compared by our own catalogs. Raises Unavailable `not-ready`, which peers ask again after."""
    if is_whole(unit):
        return
    rows = unit.catalog.feeds(own=True)
    done, of = sum(min(unit.catalog.held(row.feed).size, row.size) for row in rows), sum(row.size for row in rows)
    if done == of:
        raise Unavailable("Your catalog's index follows what you signed last: try again in a moment.", code="not-ready")
    text = f"Your catalog's index is being built again: {done:,} of {of:,} records are in. This needs all of it: try again when it is done."
    raise Unavailable(text, code="not-ready")
