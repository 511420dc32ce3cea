"""The watch list on pages: what happened, what is watched, and the form that puts something there."""

from decimal import InvalidOperation
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from node.errors import NodeError, UserError
from node.services import browse, lookouts, product_sheet
from node.services.lookouts import LookoutView, NoticeView, WatchListView
from node.web import formats
from node.web.catalog_changes import WORDS
from node.web.catalog_parts import TOO_LARGE, is_too_large, minor_of
from node.web.forms import form_of
from node.web.page import id_in, render, see_other
from node.web.runtime import runtime_of

PATH = "/catalog/watchlist"
_WISHES = (
    ("any", "Any change", "Price, stock, description, commission, terms"),
    ("price", "A price", "When it costs so much or less"),
    ("back", "It is back", "When it is in stock again"),
    ("gone", "It is gone", "When it is no longer sold, or called back"),
)


async def show(request: web.Request) -> web.StreamResponse:
    """GET /catalog/watchlist."""
    found: WatchListView = await runtime_of(request).read(lookouts.list_lookouts)
    return render(
        request,
        "catalog/watchlist.html",
        section="catalog",
        notices=[_notice(item) for item in found.notices],
        rows=[_row(item) for item in found.lookouts],
        removed=[_row(item) for item in found.removed],
    )


async def show_new(request: web.Request) -> web.StreamResponse:
    """GET /catalog/watchlist/new?product=&feed=&code=."""
    asked = {name: request.query.get(name, "")[:64] for name in ("product", "feed", "code")}
    return await _form(request, {**asked, "scope": "product" if asked["product"] else "code", "wish": "any", "at_most": ""})


async def _form(request: web.Request, form: dict[str, str], errors: dict[str, str] | None = None) -> web.Response:
    runtime, product = runtime_of(request), None
    if form["product"]:
        product = await runtime.read(product_sheet.get_product, product=id_in(form["product"]))
    codes = {item.gtin: item.title or item.sku for item in product.variants if item.gtin} if product else {}
    feeds: list[browse.FeedView] = await runtime.read(browse.list_feeds)
    seller = next((feed.merchant_name for feed in feeds if feed.feed == form["feed"]), product.merchant_name if product else "")
    scopes = [("product", f"{product.title} at {seller}", "")] if product else []
    scopes += [
        (code, f"Whoever sells {title if len(codes) > 1 else 'it'}", f"At every shop you follow, by the number under the bar code: {code}")
        for code, title in list(codes.items())[:8]
    ]
    return render(
        request,
        "catalog/watch.html",
        section="catalog",
        status=422 if errors else 200,
        title=product.title if product else "",
        back=f"/catalog/{product.id}" if product else PATH,
        scopes=scopes,
        wishes=_WISHES,
        currency=_currency(feeds, form["feed"] or (product.feed if product else "")),
        form=form,
        errors=errors or {},
    )


def _currency(feeds: list[browse.FeedView], chosen: str) -> str:
    """Of the catalog that is meant; for a number the first shop's."""
    return next((feed.currency for feed in feeds if (feed.feed == chosen if chosen else not feed.own)), "USD")


async def add(request: web.Request) -> web.StreamResponse:
    """POST /catalog/watchlist. Fields: product, feed, scope (product or a GTIN), code, wish, at_most."""
    given = form_of(request)
    form = {name: given[name].strip()[:200] for name in ("product", "feed", "scope", "code", "wish", "at_most")}
    runtime = runtime_of(request)
    try:
        asked = await _asked(request, form)
        done: LookoutView = await runtime.write(lookouts.add_lookout, **asked)
    except (NodeError, InvalidOperation, ValueError) as error:
        if not isinstance(error, NodeError):
            return await _form(request, form, {"at_most": TOO_LARGE if is_too_large(form["at_most"]) else "Type an amount such as 19.50"})
        field = {"bad-price": "at_most", "met-already": "at_most"}.get(error.code, "code" if not form["product"] else "")
        return await _form(request, form, {field: str(error)})
    return see_other(request, PATH, f"{done.title} is on your watch list")


async def _asked(request: web.Request, form: dict[str, str]) -> dict[str, Any]:
    asked: dict[str, Any] = {"wish": form["wish"] or "any"}
    product = None
    if form["product"]:
        product = await runtime_of(request).read(product_sheet.get_product, product=id_in(form["product"]))
    if product is not None and form["scope"] in ("", "product"):
        asked["product"] = bytes.fromhex(product.id)
        asked["feed"] = id_in(form["feed"] or product.feed)
    else:
        asked["code"] = form["scope"] if form["scope"] not in ("", "code", "product") else form["code"]
    if asked["wish"] == "price":
        if not form["at_most"]:
            raise UserError("Say from which price on you want to hear of it.", code="bad-price")
        feeds: list[browse.FeedView] = await runtime_of(request).read(browse.list_feeds)
        asked["currency"] = _currency(feeds, asked["feed"].hex() if "feed" in asked else "")
        asked["at_most"] = minor_of(form["at_most"], asked["currency"])
    return asked


async def remove(request: web.Request) -> web.StreamResponse:
    """POST /catalog/watchlist/{lookout}/remove."""
    done: LookoutView = await runtime_of(request).write(lookouts.remove_lookout, lookout=id_in(request.match_info["lookout"]))
    return see_other(request, PATH, f"{done.title} is off your watch list. Below you can put it back")


async def restore(request: web.Request) -> web.StreamResponse:
    """POST /catalog/watchlist/{lookout}/restore."""
    done: LookoutView = await runtime_of(request).write(lookouts.restore_lookout, lookout=id_in(request.match_info["lookout"]))
    return see_other(request, PATH, f"{done.title} is on your watch list again")


async def dismiss(request: web.Request) -> web.StreamResponse:
    """POST /catalog/watchlist/seen: one notice, or all; …/{lookout}/seen: what happened to one. Fields: notice, back (/ for Today)."""
    form, lookout = form_of(request), request.match_info.get("lookout")
    asked = {"notice": id_in(form["notice"]) if form["notice"] else None, "lookout": id_in(lookout) if lookout else None}
    await runtime_of(request).write(lookouts.dismiss_notice, **asked)
    return see_other(request, "/" if form["back"] == "/" else PATH)


def watch_href(product: str = "", feed: str = "", code: str = "") -> str:
    """The form that watches a product as a shop sells it, or a number."""
    asked = {"product": product, "feed": feed, "code": code}
    return f"{PATH}/new?" + urlencode({name: value for name, value in asked.items() if value})


def _notice(item: NoticeView) -> dict[str, Any]:
    word, shape = WORDS[item.kind]
    parts = [item.merchant_name, item.sku, _amounts(item), item.note]
    return {
        "id": item.id,
        "title": item.title,
        "href": f"/catalog/{item.product}" if item.product else None,
        "status": (word, shape),
        "text": " · ".join(part for part in parts if part),
        "at": item.at,
    }


def _amounts(item: NoticeView) -> str:
    if item.new is None:
        return ""
    new = formats.money({"minor": item.new, "currency": item.currency})
    return new if item.old is None else f"{formats.money({'minor': item.old, 'currency': item.currency})} → {new}"


def _row(item: LookoutView) -> dict[str, Any]:
    wish = {name: label for name, label, _ in _WISHES}[item.wish]
    if item.at_most is not None:
        wish = f"{formats.money({'minor': item.at_most, 'currency': item.currency})} or less"
    return {
        "id": item.id,
        "title": item.title,
        "where": item.merchant_name or f"Whoever sells {item.code}",
        "href": f"/catalog/{item.product}" if item.product else None if not item.code else f"/catalog/compare/{item.code.zfill(8)}",
        "wish": wish,
        "price": None if item.price is None else {"minor": item.price, "currency": item.currency},
    }


ROUTES = (
    web.get(PATH, show),
    web.post(PATH, add),
    web.get(f"{PATH}/new", show_new),
    web.post(f"{PATH}/seen", dismiss),
    web.post(PATH + "/{lookout:[0-9a-f]{64}}/seen", dismiss),
    web.post(PATH + "/{lookout:[0-9a-f]{64}}/remove", remove),
    web.post(PATH + "/{lookout:[0-9a-f]{64}}/restore", restore),
)
