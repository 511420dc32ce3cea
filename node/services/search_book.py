"""What products are found by, as services ask for it; and how a page says where it ended."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Protocol

from node.errors import UserError
from node.model.catalog_search import Asked, Found, Listing, Order, Place, Waiting
from protocol.encoding import decode, encode
from protocol.errors import Malformed

_NOT_OURS = "That cursor is not one of ours; begin again without it."


class SearchBook(Protocol):
    """What products are found by (node/store/catalog_search.py says what each does)."""

    def find(self, asked: Asked, order: Order, after: Place | None, limit: int) -> Found: ...  # noqa: D102
    def same_code(self, code: str) -> Sequence[Listing]: ...  # noqa: D102
    def labels(self, kind: str, beginning: str, limit: int) -> Sequence[str]: ...  # noqa: D102
    def waiting(self, now: int) -> Waiting: ...  # noqa: D102


class BookUnit(Protocol):
    """A unit that products are found in."""

    @property
    def catalog_search(self) -> SearchBook: ...  # noqa: D102


def place_of(cursor: str) -> Place | None:
    """Where a page ended, as its cursor says. Raises UserError `bad-request`."""
    if not cursor:
        return None
    try:
        rank, name, price, listing, earns = decode(urlsafe_b64decode(cursor))
        found = Place(int(rank), str(name), int(price), int(listing), int(earns))
    except (ValueError, TypeError, Malformed) as error:
        raise UserError(_NOT_OURS, code="bad-request") from error
    if not all(0 <= number < 2**63 for number in (found.rank, found.price, found.listing, found.earns)):  # what columns hold
        raise UserError(_NOT_OURS, code="bad-request")
    return found


def cursor_of(found: Found) -> str:
    """How a page says where it ended; empty where nothing follows."""
    if not found.more:
        return ""
    place = found.listings[-1].place
    return urlsafe_b64encode(encode([place.rank, place.name, place.price, place.listing, place.earns])).decode()
