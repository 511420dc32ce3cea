"""A merchant's or brand's own products, edited singly: each page drafts, nothing is signed here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from node.errors import UserError
from node.services import browse, drafts, piles
from node.services.browse import FeedView, ProductPage
from node.services.catalog_inputs import PictureInput, ProductInput
from node.services.piles import PileView
from node.web import shop_fields as typed
from node.web.catalog_parts import building
from node.web.forms import form_of
from node.web.page import clock_ms, render, see_other
from node.web.runtime import runtime_of
from node.web.setup import currencies
from node.web.shop_catalog import writer
from protocol.operations import Noun
from protocol.product import Withdrawal

PATH, PRODUCT = "/merchant/products", "/merchant/product"
_PLAIN = ("title", "description", "vendor", "category", "mpn", "language", "origin", "care", "ingredients")
_FORM = (
    *_PLAIN, "handle", "tags", "options", "variants", "images", "weight", "size", "suggested", "volume", "translations", "warnings",
    "google_category", "plans", "valid_from", "valid_to", "reason", "withdrawn_at",
)  # fmt: skip


_BESIDES = ("warnings", "care", "ingredients", "translations", "reason")  # what nobody should overlook below the fold


async def show(request: web.Request) -> web.StreamResponse:
    """GET /merchant/products?q=&cursor=: our own products."""
    runtime = runtime_of(request)
    identity, currency = await runtime.read(writer)
    search, cursor = request.query.get("q", ""), request.query.get("cursor", "")
    page: ProductPage = await runtime.read(browse.list_products, search=search, cursor=cursor, own=True)
    known: list[FeedView] = await runtime.read(browse.list_feeds)
    feeds = {feed.feed: feed.currency for feed in known if feed.own}
    waiting: list[PileView] = await runtime.read(piles.list_piles)
    ours = [
        {
            "title": row.title,
            "href": product_href(feeds[row.feed], row.handle),
            "currency": feeds[row.feed],
            "offers": [
                {"sku": item.sku, "title": item.title, "href": offer_href(feeds[row.feed], item.sku),
                 "price": {"minor": item.price, "currency": item.currency}, "stock": item.stock} for item in row.variants
            ],
        }
        for row in page.products
        if row.merchant == identity and row.feed in feeds
    ]  # fmt: skip
    following = f"{PATH}?{urlencode({'q': search, 'cursor': page.cursor})}" if page.cursor else None
    first = f"{PATH}?{urlencode({'q': search})}" if cursor else None
    return render(
        request, "merchant/products.html", section="merchant", products=ours, search=search, currency=currency,
        drafts=sum(pile.drafts for pile in waiting), pages={"text": "", "previous": first, "next": following},
        offers=await _is_shop(request), building=building(known),
    )  # fmt: skip


async def _is_shop(request: web.Request) -> bool:
    return bool(await runtime_of(request).read(lambda unit: unit.me.role == "merchant"))


async def show_product(request: web.Request) -> web.StreamResponse:
    """GET /merchant/product?currency=&handle=: a product's form; without a handle a new one's."""
    currency, handle = await currency_in(request), request.query.get("handle", "")
    form = dict.fromkeys(_FORM, "")
    if handle:
        form = _typed(request, await runtime_of(request).read(drafts.get_product, currency=currency, handle=handle))
    return await _page(request, currency, handle, form)


async def _page(
    request: web.Request, currency: str, handle: str, form: dict[str, str], errors: dict[str, str] | None = None
) -> web.Response:
    skus: list[dict[str, str]] = []
    shop = await _is_shop(request)
    if handle and shop:
        skus = [
            {"sku": line.partition("|")[0].strip(), "href": offer_href(currency, line.partition("|")[0].strip(), handle)}
            for line in typed.lines(form["variants"])
        ]
    return render(
        request, "merchant/product.html", section="merchant", status=422 if errors else 200, errors=errors or {},
        currency=currency, currencies=currencies(), handle=handle, form=form, skus=skus, shop=shop, withdraw=PRODUCT + "/withdraw",
        opened=bool(errors) or any(form[name] for name in _BESIDES),
    )  # fmt: skip


async def post_product(request: web.Request) -> web.StreamResponse:
    """POST /merchant/product?handle=: draft it. Fields as the form's."""
    runtime, given = runtime_of(request), form_of(request)
    currency, known = given["currency"].strip().upper(), request.query.get("handle", "")
    form = {name: given[name].strip() for name in _FORM}
    if known:
        form["handle"] = known
    try:
        before = await runtime.read(drafts.get_product, currency=currency, handle=known) if known else None
        product = _read(request, form, before)
        saved = await runtime.write(drafts.save_product, currency=currency, product=product)
    except UserError as error:
        return await _page(request, currency, known, form, typed.errors_of(error))
    text = "Kept as a draft. Sign your drafts when they are all there." if saved.changes else "That is what is signed already."
    return see_other(request, product_href(currency, product.handle), text)


async def post_withdraw(request: web.Request) -> web.StreamResponse:
    """POST /merchant/product/withdraw. Fields: currency, noun (product, offer), name: draft that it goes."""
    given = form_of(request)
    noun = Noun.OFFER if given["noun"] == "offer" else Noun.PRODUCT
    await runtime_of(request).write(drafts.withdraw, currency=given["currency"], noun=noun, name=given["name"])
    return see_other(request, PATH, "It goes once you sign your drafts")


def product_href(currency: str, handle: str) -> str:
    """Where a product is edited."""
    return f"{PRODUCT}?{urlencode({'currency': currency, 'handle': handle})}"


def offer_href(currency: str, sku: str, handle: str = "") -> str:
    """Where an offer is edited; `handle` names the product of a new one."""
    return "/merchant/offer?" + urlencode({"currency": currency, "sku": sku, **({"handle": handle} if handle else {})})


async def currency_in(request: web.Request) -> str:
    """The currency asked for, else the desk's. Raises UserError `not-a-merchant`."""
    _, own = await runtime_of(request).read(writer)
    return request.query.get("currency", "").upper() or str(own)


def _read(request: web.Request, form: dict[str, str], before: ProductInput | None) -> ProductInput:
    """What was typed; a field that stands as it was shown is as it was, also where what it holds cannot be typed. Raises FieldErrors."""
    shown = {name: text.replace("\r\n", "\n").strip() for name, text in _typed(request, before).items()} if before else {}
    same = {name for name, text in shown.items() if text == form[name]}
    if before and same == shown.keys():
        return before
    zone, fields = typed.zone_of(request), typed.Fields(form)
    stood = {typed.typed_variant(item): item for item in before.variants} if before else {}
    recalled = before.withdrawal.at if before and before.withdrawal else None
    withdrawn = fields.read("withdrawn_at", typed.moment_over, recalled, zone) if form["reason"] else None
    reads: dict[str, Callable[[str], Any]] = {
        "variants": lambda text: typed.each(text, lambda line: stood.get(line) or typed.variant(line)),
        "tags": lambda text: _list(text, ","),
        "options": lambda text: _list(text, ","),
        "images": lambda text: _images(typed.lines(text), before.images if before else ()),
        "weight": lambda text: typed.whole(text, "Weight"),
        "size": typed.size,
        "suggested": typed.amounts,
        "volume": typed.amounts,
        "translations": lambda text: typed.each(text, typed.translation),
        "warnings": lambda text: tuple(typed.lines(text)),
        "google_category": lambda text: typed.whole(text, "Category of Google's taxonomy"),
        "plans": lambda text: tuple(typed.lines(text)),
        "valid_from": lambda text: typed.moment(text, zone),
        "valid_to": lambda text: typed.moment(text, zone),
    }
    given: dict[str, Any] = {name: form[name] or (None if name in _OPTIONAL else "") for name in _PLAIN}
    given |= {name: fields.read(name, read) for name, read in reads.items() if name not in same}
    given |= {name: getattr(before, name) for name in same if name in given or name in reads}
    fields.check()
    given["withdrawal"] = Withdrawal(form["reason"], clock_ms() if withdrawn is None else withdrawn) if form["reason"] else None
    return ProductInput(handle=form["handle"], **given)


_OPTIONAL = frozenset({"mpn", "language", "origin", "care", "ingredients"})


def _images(shown: list[str], before: tuple[PictureInput, ...]) -> tuple[PictureInput, ...]:
    """Those by hash alone first, as where they were put by hand, then the addresses in their order."""
    known = {item.url: item for item in before if item.url}
    named = (typed.picture(line) for line in shown)
    return (*(item for item in before if not item.url), *(replace(known.get(url, PictureInput(url)), alt=alt) for url, alt in named))


def _typed(request: web.Request, product: ProductInput) -> dict[str, str]:
    zone = typed.zone_of(request)
    return {name: getattr(product, name) or "" for name in (*_PLAIN, "handle")} | {
        "tags": ", ".join(product.tags),
        "options": ", ".join(product.options),
        "variants": "\n".join(typed.typed_variant(item) for item in product.variants),
        "images": "\n".join(typed.typed_picture(item.url, item.alt) for item in product.images if item.url),
        "weight": str(product.weight or ""),
        "size": typed.typed_size(product.size),
        "suggested": typed.plain_amounts(product.suggested),
        "volume": typed.plain_amounts(product.volume),
        "translations": "\n".join(typed.typed_translation(item) for item in product.translations),
        "warnings": "\n".join(product.warnings),
        "google_category": str(product.google_category or ""),
        "plans": "\n".join(product.plans),
        "valid_from": typed.typed_moment(product.valid_from, zone),
        "valid_to": typed.typed_moment(product.valid_to, zone),
        "reason": product.withdrawal.reason if product.withdrawal else "",
        "withdrawn_at": typed.typed_moment(product.withdrawal.at, zone) if product.withdrawal else "",
    }


def _list(text: str, mark: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(mark) if item.strip())


ROUTES = (
    web.get(PATH, show),
    web.get(PRODUCT, show_product),
    web.post(PRODUCT, post_product),
    web.post(PRODUCT + "/withdraw", post_withdraw),
)
