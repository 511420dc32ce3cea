"""Shipping profiles and return policies that offers name: such a one does not go before its offers name another.

Offers are counted by the bytes under which they name it, so that a hundred thousand of them are looked through at once.
"""

from typing import Protocol

from node.errors import ConflictError
from protocol.encoding import encode
from protocol.operations import Noun, Slot

_KEYS = {Noun.SHIPPING: 10, Noun.RETURNS: 26}
"""Where an offer names it (docs/protocol/05-catalog.md)."""
WORDS = {Noun.SHIPPING: "shipping profile", Noun.RETURNS: "return policy"}
_OPTIONS = {Noun.SHIPPING: "--profile", Noun.RETURNS: "--returns"}


class Offers(Protocol):
    """Offers of a feed, as far as their bytes go."""

    def naming(self, feed: bytes, part: bytes) -> int:
        """How many records of offers in the feed hold `part`."""


class Drafts(Protocol):
    """Drafts of offers, as far as their bytes go."""

    def naming(self, pile: bytes, part: bytes) -> tuple[int, int]:
        """How many drafts of offers in the pile hold `part`, and how many of what was signed in their places."""


class UseUnit(Protocol):
    """What this service needs of a transaction."""

    @property
    def catalog(self) -> Offers: ...  # noqa: D102
    @property
    def drafts(self) -> Drafts: ...  # noqa: D102


def part_of(slot: Slot) -> bytes:
    """The bytes of an offer that names what is in `slot`."""
    return encode({_KEYS[slot[0]]: slot[1]})[1:]


def require_unused(unit: UseUnit, feed: bytes | None, pile: bytes | None, slot: Slot) -> None:
    """Raises ConflictError `profile-in-use` while offers, as they would be once the pile is signed, name what is in `slot`."""
    if feed is None or slot[0] not in _KEYS:
        return
    part = part_of(slot)
    count = unit.catalog.naming(feed, part)
    if pile is not None:
        drafted, before = unit.drafts.naming(pile, part)
        count += drafted - before
    if count > 0:
        raise in_use(slot, count)


def in_use(slot: Slot, count: int) -> ConflictError:
    """What is said where `count` offers name it."""
    what, name = WORDS[slot[0]], slot[1]
    offers = "An offer names" if count == 1 else f"{count} offers name"
    text = (
        f"{offers} the {what} {name!r}. Give them another one first, on Change many or with: "
        f"gemstra catalog change {_OPTIONS[slot[0]]} OTHER. Then take it away."
    )
    return ConflictError(text, code="profile-in-use")
