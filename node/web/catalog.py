"""The catalog: products to sell with their prices and what they earn. Pictures are only those this desk serves itself.

A picture on a shop's server is not fetched: opening the page would tell that server who looks at what, and when.
"""

import re
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web

from node.errors import NotFound
from node.services import browse, customer_search, customers, plans
from node.services.browse import FeedView, ProductView, VariantView
from node.web import formats
from node.web.page import id_in, render
from node.web.runtime import runtime_of

PAGE = 24
MOST_CUSTOMERS = 200
_OWN_PICTURE = re.compile(r"/static/sample/[a-z0-9-]+\.(?:svg|png|webp|avif)\Z")
_STOCK = {"in_stock": ("In stock", "done"), "low": ("Few left", "attention"), "out": ("Sold out", "stopped"), "unknown": ("Ask", "waiting")}
_METHODS = [
    ("post", "By post", "The shop asks you for the address when it ships"),
    ("pickup", "Handed over", "You or the shop hand it over"),
]


async def show_list(request: web.Request) -> web.StreamResponse:
    """GET /catalog?q=&cursor=&customer=."""
    runtime, text = runtime_of(request), request.query.get("q", "")
    cursor, customer = request.query.get("cursor", ""), request.query.get("customer", "")
    page: browse.ProductPage = await runtime.read(browse.list_products, search=text, cursor=cursor, limit=PAGE)
    feeds: list[FeedView] = await runtime.read(browse.list_feeds)
    query = {name: value for name, value in (("q", text), ("cursor", page.cursor), ("customer", customer)) if value}
    shown = [_tile(product, customer) for product in page.products if product.variants]
    pages = {
        "text": f"{len(shown)} shown",
        "previous": "/catalog" + (f"?customer={quote(customer)}" if customer else "") if cursor else None,
        "next": "/catalog?" + urlencode(query) if page.cursor else None,
    }
    return render(
        request,
        "catalog/list.html",
        section="catalog",
        q=text,
        products=shown,
        merchants=[],
        merchant="",
        total=sum(feed.products for feed in feeds),
        as_of=max((feed.as_of for feed in feeds), default=0) or None,
        customer=await _customer(request, customer),
        pages=pages,
    )


async def _customer(request: web.Request, customer: str) -> dict[str, str] | None:
    if not re.fullmatch(r"[0-9a-f]{64}", customer):
        return None
    try:
        found = await runtime_of(request).read(customers.get_customer, customer=bytes.fromhex(customer))
    except NotFound:
        return None
    return {"id": customer, "name": found.name}


def _tile(product: ProductView, customer: str) -> dict[str, Any]:
    first = min(product.variants, key=lambda variant: (variant.stock == "out", variant.price))
    return {
        "href": f"/catalog/{product.id}" + (f"?customer={quote(customer)}" if customer else ""),
        "title": product.title,
        "picture": picture(product.images),
        "price": {"minor": first.price, "currency": first.currency},
        "was": _was(first),
        "merchant": product.merchant_name,
        "stock": _STOCK[first.stock],
    }


def _was(variant: VariantView) -> dict[str, Any] | None:
    return None if variant.compare_at is None else {"minor": variant.compare_at, "currency": variant.currency}


def picture(images: tuple[str, ...]) -> str | None:
    """The first picture that this desk serves itself."""
    return next((image for image in images if _OWN_PICTURE.match(image)), None)


async def show_product(request: web.Request) -> web.StreamResponse:
    """GET /catalog/{product}?customer=."""
    runtime = runtime_of(request)
    product: ProductView = await runtime.read(browse.get_product, product=id_in(request.match_info["product"]))
    known: list[plans.PlanView] = await runtime.read(plans.list_plans)
    feeds: list[FeedView] = await runtime.read(browse.list_feeds)
    ours = any(feed.own for feed in feeds if feed.feed == product.feed)
    people: customer_search.CustomerPage = await runtime.read(customer_search.list_customers, limit=MOST_CUSTOMERS)
    chosen = request.query.get("customer", "")
    return render(
        request,
        "catalog/product.html",
        section="catalog",
        product={
            "id": product.id,
            "title": product.title,
            "text": product.description,
            "picture": picture(product.images),
            "merchant": product.merchant_name,
            "brand": product.vendor or product.merchant_name,
            "as_of": product.as_of,
            "signed": any(feed.verified for feed in feeds if feed.feed == product.feed),
            "variants": [_variant(item, {plan.plan: plan for plan in known}, ours=ours) for item in product.variants],
        },
        customers=[(row.id, row.name) for row in people.customers],
        methods=[] if ours else _METHODS,
        form={"customer": chosen, "method": "post"},
    )


def _variant(variant: VariantView, known: dict[str, plans.PlanView], *, ours: bool) -> dict[str, Any]:
    plan = known.get(variant.plan)
    earn = "" if plan is None or ours else _earn(variant, plan)
    return {
        "sku": variant.sku,
        "title": variant.title,
        "price": {"minor": variant.price, "currency": variant.currency},
        "was": _was(variant),
        "stock": _STOCK[variant.stock],
        "earn": earn,
    }


def _earn(variant: VariantView, plan: plans.PlanView) -> str:
    minor = variant.price * plan.direct_bps // 10_000
    gms = variant.price * plan.direct_bps * int(plan.gms_rate) // 10_000
    return f"You earn {formats.money({'minor': minor, 'currency': variant.currency})} = {formats.gms(gms)}"


ROUTES = (
    web.get("/catalog", show_list),
    web.get("/catalog/{product:[0-9a-f]{64}}", show_product),
)
