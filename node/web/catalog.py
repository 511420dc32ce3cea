"""One product of the catalog, with its prices and what they earn. Pictures are only those this desk serves itself.

A picture on a shop's server is not fetched: opening the page would tell that server who looks at what, and when.
"""

from typing import Any

from aiohttp import web

from node.services import browse, customer_search, plans
from node.services.browse import FeedView, ProductView, VariantView
from node.web import formats
from node.web.catalog_parts import STOCK, large, picture, small
from node.web.page import id_in, render
from node.web.runtime import runtime_of

MOST_CUSTOMERS = 200
_METHODS = [
    ("post", "By post", "The shop asks you for the address when it ships"),
    ("pickup", "Handed over", "You or the shop hand it over"),
]


def _was(variant: VariantView) -> dict[str, Any] | None:
    return None if variant.compare_at is None else {"minor": variant.compare_at, "currency": variant.currency}


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
            "picture": large(product.id, product.pictures[0]) if product.pictures else picture(product.id, product.images, ()),
            "pictures": [(item.hash, small(product.id, item)) for item in product.pictures],
            "ours": ours,
            "merchant": product.merchant_name,
            "brand": product.vendor or product.merchant_name,
            "as_of": product.as_of,
            "signed": any(feed.verified for feed in feeds if feed.feed == product.feed),
            "codes": sorted({item.gtin for item in product.variants if item.gtin}),
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
        "stock": STOCK["out" if variant.refusal else variant.stock],
        "why": variant.refusal,
        "earn": earn,
    }


def _earn(variant: VariantView, plan: plans.PlanView) -> str:
    minor = variant.price * plan.direct_bps // 10_000
    gms = variant.price * plan.direct_bps * int(plan.gms_rate) // 10_000
    return f"You earn {formats.money({'minor': minor, 'currency': variant.currency})} = {formats.gms(gms)}"


ROUTES = (web.get("/catalog/{product:[0-9a-f]{64}}", show_product),)
