"""Pictures of products: what is here, fetched ahead, put to a product of ours, taken away."""

from typing import Protocol

from aiohttp import web

from node.api.http import Runtime
from node.api.routes import Route
from node.api.uploads import text_option
from node.errors import UserError
from node.model.photo import MOST_BYTES
from node.services import pictures
from node.services.picture_views import PicturesView
from node.services.pictures import NamedView

_PIECE = 1 << 16


class Pictures(Protocol):
    """Pictures of the open node (node/app/pictures.py says what each does)."""

    async def state(self) -> PicturesView: ...  # noqa: D102
    async def fetch(self) -> PicturesView: ...  # noqa: D102
    async def retry(self, url: str = "") -> PicturesView: ...  # noqa: D102
    async def stop(self) -> PicturesView: ...  # noqa: D102
    async def clear(self) -> PicturesView: ...  # noqa: D102
    async def add(self, product: bytes, content: bytes, alt: str = "") -> NamedView: ...  # noqa: D102


class PicturesRuntime(Runtime, Protocol):
    """What pictures need of the node."""

    @property
    def pictures(self) -> Pictures:
        """Pictures of products."""


async def state(runtime: PicturesRuntime) -> PicturesView:
    """Pictures of our own and those fetched from others, what is under way, and the latest that did not come, with the reason."""
    return await runtime.pictures.state()


async def fetch(runtime: PicturesRuntime) -> PicturesView:
    """A merchant or brand: fetch, in the background, what its products name by address. A seller: small pictures ahead."""
    return await runtime.pictures.fetch()


async def retry(runtime: PicturesRuntime, url: str = "") -> PicturesView:
    """Try again now what did not come from its address: one `url`, or all."""
    return await runtime.pictures.retry(url)


async def stop(runtime: PicturesRuntime) -> PicturesView:
    """End fetching from addresses; what is signed stays so."""
    return await runtime.pictures.stop()


async def clear(runtime: PicturesRuntime) -> PicturesView:
    """Take away what was fetched from others; it comes again when it is looked at."""
    return await runtime.pictures.clear()


async def add(runtime: PicturesRuntime, request: web.Request) -> NamedView:
    """Put a picture (JPEG, PNG, WebP; up to 5 MB, sent as the body) first among those of a product of ours. `alt`: what it shows."""
    try:
        product = bytes.fromhex(request.match_info["product"])
    except ValueError:
        raise UserError("product is no id: copy its 64 letters and digits from the list", code="bad-request") from None
    content = bytearray()
    async for piece in request.content.iter_chunked(_PIECE):
        content += piece
        if len(content) > MOST_BYTES:
            break
    return await runtime.pictures.add(product, bytes(content), text_option(request, "alt", ""))


ROUTES = (
    Route("GET", "/catalog/pictures", state, kind="task"),
    Route("POST", "/catalog/pictures/fetch", fetch, kind="task"),
    Route("POST", "/catalog/pictures/retry", retry, kind="task"),
    Route("POST", "/catalog/pictures/stop", stop, kind="task"),
    Route("POST", "/catalog/pictures/clear", clear, kind="task"),
    Route("POST", "/catalog/products/{product}/pictures", add, kind="task"),
    Route("DELETE", "/catalog/products/{product}/pictures/{picture}", pictures.remove_picture),
)
