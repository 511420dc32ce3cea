"""The catalog's list: every merchant's products, searched as one types, filtered, sorted; and one product at several shops.

Amounts are typed in whole units of money with decimals, as prices are read.
"""

from collections.abc import Mapping
from decimal import InvalidOperation
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from node.services import browse, catalog_findings, catalog_search, currencies
from node.services.browse import FeedView
from node.services.catalog_search import ListingView, SearchPage
from node.services.currencies import Counting
from node.web import formats
from node.web.catalog_parts import STOCK, TOO_LARGE, building, customer_named, is_too_large, minor_of, picture
from node.web.lookouts import watch_href
from node.web.page import GATE, render
from node.web.runtime import runtime_of

PAGE = 24
MOST_CHOICES = 200
_NAMES = ("q", "merchant", "brand", "category", "stock", "currency", "from", "to", "earns", "sort", "customer")
_AMOUNTS = {"from": "lowest", "to": "highest", "earns": "earns"}
_ARGUMENTS = {**_AMOUNTS, "currency": "currency"}
"""What is asked for only where it was understood."""
_SORTS = (
    ("", "Best match, then by title"),
    ("cheap", "Lowest price first"),
    ("dear", "Highest price first"),
    ("earns", "What earns you most"),
)
_STOCKS = (("", "Also sold out"), ("in", "In stock only"))
_LABELS = {
    "brand": "Brand: {}",
    "category": "Category: {}",
    "currency": "Sold in {}",
    "from": "From {}",
    "to": "Up to {}",
    "earns": "Earns at least {}",
}


async def show_list(request: web.Request) -> web.StreamResponse:
    """GET /catalog?q=&merchant=&brand=&category=&stock=&currency=&from=&to=&earns=&sort=&cursor=&customer=."""
    runtime = runtime_of(request)
    given = {name: value for name in _NAMES if (value := request.query.get(name, "").strip()[:500])}
    feeds: list[FeedView] = await runtime.read(browse.list_feeds)
    merchant = given.get("merchant", "")
    is_known = merchant in {"", *(feed.merchant for feed in feeds)}
    shop = {"merchant": bytes.fromhex(merchant)} if merchant and is_known else {}
    money: Counting = await runtime.read(currencies.counting, **shop)
    currency = given["currency"] if given.get("currency") in money.held else money.counts
    asked, errors = _asked(given, money, currency)
    met = {name: value for name, value in given.items() if _ARGUMENTS.get(name, "q") in asked}
    cursor = request.query.get("cursor", "")
    page = SearchPage((), 0, many=False, cursor="")
    if is_known:
        page = await runtime.read(catalog_search.search_products, cursor=cursor, limit=PAGE, **asked, **shop)
    else:
        errors["merchant"] = "No catalog of this shop is here: choose another"
    choices = await runtime.read(catalog_search.list_choices, limit=MOST_CHOICES)
    merchants = sorted({(feed.merchant, feed.merchant_name) for feed in feeds if not feed.own}, key=lambda pair: pair[1])
    customer = given.get("customer", "")
    own = {feed.merchant for feed in feeds if feed.own}
    shown = [_tile(listing, customer, own=listing.merchant in own) for listing in page.listings]
    following = {**given, "cursor": page.cursor} if page.cursor else {}
    return render(
        request,
        "catalog/list.html",
        section="catalog",
        q=given.get("q", ""),
        products=shown,
        found=f"{'More than ' if page.many else ''}{formats.number(page.total)} {'product' if page.total == 1 else 'products'}",
        chips=_chips(met, dict(merchants)),
        form={
            "options": {
                "merchant": (("", "All shops"), *merchants),
                "brand": (("", "Any brand"), *_listed(choices.brands, given.get("brand", ""))),
                "category": (("", "Any category"), *_listed(choices.categories, given.get("category", ""))),
                "stock": _STOCKS,
                "currency": (("", "Any currency"), *((name, name) for name in money.held)) if len(money.held) > 1 else (),
                "sort": _SORTS,
            },
            "chosen": given,
            "hidden": {name: given[name] for name in ("q", "customer") if name in given},
            "currency": currency,
        },
        kept={name: value for name, value in given.items() if name != "q"},
        total=sum(feed.products for feed in feeds),
        as_of=max((feed.as_of for feed in feeds), default=0) or None,
        coming=[
            {"name": feed.merchant_name, "here": feed.fetched, "of": feed.expected}
            for feed in feeds
            if feed.expected and not feed.verified and not feed.trouble
        ],
        refused=[
            {"name": feed.merchant_name, "text": feed.trouble, "proof": feed.error == "equivocation"}
            for feed in feeds
            if feed.trouble and not feed.own
        ],
        lies=[{"title": item.title, "text": item.text} for item in await runtime.read(catalog_findings.list_lies)],
        follows=any(not feed.own for feed in feeds),
        partly=[{"name": feed.merchant_name, "count": len(feed.sections)} for feed in feeds if feed.sections],
        behind=sorted({feed.merchant_name for feed in feeds if feed.held < feed.size and not feed.own}),
        building=building(feeds),
        notes=page.notes,
        customer=await customer_named(runtime, customer),
        pages={
            "text": f"{len(shown)} shown",
            "previous": _href(given) if cursor else None,
            "next": "/catalog?" + urlencode(following) if following else None,
        },
        errors=errors,
    )


async def show_same(request: web.Request) -> web.StreamResponse:
    """GET /catalog/compare/{code}: who sells what has this GTIN."""
    code, viewer = request.match_info["code"], request.app[GATE].viewer()
    found: list[ListingView] = await runtime_of(request).read(catalog_search.compare_code, code=code)
    own = {feed.merchant for feed in await runtime_of(request).read(browse.list_feeds) if feed.own}
    rows = [_tile(listing, "", own=listing.merchant in own) | {"earns": _earns(listing), "as_of": listing.as_of} for listing in found]
    return render(
        request,
        "catalog/compare.html",
        section="catalog",
        code=code,
        title=found[0].title if found else "",
        rows=rows,
        earning=viewer is not None and viewer.role == "seller",
        watch=watch_href(code=code),
    )


def _asked(given: Mapping[str, str], money: Counting, currency: str) -> tuple[dict[str, Any], dict[str, str]]:
    asked: dict[str, Any] = {
        "q": given.get("q", ""),
        "brand": given.get("brand", ""),
        "category": given.get("category", ""),
        "in_stock": given.get("stock") == "in",
        "order": given["sort"] if given.get("sort") in dict(_SORTS) else "best",
    }
    errors = {}
    if given.get("currency") in money.held:
        asked["currency"] = currency
    elif "currency" in given:
        errors["currency"] = "Nothing here is sold in it: choose another"
    for name, argument in _AMOUNTS.items():
        if name in given:
            try:
                asked[argument] = minor_of(given[name], currency)
            except (InvalidOperation, ValueError):
                errors[name] = TOO_LARGE if is_too_large(given[name]) else "Type an amount such as 19.50"
    if asked.get("lowest", 0) > asked.get("highest", asked.get("lowest", 0)):
        errors["to"] = "The highest price is below the lowest one: exchange them"
    return asked, errors


def _chips(given: Mapping[str, str], merchants: Mapping[str, str]) -> list[dict[str, str]]:
    found = []
    for name, value in given.items():
        text = _LABELS[name].format(value) if name in _LABELS else ""
        if name == "merchant":
            text = f"Shop: {merchants.get(value, 'unknown')}"
        if name == "stock":
            text = "In stock only"
        if text:
            found.append({"text": text, "href": _href({other: kept for other, kept in given.items() if other != name})})
    return found


def _href(given: Mapping[str, str]) -> str:
    return "/catalog" + ("?" + urlencode(given) if given else "")


def _listed(names: tuple[str, ...], chosen: str) -> list[tuple[str, str]]:
    """The names to choose from, and the chosen one, which may not be among the first."""
    return [(name, name) for name in (*names, *([chosen] if chosen and chosen not in names else []))]


def _tile(listing: ListingView, customer: str, *, own: bool) -> dict[str, Any]:
    chosen = {"customer": customer} if customer else {}
    return {
        "href": f"/catalog/{listing.product}?" + urlencode({**chosen, "merchant": listing.merchant}),
        "title": listing.title,
        "picture": picture(listing.product, listing.images, listing.pictures),
        "price": {"minor": listing.price, "currency": listing.currency} if listing.skus else None,
        "was": None if listing.compare_at is None else {"minor": listing.compare_at, "currency": listing.currency},
        "merchant": listing.merchant_name,
        "stock": _state(listing),
        "why": listing.refusal,
        "earns": None if own else _earns(listing),
        "watch": None if own else watch_href(listing.product, listing.feed),
    }


def _state(listing: ListingView) -> tuple[str, str]:
    if listing.withdrawn:
        return ("Called back", "stopped")
    if listing.refusal:
        return ("Can't be ordered now", "stopped")
    return STOCK[listing.stock] if listing.skus else ("Not offered", "waiting")


def _earns(listing: ListingView) -> dict[str, Any] | None:
    return {"minor": listing.earns, "currency": listing.currency} if listing.earns else None


ROUTES = (
    web.get("/catalog", show_list),
    web.get("/catalog/compare/{code:[0-9]{8,14}}", show_same),
)
