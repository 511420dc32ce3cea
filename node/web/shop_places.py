"""Watched places: folders and addresses that are looked at by the clock for product files."""

import asyncio
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from node.errors import NodeError, UserError
from node.services import catalog_sources
from node.services.catalog_sources import SourceView
from node.services.catalog_watch import CatalogWatch
from node.web.forms import form_of
from node.web.page import id_in, render, see_other
from node.web.runtime import Runtime, runtime_of
from node.web.setup import currencies
from node.web.shop_catalog import writer

_EVERY = [
    ("15", "Every quarter of an hour"),
    ("60", "Every hour"),
    ("360", "Four times a day"),
    ("1440", "Once a day"),
    ("10080", "Once a week"),
]


WAIT_SECONDS = 3.0
_looks: "set[asyncio.Task[None]]" = set()  # that take longer, so that they are not let go of half-way


class Watching(Runtime, Protocol):
    """What watched places need of the running node."""

    @property
    def catalog_watch(self) -> CatalogWatch:
        """The places that are watched."""


async def show_places(request: web.Request) -> web.StreamResponse:
    """GET /merchant/catalog/places."""
    _, currency = await runtime_of(request).read(writer)
    return await _page(request, {"place": "", "currency": currency, "every": "60", "publish": "", "replace": ""}, {})


async def _page(request: web.Request, form: dict[str, str], errors: dict[str, str]) -> web.StreamResponse:
    places: list[SourceView] = await runtime_of(request).read(catalog_sources.list_sources)
    values: dict[str, Any] = {"form": form, "errors": errors, "places": places, "currencies": currencies(), "every": _EVERY}
    return render(request, "merchant/places.html", section="merchant", status=422 if errors else 200, **values)


async def post_place(request: web.Request) -> web.StreamResponse:
    """POST /merchant/catalog/places: watch one. Fields: place, currency, every, publish, replace."""
    given = form_of(request)
    form = {name: given[name].strip() for name in ("place", "currency", "every", "publish", "replace")}
    kind = "url" if "://" in form["place"] else "folder"
    if kind == "folder" and not Path(form["place"]).is_absolute():
        return await _page(request, form, {"place": "Enter an address that begins with https://, or a folder from its root on."})
    try:
        await runtime_of(request).write(
            catalog_sources.add_source,
            kind=kind,
            place=form["place"],
            currency=form["currency"],
            every=int(form["every"]) if form["every"].isdigit() else 0,
            withdraw=form["replace"] == "yes",
            publish=form["publish"] == "yes",
        )
    except UserError as error:
        return await _page(request, form, {"place": str(error)})
    return see_other(request, "/merchant/catalog/places", "It is looked at by the clock from now on")


async def post_change(request: web.Request) -> web.StreamResponse:
    """POST /merchant/catalog/places/{source}/change: watch it otherwise. Fields, each with the place's id: every, publish, replace."""
    given, id_ = form_of(request), request.match_info["source"]
    every = given[f"every-{id_}"]
    try:
        await runtime_of(request).write(
            catalog_sources.change_source,
            source=id_in(id_),
            every=int(every) if every.isdigit() else 0,
            withdraw=given[f"replace-{id_}"] == "yes",
            publish=given[f"publish-{id_}"] == "yes",
        )
    except UserError as error:
        return see_other(request, "/merchant/catalog/places", str(error), "attention")
    return see_other(request, "/merchant/catalog/places", "Changed")


async def post_pause(request: web.Request) -> web.StreamResponse:
    """POST /merchant/catalog/places/{source}/pause: look by hand only (field paused: yes), or by the clock again."""
    paused = form_of(request)["paused"] == "yes"
    await runtime_of(request).write(catalog_sources.change_source, source=id_in(request.match_info["source"]), paused=paused)
    return see_other(
        request, "/merchant/catalog/places", "Paused: it is looked at by hand only" if paused else "It is looked at by the clock again"
    )


async def post_look(request: web.Request) -> web.StreamResponse:
    """POST /merchant/catalog/places/{source}/look: look now. A server that is silent is waited for, but not by the person."""
    runtime: Any = runtime_of(request)
    watching: Watching = runtime
    source = id_in(request.match_info["source"])
    look = asyncio.create_task(watching.catalog_watch.look_now(source))
    _looks.add(look)
    look.add_done_callback(_ended)
    done, _ = await asyncio.wait({look}, timeout=WAIT_SECONDS)
    if not done:
        return see_other(
            request, "/merchant/catalog/places", "It is being looked at. Come back in a minute or two: it says what came of it."
        )
    try:
        look.result()
    except NodeError as error:
        return see_other(request, "/merchant/catalog/places", str(error), "attention")
    places: list[SourceView] = await runtime.read(catalog_sources.list_sources)
    if any(item.error for item in places if item.id == source.hex()):
        return see_other(request, "/merchant/catalog/places", "It was looked at, and nothing could be read. It says why.", "attention")
    return see_other(request, "/merchant/catalog/places", "Looked at")


def _ended(look: "asyncio.Task[None]") -> None:
    _looks.discard(look)
    if not look.cancelled():
        look.exception()  # what went wrong at the place is kept with it; without one, or locked, there is nobody left to tell


async def post_forget(request: web.Request) -> web.StreamResponse:
    """POST /merchant/catalog/places/{source}/forget: look there no more."""
    await runtime_of(request).write(catalog_sources.forget_source, source=id_in(request.match_info["source"]))
    return see_other(request, "/merchant/catalog/places", "Forgotten. What it brought stays.")


_ONE = "/merchant/catalog/places/{source}"
ROUTES = (
    web.get("/merchant/catalog/places", show_places),
    web.post("/merchant/catalog/places", post_place),
    web.post(_ONE + "/change", post_change),
    web.post(_ONE + "/pause", post_pause),
    web.post(_ONE + "/look", post_look),
    web.post(_ONE + "/forget", post_forget),
)
