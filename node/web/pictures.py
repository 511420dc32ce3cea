"""Pictures of products on the page: what is here, fetching ahead, and a merchant's own: put to a product, taken away."""

from typing import Any, Protocol

from aiohttp import web

from node.errors import NodeError
from node.services import pictures
from node.services.media_exchange import Wanted
from node.services.picture_views import PicturesView
from node.services.pictures import NamedView
from node.web.forms import form_of, takes_upload
from node.web.page import id_in, render, see_other
from node.web.runtime import Runtime, runtime_of

UPLOAD_LIMIT = 20 << 20  # above what is taken, so that a picture somewhat too large gets its own words


class Pictures(Protocol):
    """Pictures of the open node (node/app/pictures.py says what each does)."""

    async def shown(self, hash_: bytes, wanted: Wanted | None = None, seconds: float = 0.0) -> bytes | None: ...  # noqa: D102
    async def state(self) -> PicturesView: ...  # noqa: D102
    async def fetch(self) -> PicturesView: ...  # noqa: D102
    async def retry(self, url: str = "") -> PicturesView: ...  # noqa: D102
    async def stop(self) -> PicturesView: ...  # noqa: D102
    async def clear(self) -> PicturesView: ...  # noqa: D102
    async def add(self, product: bytes, content: bytes, alt: str = "") -> NamedView: ...  # noqa: D102


class Picturing(Runtime, Protocol):
    """What pictures need of the running node."""

    @property
    def pictures(self) -> Pictures:
        """Pictures of products."""


def picturing(request: web.Request) -> Picturing:
    """The running node, as pictures need it."""
    runtime: Any = runtime_of(request)
    found: Picturing = runtime
    return found


async def show(request: web.Request) -> web.StreamResponse:
    """GET /catalog/pictures."""
    view = await picturing(request).pictures.state()
    kept = f"{_taken(view.kept, view.kept_bytes)}; there is room for {_megabytes(view.quota)}"
    words = {"own": _taken(view.own, view.own_bytes), "kept": kept}
    return render(request, "catalog/pictures.html", section="catalog", view=view, words=words)


def _taken(count: int, size: int) -> str:
    return f"{count:,} ({_megabytes(size)})" if count else "None"


def _megabytes(count: int) -> str:
    return f"{count / 1_000_000:,.1f} MB"


async def post_fetch(request: web.Request) -> web.StreamResponse:
    """POST /catalog/pictures/fetch."""
    await picturing(request).pictures.fetch()
    return see_other(request, "/catalog/pictures")


async def post_retry(request: web.Request) -> web.StreamResponse:
    """POST /catalog/pictures/retry. Field: url (empty: all that did not come)."""
    await picturing(request).pictures.retry(form_of(request)["url"])
    return see_other(request, "/catalog/pictures")


async def post_stop(request: web.Request) -> web.StreamResponse:
    """POST /catalog/pictures/stop."""
    await picturing(request).pictures.stop()
    return see_other(request, "/catalog/pictures", "Stopped. What is signed already stays.")


async def post_clear(request: web.Request) -> web.StreamResponse:
    """POST /catalog/pictures/clear."""
    await picturing(request).pictures.clear()
    return see_other(request, "/catalog/pictures", "Taken away. Pictures come again when you look at a product.")


@takes_upload(UPLOAD_LIMIT, "Choose a smaller picture.")
async def post_picture(request: web.Request) -> web.StreamResponse:
    """POST /catalog/{product}/pictures. Fields: picture (a file), alt."""
    product, form = request.match_info["product"], form_of(request)
    upload = form.files.get("picture")
    if upload is None or not upload.body:
        return see_other(request, f"/catalog/{product}", "Choose a picture first.", "attention")
    try:
        view = await picturing(request).pictures.add(id_in(product), upload.body, form["alt"])
    except NodeError as error:
        return see_other(request, f"/catalog/{product}", str(error), "attention")
    return see_other(request, f"/catalog/{view.product or product}", "The picture is signed into your catalog")


async def post_remove(request: web.Request) -> web.StreamResponse:
    """POST /catalog/{product}/pictures/{picture}/remove."""
    product, picture = (id_in(request.match_info[name]) for name in ("product", "picture"))
    view: NamedView = await runtime_of(request).write(pictures.remove_picture, product=product, picture=picture)
    return see_other(request, f"/catalog/{view.product or product.hex()}", "The picture is taken away")


_ONE = "/catalog/{product:[0-9a-f]{64}}/pictures"
ROUTES = (
    web.get("/catalog/pictures", show),
    web.post("/catalog/pictures/fetch", post_fetch),
    web.post("/catalog/pictures/retry", post_retry),
    web.post("/catalog/pictures/stop", post_stop),
    web.post("/catalog/pictures/clear", post_clear),
    web.post(_ONE, post_picture),
    web.post(_ONE + "/{picture:[0-9a-f]{64}}/remove", post_remove),
)
