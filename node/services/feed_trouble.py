"""What keeps a feed from going on, in words: what was found, what holds meanwhile, what to do. A code alone says nothing to a person."""

from collections.abc import Iterable
from typing import Any

from node.model.catalog import FeedRow

from .brand_plans import brand_name
from .today_items import TodayItem

_STAYS = "You go on seeing what you had"
_NOTHING = "Nothing of it counts yet"  # where it never was right
_ASK = "Ask it by another way before you order"
_AGAIN = "Your desk asks again by itself"
_WORDS = {
    "rollback": f"It was shown as it stood earlier: what was signed since was left out. {_STAYS}. {_ASK}.",
    "equivocation": f"It signed two different catalogs for one moment. Both are kept as proof. {_STAYS}. {_ASK}.",
    "expired": f"Its newest signature is more than a week old: somebody may be keeping later ones from you. {_STAYS}. {_AGAIN}.",
    "future-dated": f"It is signed with a time that has not come. Compare the clock of this computer with the shop's. {_STAYS}. {_AGAIN}.",
    "state-mismatch": f"What came is not what was signed: something was left out, added or altered on the way. {_STAYS}. {_AGAIN}.",
    "bad-proof": f"It does not go on from the catalog that you have: its past was rewritten. {_STAYS}. {_ASK}.",
    "bad-signature": f"A signature does not hold: something was altered on the way. {_STAYS}. {_AGAIN}.",
    "wrong-pack": f"Parts of it came with other bytes than were signed. {_STAYS}. {_AGAIN}.",
    "bad-pack": f"It signed parts that cannot be. {_STAYS}. Tell the shop.",
    "wrong-author": f"Two devices signed what one has to sign. {_STAYS}. {_ASK}.",
    "wrong-writer": f"It was signed by another device than the one that writes this catalog. {_STAYS}. {_ASK}.",
    "not-live": f"It was signed by a device that is not, or no longer, one of the shop's. {_STAYS}. {_ASK}.",
    "wrong-log": f"Another catalog came than the one asked for. {_STAYS}. {_AGAIN}.",
    "wrong-identity": f"It was shown under another name than its owner's. {_STAYS}. {_ASK}.",
    "unknown-head": f"You were away so long that this shop no longer knows the way from what you have. {_STAYS}. Another shop may know it.",
    "too-many-hops": f"It shows more steps from what you have than a relay keeps. {_STAYS}. Another shop may know it.",
    "too-large": f"It is larger than a catalog may be. {_STAYS}. Tell the shop.",
    "bad-page": f"Its answer does not keep its own order. {_STAYS}. {_AGAIN}.",
    "no-progress": f"Its answer leads nowhere. {_STAYS}. {_AGAIN}.",
    "outside-part": f"A product came that is no part of what you follow. {_STAYS}. {_AGAIN}.",
    "undivided": "These are too many brands or categories to be followed in part. Choose fewer of them, by the other, or all of it.",
    "whole-only": "This catalog is given as a whole only. Choose all of it.",
    "products-only": f"A brand signs products only, and this one signed something else. {_STAYS}. Tell the brand.",
}


def words(row: FeedRow) -> str:
    """The sentence for a feed's `error`; empty for none."""
    if not row.error:
        return ""
    found = _WORDS.get(row.error, f"What came was refused ({row.error}). {_STAYS}. {_AGAIN}.")
    return found if row.size else found.replace(_STAYS, _NOTHING)


def troubled(unit: Any) -> Iterable[TodayItem]:
    """Catalogs that do not go on."""
    for row in unit.catalog.feeds(own=False):
        if row.error and row.error != "equivocation":  # of that its proof tells
            who = brand_name(unit, row.identity) or "A shop you follow"
            yield TodayItem(
                "evidence", "catalog", f"The catalog of {who} does not go on", words(row), "/catalog", "Look", row.asked_at, who
            )


PROVIDERS = (troubled,)
