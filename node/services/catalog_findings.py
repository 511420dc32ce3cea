"""What came of reckoning catalogs that came by packs: which wait for it, which were not what was signed, how these are fetched instead."""

from collections.abc import Iterable
from typing import Any

from .brand_plans import BrandsUnit, brand_name
from .today_items import TodayItem

SHOWN_MS = 30 * 86_400_000
AGAIN_MS = 7 * 86_400_000


def unreckoned(unit: BrandsUnit) -> list[bytes]:
    """Feeds whose records nobody has put into their state hash yet, or not for a week: a disk alters without saying so."""
    found = []
    for row in unit.catalog.feeds():
        held, reckoned = unit.catalog.held(row.feed), unit.settings.get(_reckoned(row.feed), 0)
        if held.size and held.checkpoint is not None and (held.sealed is not None or unit.now - reckoned >= AGAIN_MS):
            found.append(row.feed)
    return found


def found_right(unit: BrandsUnit, feed: bytes) -> None:
    """Its records lead to its state; pages say so."""
    unit.settings.set(_reckoned(feed), unit.now)
    unit.touched("changes")


def keep_lie(unit: BrandsUnit, feed: bytes, size: int, reckoned: bytes) -> None:
    """The writer's packs lead to `reckoned`, which is not the state that its head of `size` names. Manifest and packs were set aside."""
    unit.settings.set(_lied(feed), {"size": size, "reckoned": reckoned.hex(), "at": unit.now})


def fetch_anew(unit: BrandsUnit, feed: bytes) -> None:
    """All of it is asked for again, record by record: packs are not believed until a head was accepted."""
    unit.settings.set(_by_pages(feed), value=True)
    unit.touched("catalog")


def is_by_pages(unit: BrandsUnit, feed: bytes) -> bool:
    """Whether packs of the feed are not to be taken now."""
    found: bool = unit.settings.get(_by_pages(feed), False)
    return found


def arrived(unit: BrandsUnit, feed: bytes) -> None:
    """A head was accepted."""
    if is_by_pages(unit, feed):
        unit.settings.set(_by_pages(feed), value=False)


def lied(unit: Any) -> Iterable[TodayItem]:
    """Whose packs were not the catalog that they signed."""
    for row in unit.catalog.feeds(own=False):
        known = unit.settings.get(_lied(row.feed))
        if known and known["at"] >= unit.now - SHOWN_MS:
            who = brand_name(unit, row.identity) or "A shop you follow"
            title = f"{who} gave you another catalog than it signed"
            text = (
                f"At {known['size']} entries. What it gave out is kept as proof, and what it signed is fetched instead. "
                "Ask it by another way before you order."
            )
            yield TodayItem("evidence", "catalog", title, text, "/catalog", "Look", known["at"], who)


def list_lies(unit: Any) -> list[TodayItem]:
    """The same, for the catalog's own page."""
    return list(lied(unit))


def _lied(feed: bytes) -> str:
    return f"catalog/lied/{feed.hex()}"


def _reckoned(feed: bytes) -> str:
    return f"catalog/reckoned/{feed.hex()}"


def _by_pages(feed: bytes) -> str:
    return f"catalog/by-pages/{feed.hex()}"


PROVIDERS = (lied,)
