"""A merchant's brands: what they have, what of it is offered, and the form that offers a product."""

import re
from decimal import Decimal
from typing import Any

from aiohttp import web

from node.errors import NodeError
from node.model.record_words import words_of
from node.services import product_sheet
from node.services.brand_offers import (
    MOST_ROWS,
    BrandOfferView,
    BrandProductView,
    SkuPrice,
    get_brand_product,
    list_brand_offers,
    list_brand_products,
    offer_product,
    stop_offering,
)
from node.services.brand_plans import BrandPlanView, list_bounds
from node.services.product_sheet import ProductSheet
from node.web.brand import words
from node.web.catalog_parts import TOO_LARGE, is_too_large
from node.web.forms import form_of
from node.web.page import id_in, render, see_other
from node.web.runtime import runtime_of
from node.web.shop_catalog import shop
from protocol.errors import ProtocolError
from protocol.money import exponent

_PRICE = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,4})?")


async def show(request: web.Request) -> web.StreamResponse:
    """GET /merchant/brands?q=."""
    runtime = runtime_of(request)
    identity, _ = await runtime.read(shop)
    q = request.query.get("q", "").strip()[:500]
    products: list[BrandProductView] = await runtime.read(list_brand_products, search=q)
    offers: list[BrandOfferView] = await runtime.read(list_brand_offers)
    return render(
        request,
        "merchant/brands.html",
        section="merchant",
        q=q,
        is_cut=len(products) == MOST_ROWS,
        products=[_product(item) for item in products],
        offers=[_offer(item) for item in offers if item.merchant == identity],
    )


def _product(item: BrandProductView) -> dict[str, Any]:
    state = ("Withdrawn", "stopped") if item.withdrawn else ("Offered", "done") if item.offered else ("Not offered", "waiting")
    href = f"/merchant/brands/{item.product}"
    return {"href": href, "title": item.title, "brand": item.brand_name, "why": item.withdrawn, "state": state}


def _offer(item: BrandOfferView) -> dict[str, Any]:
    state = ("Can't be sold", "stopped") if item.code else ("Sold out", "attention") if item.stock == "out" else ("For sale", "done")
    price = {"minor": item.price, "currency": item.currency}
    return {"title": item.title, "sku": item.sku, "price": price, "bounds": item.bounds, "why": item.refusal, "state": state}


async def show_product(request: web.Request) -> web.StreamResponse:
    """GET /merchant/brands/{product}."""
    item = await _found(request)
    offers = await _offers(request, item)
    usual = "" if item.suggested is None or offers else _typed(item.suggested, item.currency)
    prices = dict.fromkeys(item.skus, usual) | {offer.sku: _typed(offer.price, offer.currency) for offer in offers}
    bounds = next((offer.bounds for offer in offers), item.bounds[0] if item.bounds else "")
    return await _page(request, item, prices, bounds)


async def _offers(request: web.Request, item: BrandProductView) -> list[BrandOfferView]:
    """What this shop asks for it now, in the currency of the form."""
    runtime = runtime_of(request)
    identity, _ = await runtime.read(shop)
    offers: list[BrandOfferView] = await runtime.read(list_brand_offers)
    return [offer for offer in offers if (offer.merchant, offer.product, offer.currency) == (identity, item.product, item.currency)]


async def _found(request: web.Request) -> BrandProductView:
    runtime = runtime_of(request)
    await runtime.read(shop)
    found: BrandProductView = await runtime.read(get_brand_product, product=id_in(request.match_info["product"]))
    return found


async def _page(
    request: web.Request, item: BrandProductView, prices: dict[str, str], bounds: str, errors: dict[str, str] | None = None
) -> web.Response:
    runtime = runtime_of(request)
    sheet: ProductSheet = await runtime.read(product_sheet.get_product, product=bytes.fromhex(item.product))
    known: list[BrandPlanView] = await runtime.read(list_bounds)
    titles = {variant.sku: variant.title for variant in sheet.variants}
    return render(
        request,
        "merchant/brand_product.html",
        section="merchant",
        status=422 if errors else 200,
        errors=errors or {},
        product={
            "title": item.title,
            "brand": item.brand_name,
            "withdrawn": item.withdrawn,
            "currency": item.currency,
            "href": f"/catalog/{item.product}",
        },
        skus=[
            {"name": f"price-{place}", "sku": sku, "title": titles.get(sku, sku), "value": prices.get(sku, "")}
            for place, sku in enumerate(item.skus)
        ],
        suggested=item.suggested is not None,
        terms=[
            {"name": plan.name, "words": words(plan)}
            for plan in known
            if plan.current and plan.brand == item.brand and plan.name in item.bounds
        ],
        bounds=[(name, name) for name in item.bounds],
        chosen=bounds,
        action=request.path,
        stop=f"{request.path}/stop" if item.offered else "",
    )


async def post_product(request: web.Request) -> web.StreamResponse:
    """POST /merchant/brands/{product}: offer it. Fields: price-0 …, bounds."""
    item, given = await _found(request), form_of(request)
    typed = {sku: given[f"price-{place}"].strip() for place, sku in enumerate(item.skus)}
    errors: dict[str, str] = {}
    prices = []
    for place, (sku, text) in enumerate(typed.items()):
        if not text:
            continue
        minor = _minor(text, item.currency)
        if minor is None or minor <= 0:
            otherwise = "Enter a price such as 52 or 52.50, or nothing: it isn't offered then."
            errors[f"price-{place}"] = TOO_LARGE if is_too_large(text) else otherwise
        else:
            prices.append(SkuPrice(sku, minor))
    if not prices and not errors:
        errors["price-0"] = "Say what at least one of them shall cost. To offer none, press “Stop offering it”."
    if errors:
        return await _page(request, item, typed, given["bounds"], errors)
    asked = {"product": bytes.fromhex(item.product), "prices": prices, "bounds": given["bounds"], "only": True}
    try:
        await runtime_of(request).write(offer_product, **asked)
    except (NodeError, ProtocolError) as error:
        return await _page(request, item, typed, given["bounds"], {"": _said(error)})
    return see_other(request, "/merchant/brands", f"{item.title} is offered")


def _said(error: NodeError | ProtocolError) -> str:
    """What a refusal says, with what to do where our plan is what does not fit."""
    text = words_of(error)
    return f"{text} Sign a plan that keeps the brand's bounds, then offer it." if error.code == "outside-bounds" else text


async def post_stop(request: web.Request) -> web.StreamResponse:
    """POST /merchant/brands/{product}/stop."""
    item = await _found(request)
    await runtime_of(request).write(stop_offering, product=bytes.fromhex(item.product))
    return see_other(request, "/merchant/brands", f"{item.title} is offered no more")


def _minor(text: str, currency: str) -> int | None:
    """A typed price in minor units; None for what is no price, or finer than the currency's coins."""
    if not _PRICE.fullmatch(text):
        return None
    minor = Decimal(text.replace(",", ".")).scaleb(exponent(currency))
    return int(minor) if minor % 1 == 0 else None


def _typed(minor: int, currency: str) -> str:
    return f"{Decimal(minor).scaleb(-exponent(currency)):f}"


ROUTES = [
    web.get("/merchant/brands", show),
    web.get("/merchant/brands/{product:[0-9a-f]{64}}", show_product),
    web.post("/merchant/brands/{product:[0-9a-f]{64}}", post_product),
    web.post("/merchant/brands/{product:[0-9a-f]{64}}/stop", post_stop),
]
