"""The picture of a customer: its own route, with its own type, for this session only."""

import io
from typing import Any, Protocol, cast

from aiohttp import web

from node.errors import NotFound, UserError
from node.model.photo import SHOWN_TYPE, Photo
from node.services import customer_photos
from node.services.customer_photos import PhotoView
from node.web.customer_form import ONE
from node.web.forms import form_of, takes_upload
from node.web.page import id_in, see_other
from node.web.runtime import Runtime, runtime_of

UPLOAD_LIMIT = 20 << 20  # above what is kept, so that a picture somewhat too large gets its own words


class Parsing(Runtime, Protocol):
    """What an upload needs of the running node."""

    async def parse(self, reader: str, source: Any, **options: Any) -> Any:
        """What the reader `picture` makes of a source of bytes, in a thread."""


async def show_photo(request: web.Request) -> web.StreamResponse:
    """GET /customers/{customer}/photo. One that came with a file is made small when it is first looked at."""
    runtime, customer = cast("Parsing", runtime_of(request)), id_in(request.match_info["customer"])
    shown: bytes | None = await runtime.read(customer_photos.shown_photo, customer=customer)
    if shown is None:
        came: PhotoView = await runtime.read(customer_photos.get_photo, customer=customer)
        try:
            made: Photo = await runtime.parse("picture", io.BytesIO(came.content))
            shown = made.shown
        except UserError:
            shown = b""  # a file may hold what is no picture: it stays for export
        await runtime.write(customer_photos.keep_shown, customer=customer, original=came.content, shown=shown)
    if not shown:
        raise NotFound("There is no picture to show.")
    return web.Response(body=shown, content_type=SHOWN_TYPE)


@takes_upload(UPLOAD_LIMIT, "Choose a smaller picture.")
async def post_photo(request: web.Request) -> web.StreamResponse:
    """POST /customers/{customer}/photo. Field: photo, a file."""
    runtime, path = cast("Parsing", runtime_of(request)), f"/customers/{request.match_info['customer']}"
    upload = form_of(request).files.get("photo")
    if upload is None or not upload.body:
        return see_other(request, path, "Choose a picture first.", "attention")
    try:
        photo = await runtime.parse("picture", io.BytesIO(upload.body))
    except UserError as error:
        return see_other(request, path, str(error), "stopped")
    await runtime.write(customer_photos.keep_photo, customer=id_in(request.match_info["customer"]), photo=photo)
    return see_other(request, path, "Picture saved")


async def post_remove(request: web.Request) -> web.StreamResponse:
    """POST /customers/{customer}/photo/remove."""
    await runtime_of(request).write(customer_photos.remove_photo, customer=id_in(request.match_info["customer"]))
    return see_other(request, f"/customers/{request.match_info['customer']}", "Picture removed")


ROUTES = (
    web.get(ONE + "/photo", show_photo),
    web.post(ONE + "/photo", post_photo),
    web.post(ONE + "/photo/remove", post_remove),
)
