"""What changed in the catalogs that are followed, by day and shop, with prices before and after."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from node.errors import UserError
from node.services import browse, catalog_changes
from node.services.catalog_changes import ChangesPage, ChangeView
from node.web import formats
from node.web.page import render, see_other
from node.web.runtime import runtime_of

PATH = "/catalog/changes"
PAGE = 100
WORDS = {
    "new": ("New", "active"),
    "cheaper": ("Cheaper", "done"),
    "dearer": ("Dearer", "attention"),
    "sold-out": ("Sold out", "stopped"),
    "back": ("Back in stock", "done"),
    "gone": ("Gone", "stopped"),
    "recalled": ("Called back", "stopped"),
    "allowed": ("Sold again", "done"),
    "words": ("New texts", "waiting"),
    "pictures": ("New pictures", "waiting"),
    "plan": ("Commission changed", "attention"),
    "deals": ("Special prices changed", "active"),
    "terms": ("Terms changed", "waiting"),
    "many": ("Much changed", "attention"),
}
"""How a kind of change is named, and its shape."""
_SINCE = (
    ("yesterday", "Since yesterday"),
    ("today", "Today"),
    ("seen", "Since you last looked"),
    ("7d", "Seven days"),
    ("30d", "Thirty days"),
)
_KINDS = (
    ("", "Everything"),
    ("cheaper,dearer,deals", "Prices"),
    ("new", "New"),
    ("sold-out,back", "Sold out, back in stock"),
    ("gone,recalled,allowed", "Gone, called back"),
    ("words,pictures", "Words and pictures"),
    ("plan,terms", "Commission and terms"),
)
_COUNTED = (
    (("new",), "new", "new"),
    (("cheaper", "dearer"), "price change", "price changes"),
    (("sold-out",), "sold out", "sold out"),
    (("back",), "back in stock", "back in stock"),
    (("gone",), "gone", "gone"),
    (("recalled",), "called back", "called back"),
)
_NOUNS = {"shipping": "Sending", "returns": "Returns"}


async def show(request: web.Request) -> web.StreamResponse:
    """GET /catalog/changes?since=&merchant=&kind=&cursor=."""
    runtime = runtime_of(request)
    given = {name: value for name in ("since", "merchant", "kind") if (value := request.query.get(name, "").strip()[:200])}
    feeds: list[browse.FeedView] = await runtime.read(browse.list_feeds)
    shops = sorted({(feed.merchant, feed.merchant_name) for feed in feeds if not feed.own}, key=lambda pair: pair[1])
    asked: dict[str, Any] = {"since": given.get("since", "yesterday"), "kind": given.get("kind", "")}
    errors: dict[str, str] = {}
    if given.get("merchant") in dict(shops):
        asked["merchant"] = bytes.fromhex(given["merchant"])
    elif "merchant" in given:
        errors["merchant"] = "You follow no such shop: choose another"
    try:
        found: ChangesPage = await runtime.read(
            catalog_changes.list_changes, **asked, cursor=request.query.get("cursor", "")[:500], limit=PAGE
        )
    except UserError as refused:
        errors["since"], found = str(refused), await runtime.read(catalog_changes.list_changes, limit=PAGE)
    following = {**given, "cursor": found.cursor} if found.cursor else {}
    return render(
        request,
        "catalog/changes.html",
        section="catalog",
        status=422 if errors else 200,
        since=found.since,
        counted=_counted({item.kind: item.count for item in found.counts}),
        days=_days(found.changes),
        noted=[{"name": item.merchant_name, "at": item.at} for item in found.noted],
        followed=bool(shops),
        narrowed=bool(asked["kind"] or "merchant" in asked),
        here=_href(given | ({"cursor": cursor} if (cursor := request.query.get("cursor", "")[:500]) else {})),
        form={
            "since": given.get("since", "yesterday"),
            "merchant": given.get("merchant", ""),
            "kind": given.get("kind", ""),
            "options": {"since": _listed(_SINCE, given.get("since", "")), "merchant": [("", "All shops"), *shops], "kind": _KINDS},
        },
        pages={
            "text": f"{formats.number(len(found.changes))} shown",
            "previous": _href(given) if request.query.get("cursor") else None,
            "next": _href(following) if following else None,
        },
        errors=errors,
    )


async def seen(request: web.Request) -> web.StreamResponse:
    """POST /catalog/changes/seen: go on from here with “Since you last looked”."""
    await runtime_of(request).write(catalog_changes.see_changes)
    return see_other(request, PATH, "Noted. “Since you last looked” goes on from now")


def told(change: ChangeView) -> dict[str, Any]:
    """One fact: its word and shape, and what it says."""
    word, shape = WORDS[change.kind]
    name = "" if change.noun == "product" else f"{_NOUNS.get(change.noun, '')} {change.name}".strip()
    parts = [part for part in (name, _detail(change)) if part]
    return {"status": (word, shape), "text": " · ".join(parts)}


def _detail(change: ChangeView) -> str:
    if change.kind == "many":
        text = "" if change.new is None else f"{formats.number(change.new)} more changed in the same update. "
        return f"{text}They are not listed one by one: look in the catalog itself"
    if change.kind == "recalled":
        return f"{'Its brand' if change.by_brand else 'The shop'} says: {change.note}"
    if change.kind in ("cheaper", "dearer"):
        by = f" ({formats.percent(change.percent)})" if change.percent is not None else ""
        return f"{_money(change, change.old)} → {_money(change, change.new)}{by}"
    if change.kind == "plan" and change.old_bps is not None and change.new_bps is not None:
        return f"{formats.share(change.old_bps)} → {formats.share(change.new_bps)}"
    price = change.new if change.kind == "new" else None
    return "" if price is None else f"{'from ' if change.noun == 'product' else ''}{_money(change, price)}"


def _money(change: ChangeView, minor: int | None) -> str:
    return formats.money({"minor": minor or 0, "currency": change.currency})


def _days(changes: tuple[ChangeView, ...]) -> list[dict[str, Any]]:
    """Day by day, shop by shop, a product's facts together."""
    days = []
    for _, of_day in groupby(changes, key=lambda change: formats.date(change.at)):
        rows = list(of_day)
        shops: dict[str, dict[str, Any]] = {}
        for row in rows:
            shop = shops.setdefault(row.merchant, {"name": row.merchant_name, "products": {}})
            key = (row.handle, "") if row.handle else (row.noun, row.name)
            product = shop["products"].setdefault(key, {"title": _title(row), "href": _link(row), "facts": [], "at": row.at})
            product["facts"].append(told(row))
        days.append({"at": rows[0].at, "shops": [shop | {"products": list(shop["products"].values())} for shop in shops.values()]})
    return days


def _title(row: ChangeView) -> str:
    return row.title or _NOUNS.get(row.noun) or row.name or row.merchant_name


def _link(row: ChangeView) -> str | None:
    return f"/catalog/{row.product}" if row.product else None


def _counted(counts: Mapping[str, int]) -> str:
    found = [(sum(counts.get(kind, 0) for kind in kinds), one, many) for kinds, one, many in _COUNTED]
    return ", ".join(f"{formats.number(count)} {one if count == 1 else many}" for count, one, many in found if count)


def _listed(options: tuple[tuple[str, str], ...], chosen: str) -> list[tuple[str, str]]:
    """The spans to choose from, and a day that was asked for."""
    return [*options, *([(chosen, f"Since {chosen}")] if chosen and chosen not in dict(options) else [])]


def _href(given: Mapping[str, str]) -> str:
    return PATH + ("?" + urlencode(given) if given else "")


ROUTES = (web.get(PATH, show), web.post(f"{PATH}/seen", seen))
