"""Pictures of products, served by this desk: as it encoded them itself, never from a shop's server, never as somebody sent them."""

from base64 import b64decode

from aiohttp import web

from node.model.media import TYPE
from node.services.media_exchange import Wanted
from node.web.page import id_in
from node.web.pictures import picturing
from protocol.media import MediaForm

WAIT_SECONDS = 1.5
_NOTHING = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")  # one clear pixel


async def show(request: web.Request) -> web.StreamResponse:
    """GET /media/{hash}?product=&form=&small=. What is not here yet is fetched for a moment; then `small` stands for it, then nothing."""
    hash_, query, kept = id_in(request.match_info["hash"]), request.query, picturing(request).pictures
    forms = {form.value: form for form in MediaForm}
    wanted = None
    if "product" in query and query.get("form") in forms:
        wanted = Wanted(id_in(query["product"]), hash_, forms[query["form"]])
    content = await kept.shown(hash_, wanted, WAIT_SECONDS)
    if content is None and query.get("small"):
        content = await kept.shown(id_in(query["small"]))
    if content is None:
        return web.Response(body=_NOTHING, content_type="image/gif")
    return web.Response(body=content, content_type=TYPE)


ROUTES = (web.get("/media/{hash:[0-9a-f]{64}}", show),)
