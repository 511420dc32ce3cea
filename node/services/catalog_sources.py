"""Watched places: which they are, what came of the last look, and what Today says of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from node.errors import ConflictError, NotFound, UserError
from node.model.catalog_source import CatalogSource

from .catalog import require_writer, usual_currency
from .catalog_staging import ProductsUnit
from .catalog_whole import is_whole
from .today_items import TodayItem

MOST = 20


class SourceBook(Protocol):
    """Watched places as this service keeps them (node/store/catalog_sources.py says what each does)."""

    def keep(self, row: CatalogSource) -> None: ...  # noqa: D102
    def get(self, source: bytes, /) -> CatalogSource | None: ...  # noqa: D102
    def all(self) -> Sequence[CatalogSource]: ...  # noqa: D102
    def drop(self, source: bytes) -> bool: ...  # noqa: D102


class SourcesUnit(ProductsUnit, Protocol):
    """A unit that knows watched places."""

    @property
    def catalog_sources(self) -> SourceBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class SourceView:
    """A watched place. `looked`, `taken` in ms (0: never); `error`: why the last look failed. `paused`: not looked at by the clock.

    `next`: when it is looked at by the clock (ms), 0 while it is paused or a file of it waits for a word.
    """

    id: str
    kind: str
    place: str
    currency: str
    every: int
    withdraw: bool
    publish: bool
    looked: int
    taken: int
    error: str
    paused: bool
    next: int


def add_source(
    unit: SourcesUnit, kind: str, place: str, currency: str, every: int = 60, withdraw: bool = False, publish: bool = False
) -> SourceView:
    """Look at a folder (`kind` folder) or an address (url) every so many minutes. `currency` "": our catalog's. `publish`: what it brings
    is signed by itself.
    """
    require_writer(unit)
    if kind == "url" and not place.strip().startswith("https://"):
        raise UserError("A watched address begins with https://, so that nobody changes prices on the way.", code="bad-address")
    if len(unit.catalog_sources.all()) >= MOST:
        raise ConflictError(f"{MOST} places are watched already. Forget one first.", code="too-many-sources")
    row = CatalogSource(unit.random(32), kind, place.strip(), currency.upper() or usual_currency(unit), every, withdraw, publish, unit.now)
    unit.catalog_sources.keep(row)
    unit.touched("changes")
    return _view(row)


def change_source(
    unit: SourcesUnit,
    source: bytes,
    currency: str | None = None,
    every: int | None = None,
    withdraw: bool | None = None,
    publish: bool | None = None,
    paused: bool | None = None,
) -> SourceView:
    """Change how a place is watched, or pause and resume it: what is not named stays, and what was taken there is not taken again."""
    row = find_source(unit, source)
    row = replace(
        row,
        currency=row.currency if currency is None else currency.upper(),
        every=row.every if every is None else every,
        withdraw=row.withdraw if withdraw is None else withdraw,
        publish=row.publish if publish is None else publish,
        paused=row.paused if paused is None else paused,
    )
    unit.catalog_sources.keep(row)
    unit.touched("changes")
    return _view(row, waits=source in _waiting(unit))


def list_sources(unit: SourcesUnit) -> list[SourceView]:
    """The watched places."""
    waiting = _waiting(unit)
    return [_view(row, waits=row.source in waiting) for row in unit.catalog_sources.all()]


def _waiting(unit: SourcesUnit) -> set[bytes]:
    """The places of which a file waits for a word: one at a time."""
    return {staged.source for staged in unit.product_imports.all() if staged.source is not None}


def forget_source(unit: SourcesUnit, source: bytes) -> None:
    """Look at a place no more; what it brought stays."""
    if not unit.catalog_sources.drop(source):
        raise NotFound("That place is not watched.")
    unit.touched("changes")


# --- the driver (catalog_watch.py)


def due_sources(unit: SourcesUnit) -> list[CatalogSource]:
    """Places that it is time to look at; none while a file of theirs waits for a word."""
    if unit.me.role == "seller" or not is_whole(unit):
        return []
    waiting = _waiting(unit)
    return [row for row in unit.catalog_sources.all() if row.due(unit.now) and row.source not in waiting]


def find_source(unit: SourcesUnit, source: bytes) -> CatalogSource:
    """The place. Raises NotFound."""
    row = unit.catalog_sources.get(source)
    if row is None:
        raise NotFound("That place is not watched.")
    return row


def note_look(unit: SourcesUnit, source: bytes, seen: str, *, taken: bool = False, code: str = "", error: str = "") -> None:
    """What came of a look: what is there ("" where that is not known), and whether it was new and so `taken`."""
    row = unit.catalog_sources.get(source)
    if row is None:
        return
    row = replace(row, seen=seen or row.seen, looked=unit.now, code=code, error=error[:500])
    unit.catalog_sources.keep(replace(row, taken=unit.now) if taken else row)
    unit.touched("changes")


# --- Today


def today(unit: Any) -> Iterable[TodayItem]:
    """Places that could not be read, and files of theirs that wait for a word."""
    if unit.me.role == "seller":
        return
    places = {row.source: row for row in unit.catalog_sources.all()}
    for row in places.values():
        if row.error and not row.paused:
            title = f"{_short(row.place)} could not be read"
            yield TodayItem("source", "merchant", title, row.error, "/merchant/catalog/places", "Look", row.looked, "")
    for staged in unit.product_imports.all():
        if staged.source in places and staged.state != "reading":
            title = f"{staged.name} waits for your word"
            text = f"From {_short(places[staged.source].place)}; nothing is signed before you confirm"
            yield TodayItem("source", "merchant", title, text, f"/merchant/catalog/{staged.id.hex()}", "Look", staged.at, "")


PROVIDERS = (today,)


def _short(place: str) -> str:
    return place if len(place) <= 60 else f"{place[:28]}…{place[-28:]}"


def _view(row: CatalogSource, *, waits: bool = False) -> SourceView:
    named = (row.source.hex(), row.kind, row.place, row.currency, row.every, row.withdraw, row.publish)
    return SourceView(*named, row.looked, row.taken, row.error, row.paused, 0 if row.paused or waits else row.next)
