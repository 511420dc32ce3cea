"""What pages of the catalog share: how stock is named, which pictures may be shown, for whom one is ordering."""

import re

from node.errors import NotFound
from node.services import customers
from node.web.runtime import Runtime

STOCK = {"in_stock": ("In stock", "done"), "low": ("Few left", "attention"), "out": ("Sold out", "stopped"), "unknown": ("Ask", "waiting")}
_OWN_PICTURE = re.compile(r"/static/sample/[a-z0-9-]+\.(?:svg|png|webp|avif)\Z")


def picture(images: tuple[str, ...]) -> str | None:
    """The first picture that this desk serves itself: any other would tell a shop's server who looks at what, and when."""
    return next((image for image in images if _OWN_PICTURE.match(image)), None)


async def customer_named(runtime: Runtime, customer: str) -> dict[str, str] | None:
    """The customer an order is under way for, by id; None for nobody."""
    if not re.fullmatch(r"[0-9a-f]{64}", customer):
        return None
    try:
        found = await runtime.read(customers.get_customer, customer=bytes.fromhex(customer))
    except NotFound:
        return None
    return {"id": customer, "name": found.name}
