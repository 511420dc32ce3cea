"""Pictures of customers."""

from typing import Any, Protocol

from aiohttp import web

from node.api.http import Runtime
from node.api.routes import Route
from node.api.uploads import Arriving, parsed
from node.errors import UserError
from node.services import customer_photos
from node.services.customers import KeptView


class ParsingRuntime(Runtime, Protocol):
    """What an upload needs of the node."""

    async def parse(self, reader: str, source: Any, **options: Any) -> Any:
        """What the reader named makes of a source of bytes, in a thread."""


async def keep_photo(runtime: ParsingRuntime, request: web.Request) -> KeptView:
    """Put a picture (JPEG, PNG, WebP; up to 5 MB, sent as the body) in place of the one there is."""
    try:
        customer = bytes.fromhex(request.match_info["customer"])
    except ValueError:
        raise UserError("customer is no id: copy its 64 letters and digits from the list", code="bad-request") from None

    async def parse(source: Arriving) -> Any:
        return await runtime.parse("picture", source)

    photo = await parsed(request, parse)
    kept: KeptView = await runtime.write(customer_photos.keep_photo, customer=customer, photo=photo)
    return kept


ROUTES = (
    Route("GET", "/customers/{customer}/photo", customer_photos.get_photo, kind="read"),
    Route("POST", "/customers/{customer}/photo", keep_photo, kind="task"),
    Route("DELETE", "/customers/{customer}/photo", customer_photos.remove_photo),
)
