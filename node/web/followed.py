"""What is followed of each merchant's catalog: all of it, or some brands or categories, chosen from what the merchant says it has."""

from typing import Any, Protocol

from aiohttp import web

from node.errors import NodeError, NotFound, UserError
from node.model.record_words import words_of
from node.services import browse, catalog_choice
from node.services.browse import FeedView
from node.services.catalog_choice import SectionView
from node.web import formats
from node.web.backup import size
from node.web.forms import form_of
from node.web.page import id_in, render, see_other
from node.web.runtime import Runtime, runtime_of
from protocol.errors import ProtocolError

PATH = "/catalog/follow"
MOST_SHOWN = 200
_DIVISIONS = {"brand": "Brands", "category": "Categories"}
_STATES = {True: ("Here", "done"), False: ("On its way", "waiting")}


class Choosing(Runtime, Protocol):
    """What choosing needs of the running node."""

    @property
    def catalogs(self) -> Any:
        """The catalogs that are followed (node/app/catalogs.py)."""


async def show_followed(request: web.Request) -> web.StreamResponse:
    """GET /catalog/follow."""
    feeds: list[FeedView] = await runtime_of(request).read(browse.list_feeds)
    rows = [_row(feed) for feed in feeds if not feed.own]
    return render(request, "catalog/followed.html", section="catalog", rows=rows)


def _row(feed: FeedView) -> dict[str, Any]:
    here = f"{formats.number(feed.products)} {'product' if feed.products == 1 else 'products'}"
    return {
        "name": feed.merchant_name or "A brand",
        "currency": feed.currency,
        "what": ", ".join(feed.sections[:5]) + (f" and {len(feed.sections) - 5} more" if len(feed.sections) > 5 else "")
        if feed.sections
        else "All of it",
        "by": _DIVISIONS.get(feed.division, ""),
        "here": here,
        "state": ("Refused", "stopped") if feed.error else _STATES[feed.verified],
        "error": feed.trouble,
        "href": f"{PATH}/{feed.feed}",
    }


async def show_choice(request: web.Request) -> web.StreamResponse:
    """GET /catalog/follow/{feed}?by=&q=."""
    return await _choice(request, {})


async def _choice(request: web.Request, errors: dict[str, str], chosen: frozenset[str] | None = None) -> web.StreamResponse:
    given: Any = runtime_of(request)
    runtime: Choosing = given
    feed = await _feed(request)
    division = request.query.get("by", "")
    division = division if division in _DIVISIONS else feed.division or "brand"
    q = request.query.get("q", "").strip()[:100]
    picked = chosen if chosen is not None else frozenset(feed.sections if feed.division == division else ())
    found: list[SectionView] = []
    trouble = ""
    try:
        found = [item for item in await runtime.catalogs.sections(bytes.fromhex(feed.feed), division) if item.name]
    except (NodeError, ProtocolError) as error:
        trouble = words_of(error)
    listed = {item.name: item for item in found}
    rest = (name for name in listed if not catalog_choice.covers(division, picked, name))
    shown = [*sorted(picked), *(name for name in rest if q.casefold() in name.casefold())]
    return render(
        request,
        "catalog/follow.html",
        section="catalog",
        status=422 if errors else 200,
        feed=_row(feed),
        by=division,
        q=q,
        trouble=trouble,
        total={"count": len(found), "size": size(sum(item.size for item in found))},
        rows=[_section(name, listed.get(name), picked) for name in shown[: MOST_SHOWN + len(picked)]],
        more=max(0, len(shown) - MOST_SHOWN - len(picked)),
        whole=not picked,
        errors=errors,
    )


def _section(name: str, item: SectionView | None, picked: frozenset[str]) -> dict[str, Any]:
    hint = f"{formats.number(item.count)} {'record' if item.count == 1 else 'records'}, {size(item.size)}" if item else "Nothing in it now"
    return {"name": name, "hint": hint, "chosen": name in picked}


async def post_choice(request: web.Request) -> web.StreamResponse:
    """POST /catalog/follow/{feed}: what is followed. Fields: what (all, part), by, name (of each chosen)."""
    given = form_of(request)
    feed = await _feed(request)
    names = tuple(dict.fromkeys(given.all("name"))) if given["what"] == "part" else ()
    division = given["by"] if given["what"] == "part" else ""
    try:
        await runtime_of(request).write(catalog_choice.choose, feed=bytes.fromhex(feed.feed), division=division, names=names)
    except UserError as error:
        return await _choice(request, {"what": str(error)}, frozenset(names))
    return see_other(request, PATH, "What is chosen comes as soon as the shop is there")


async def _feed(request: web.Request) -> FeedView:
    feed = id_in(request.match_info["feed"]).hex()
    feeds: list[FeedView] = await runtime_of(request).read(browse.list_feeds)
    found = next((item for item in feeds if item.feed == feed and not item.own), None)
    if found is None:
        raise NotFound("You don't follow that catalog.")
    return found


ROUTES = (
    web.get(PATH, show_followed),
    web.get(PATH + "/{feed:[0-9a-f]{64}}", show_choice),
    web.post(PATH + "/{feed:[0-9a-f]{64}}", post_choice),
)
