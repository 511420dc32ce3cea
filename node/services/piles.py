"""What waits to be signed: each pile of drafts with the difference to what is signed, put off until a time, let go."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from node.errors import ConflictError, NotFound, UserError
from node.model.draft import Draft, Pile
from protocol.operations import Noun

from .catalog_imports import ChangeView
from .drafts import MOST_ROWS, DraftsUnit, feed_of, touch
from .rebasing import rebased
from .record_changes import differences
from .today_items import TodayItem
from .who import Who

LONGEST_NAME = 200
_FAR = 10 * 366 * 86_400_000


@dataclass(frozen=True, slots=True)
class PileView:
    """Drafts that are signed together. `due` 0: when you say so, else at that time (ms). `code` and `error`: why that did not happen.
    `device`: the name of the one that put them off.
    """

    id: str
    currency: str
    name: str
    drafts: int
    due: int
    code: str
    error: str
    device: str


@dataclass(frozen=True, slots=True)
class DraftView:
    """One draft beside what is signed. kind: new, changed, gone. `clashes`: fields that were signed otherwise since it was begun."""

    noun: str
    name: str
    goods: str
    kind: str
    at: int
    changes: tuple[ChangeView, ...]
    clashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DraftPage:
    """Drafts by product, and where to go on: `cursor` empty = the end."""

    drafts: tuple[DraftView, ...]
    cursor: str


def list_piles(unit: DraftsUnit) -> list[PileView]:
    """What waits to be signed: the open drafts of each currency, then those put off, by time."""
    return [view for pile in unit.drafts.piles() if (view := _view(unit, pile)).drafts]


def list_drafts(unit: DraftsUnit, pile: bytes, cursor: str = "", limit: int = 50) -> DraftPage:
    """The drafts of a pile, with what each changes."""
    found, count = find_pile(unit, pile), min(max(limit, 1), MOST_ROWS)
    after = cursor.split("\n") if cursor else ["", "", ""]
    if len(after) != 3:
        raise UserError("That cursor is not one of ours; begin again without it.", code="bad-request")
    rows = unit.drafts.page(pile, (after[0], after[1], after[2]), count + 1)
    feed, shown = feed_of(unit, found.currency), rows[:count]
    going_on = "\n".join((shown[-1].goods, shown[-1].slot[0], shown[-1].slot[1])) if len(rows) > count else ""
    return DraftPage(tuple(_draft(unit, feed, row) for row in shown), going_on)


def schedule(unit: DraftsUnit, pile: bytes, at: int, name: str = "") -> PileView:
    """Have a pile signed at a time (ms). What is drafted from now on waits by itself."""
    found = find_pile(unit, pile)
    if not unit.now < at < unit.now + _FAR:
        raise UserError("Choose a time to come, within ten years.", code="bad-time")
    if not unit.drafts.count(pile):
        raise ConflictError("There is nothing to sign: no draft waits here.", code="nothing-to-do")
    changed = replace(found, due=at, name=name.strip()[:LONGEST_NAME] or found.name, code="", error="", device=unit.me.device.public)
    unit.drafts.keep_pile(changed)
    unit.touched("changes")
    return _view(unit, changed)


def unschedule(unit: DraftsUnit, pile: bytes) -> PileView:
    """Have a pile wait for your word again, with the open drafts; where both are about one thing the open draft holds."""
    found = find_pile(unit, pile)
    other = unit.drafts.open_pile(found.currency)
    if other is None:
        other = replace(found, due=0, code="", error="")
        unit.drafts.keep_pile(other)
    elif other.pile != found.pile:
        unit.drafts.join(other.pile, found.pile)
        unit.drafts.drop_pile(found.pile)
    touch(unit, other)
    return _view(unit, other)


def discard(unit: DraftsUnit, pile: bytes, noun: Noun | None = None, name: str = "") -> PileView:
    """Let go of one draft of a pile, or of all; what is signed stays."""
    found = find_pile(unit, pile)
    if noun is None:
        unit.drafts.keep_pile(replace(found, due=-1))
    else:
        unit.drafts.drop(pile, [(noun, name)])
        touch(unit, found)
    unit.touched("changes")
    return PileView(pile.hex(), found.currency, found.name, 0 if noun is None else unit.drafts.count(pile), found.due, "", "", "")


def find_pile(unit: DraftsUnit, pile: bytes) -> Pile:
    """The pile. Raises NotFound."""
    found = unit.drafts.pile(pile)
    if found is None or found.due < 0:
        raise NotFound("There are no such drafts: they were signed or let go. See what waits with: gemstra catalog drafts")
    return found


def open_drafts(unit: DraftsUnit, currency: str) -> PileView:
    """The open drafts of a currency, none as yet included."""
    pile = unit.drafts.open_pile(currency)
    return _view(unit, pile) if pile else PileView("", currency, "", 0, 0, "", "", "")


def failed(unit: DraftsUnit) -> Iterable[TodayItem]:
    """For Today: what was to be signed and was not."""
    for pile in unit.drafts.piles():
        if pile.code:
            title = f"{pile.name or 'A planned change'} was not signed when its time came"
            yield TodayItem("drafts", "merchant", title, pile.error, f"/merchant/drafts/{pile.pile.hex()}", "Look at it", pile.due, "")


def _view(unit: DraftsUnit, pile: Pile) -> PileView:
    device = Who(unit).name(pile.device) if pile.due > 0 else ""
    return PileView(pile.pile.hex(), pile.currency, pile.name, unit.drafts.count(pile.pile), pile.due, pile.code, pile.error, device)


def _draft(unit: DraftsUnit, feed: bytes | None, draft: Draft) -> DraftView:
    now = unit.catalog.record(feed, draft.slot) if feed else None
    noun, name = draft.slot
    _, clashes = rebased(noun, draft.base, draft.record, now)
    kind = "gone" if draft.record is None else "new" if now is None else "changed"
    return DraftView(noun.value, name, draft.goods, kind, draft.at, changed(noun, now, draft.record), clashes)


def changed(noun: Noun, now: bytes | None, then: bytes | None) -> tuple[ChangeView, ...]:
    """What differs between two records, field by field, for a person."""
    found = differences(noun, now, then)
    return tuple(ChangeView(item.field, item.of, item.before, item.after) for item in found)
