"""What pages of the catalog share: how stock is named, which pictures may be shown, for whom one is ordering."""

import re
from collections.abc import Iterable
from decimal import Decimal

from node.errors import NotFound
from node.services import customers
from node.services.browse import FeedView
from node.services.picture_views import PictureView
from node.web.runtime import Runtime
from protocol.money import exponent

STOCK = {"in_stock": ("In stock", "done"), "low": ("Few left", "attention"), "out": ("Sold out", "stopped"), "unknown": ("Ask", "waiting")}
TOO_LARGE = "This is too large: an amount has at most 12 digits before the point."
_TOO_LARGE = re.compile(r"[0-9]{13,}(?:[.,][0-9]*)?")
_OWN_PICTURE = re.compile(r"/static/sample/[a-z0-9-]+\.(?:svg|png|webp|avif)\Z")


def picture(product: str, images: tuple[str, ...], pictures: tuple[PictureView, ...]) -> str | None:
    """The first picture, small, that this desk serves itself: any other would tell a shop's server who looks at what, and when."""
    found = [small(product, shown) for shown in pictures]
    return next(iter(found), None) or next((image for image in images if _OWN_PICTURE.match(image)), None)


def small(product: str, shown: PictureView) -> str:
    """Where the desk serves a picture of a product, as for a list."""
    return f"/media/{shown.thumbnail}?form=thumbnail&product={product}" if shown.thumbnail else large(product, shown)


def large(product: str, shown: PictureView) -> str:
    """The same for looking at; the small one meanwhile."""
    return f"/media/{shown.hash}?form=full&product={product}&small={shown.thumbnail}"


def building(feeds: Iterable[FeedView]) -> dict[str, int | str] | None:
    """How far our own catalogs are that the desk puts together again, and what is in the way; None where nothing is missing."""
    behind = [feed for feed in feeds if feed.own and (feed.held < feed.size or feed.trouble)]
    if not behind:
        return None
    return {"done": sum(feed.held for feed in behind), "of": sum(feed.size for feed in behind), "trouble": behind[0].trouble}


async def customer_named(runtime: Runtime, customer: str) -> dict[str, str] | None:
    """The customer an order is under way for, by id; None for nobody."""
    if not re.fullmatch(r"[0-9a-f]{64}", customer):
        return None
    try:
        found = await runtime.read(customers.get_customer, customer=bytes.fromhex(customer))
    except NotFound:
        return None
    return {"id": customer, "name": found.name}


def is_too_large(text: str) -> bool:
    """Whether what is no amount is a number all the same, with more digits than any amount here."""
    return _TOO_LARGE.fullmatch(text) is not None


def minor_of(text: str, currency: str) -> int:
    """An amount as it is typed, in minor units; 1.234 of a currency with cents is none. Raises ValueError, InvalidOperation."""
    amount = Decimal(text.replace(",", ".")).scaleb(exponent(currency))
    if not 0 <= amount < 10**15 or amount != int(amount):
        raise ValueError(text)
    return int(amount)
