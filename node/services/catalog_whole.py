"""Whether the catalog file has our own catalogs up to what we signed last. While it is being built, what needs all of it waits.

What is only looked at is shown meanwhile, and pages say that something may be missing (`FeedView.held`). What keeps the file from being
built, where that lasts, is told with what to do.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from node.errors import Unavailable
from node.model.catalog import FeedRow, Held, Obstacle

from .today_items import TodayItem

_ITSELF = "It goes on by itself then"
_RESTART = "Stop the node and start it again"
_OBSTACLES = {
    "disk-full": f"The disk is full. Free some space. {_ITSELF}.",
    "disk-failed": f"The disk refuses to write or read. Check the disk and its free space. {_ITSELF}.",
    "store-busy": f"Another program has the file open. Close it. {_ITSELF}.",
    "store-unwritable": f"The file can't be written. Check the permissions of the data folder. {_ITSELF}.",
    "catalog-damaged": f"The file is damaged; nothing of yours is in it. {_RESTART}: it makes the file anew.",
    "damaged": "The store is damaged: its bytes are not what was written. Restore the latest backup.",
    "log-damaged": "The log of your own catalog isn't what you signed. Restore the latest backup.",
}


class Book(Protocol):
    """Feeds, and how far the file has each."""

    def feeds(self, *, own: bool | None = None) -> Sequence[FeedRow]: ...  # noqa: D102
    def held(self, feed: bytes, /) -> Held: ...  # noqa: D102
    def is_whole(self, feed: bytes, /) -> bool: ...  # noqa: D102
    @property
    def obstacle(self) -> Obstacle | None: ...  # noqa: D102


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
    if unit.catalog.obstacle is not None:
        text = f"Your catalog's index can't be built: {done:,} of {of:,} records are in. {words(unit.catalog.obstacle.code)}"
        raise Unavailable(text, code="not-ready")
    if done == of:
        raise Unavailable("Your catalog's index follows what you signed last: try again in a moment.", code="not-ready")
    text = f"Your catalog's index is being built: {done:,} of {of:,} records are in. This needs all of it: try again when it is done."
    raise Unavailable(text, code="not-ready")


def words(code: str) -> str:
    """What is in the file's way, and what to do about it; empty for nothing."""
    unknown = f"Something unforeseen is in the way ({code}); the node's log says more. {_RESTART}; if that does not help, report it."
    return _OBSTACLES.get(code, unknown) if code else ""


def hindered(unit: WholeUnit) -> Iterable[TodayItem]:
    """What keeps the file from being built."""
    found = unit.catalog.obstacle
    if found is not None:
        title = "The index of your catalogs can't be built"
        yield TodayItem("catalog-index", "catalog", title, words(found.code), "/catalog", "", found.since, "")


PROVIDERS = (hindered,)
