"""One product of the catalog: all that is said of it, with its prices and what they earn. Pictures are only those this desk serves itself.

A picture on a shop's server is not fetched: opening the page would tell that server who looks at what, and when.
"""

from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from babel import Locale, UnknownLocaleError

from node.services import browse, customer_search, plans, product_sheet
from node.services.browse import FeedView
from node.services.product_sheet import ProductSheet, ReturnsView, SheetVariant
from node.web import formats
from node.web import sheet_words as words
from node.web.catalog_parts import STOCK, large, picture, small
from node.web.lookouts import watch_href
from node.web.page import GATE, id_in, render
from node.web.runtime import runtime_of

MOST_CUSTOMERS = 200
_METHODS = [
    ("post", "By post", "The shop asks you for the address when it ships"),
    ("pickup", "Handed over", "You or the shop hand it over"),
]


async def show_product(request: web.Request) -> web.StreamResponse:
    """GET /catalog/{product}?customer=&merchant=&language=."""
    runtime = runtime_of(request)
    viewer, reader = request.app[GATE].viewer(), formats.reader_var.get()
    asked = {name: request.query.get(name, "") for name in ("customer", "merchant", "language")}
    product: ProductSheet = await runtime.read(
        product_sheet.get_product,
        product=id_in(request.match_info["product"]),
        merchant=id_in(asked["merchant"]) if asked["merchant"] else None,
        language=asked["language"] or (viewer.locale if viewer else "en"),
    )
    known: list[plans.PlanView] = await runtime.read(plans.list_plans)
    feeds: list[FeedView] = await runtime.read(browse.list_feeds)
    ours = any(feed.own for feed in feeds if feed.feed == product.feed)
    people: customer_search.CustomerPage = await runtime.read(customer_search.list_customers, limit=MOST_CUSTOMERS)
    currency = next((feed.currency for feed in feeds if feed.feed == product.feed), "")
    branded = any(item.brand_plan for item in product.variants)
    sellable = any(item.price is not None for item in product.variants) and not product.withdrawn
    return render(
        request,
        "catalog/product.html",
        section="catalog",
        product={
            "id": product.id,
            "title": product.title,
            "text": product.description,
            "picture": large(product.id, product.pictures[0]) if product.pictures else picture(product.id, product.images, ()),
            "alt": product.pictures[0].alt if product.pictures else "",
            "pictures": [(item.hash, small(product.id, item)) for item in product.pictures],
            "ours": ours and not branded,
            "offer": f"/merchant/brands/{product.id}" if ours and branded else "",
            "watch": None if ours else watch_href(product.id, product.feed),
            "merchant": product.merchant_name,
            "merchant_id": product.merchant,
            "edit": f"/merchant/product?{urlencode({'currency': currency, 'handle': product.handle})}",
            "recall": f"/catalog/withdrawals?{urlencode({'handle': product.handle})}",
            "brand": product.vendor or product.merchant_name,
            "as_of": product.as_of,
            "signed": any(feed.verified for feed in feeds if feed.feed == product.feed),
            "codes": _codes(product) if viewer is None or viewer.role != "brand" else [],
            "withdrawn": product.withdrawn,
            "withdrawn_at": product.withdrawn_at,
            "warnings": product.warnings,
            "facts": words.facts(product, reader.now),
            "articles": [words.article(item) for item in product.variants],
            "sending": words.sending(product.shipping, flat=product.flat),
            "returns": [_returns(item) for item in product.returns],
            "languages": _languages(product, asked),
            "shops": [_shop(product.id, item, asked) for item in product.shops],
            "variants": [_variant(item, {plan.plan: plan for plan in known}, reader.now, ours=ours) for item in product.variants],
        },
        customers=[(row.id, row.name) for row in people.customers],
        methods=_METHODS if sellable and not ours else [],
        form={"customer": asked["customer"], "method": "post"},
    )


def _codes(product: ProductSheet) -> list[tuple[str, str]]:
    """Each GTIN, and the variant that bears it; "" where that is all there is."""
    found = {item.gtin: item.title or item.sku for item in product.variants if item.gtin}
    return [(code, title if len(product.variants) > 1 else "") for code, title in found.items()]


def _returns(item: ReturnsView) -> str:
    if not item.days:
        return f"No returns beyond the law. {item.conditions}".strip()
    payer = "the shop" if item.cost == "merchant" else "the customer"
    kept = f" {item.fee_bps / 100:g} % of the price are kept." if item.fee_bps else ""
    return f"Within {item.days} days of delivery; {payer} pays for sending it back.{kept} {item.conditions}".strip()


def _languages(product: ProductSheet, asked: dict[str, str]) -> list[dict[str, Any]]:
    """The languages to read it in, where there is a choice."""
    if len(product.languages) < 2:
        return []
    return [
        {"text": _language(tag), "tag": tag, "here": tag == product.language, "href": _href(product.id, {**asked, "language": tag})}
        for tag in product.languages
    ]


def _language(tag: str) -> str:
    """A language by its own name."""
    try:
        return str(Locale.parse(tag.replace("-", "_")).get_display_name() or tag).capitalize()
    except (ValueError, UnknownLocaleError):
        return tag


def _shop(product: str, item: product_sheet.ShopView, asked: dict[str, str]) -> dict[str, Any]:
    price = {"minor": item.price, "currency": item.currency}
    return {
        "name": item.merchant_name,
        "price": price,
        "stock": STOCK[item.stock],
        "href": _href(product, {**asked, "merchant": item.merchant}),
    }


def _href(product: str, asked: dict[str, str]) -> str:
    given = {name: value for name, value in asked.items() if value}
    return f"/catalog/{product}" + (f"?{urlencode(given)}" if given else "")


def _variant(variant: SheetVariant, known: dict[str, plans.PlanView], now: int, *, ours: bool) -> dict[str, Any]:
    plan = known.get(variant.plan)
    offered = variant.price is not None
    return {
        "sku": variant.sku,
        "title": variant.title,
        "price": {"minor": variant.price, "currency": variant.currency} if offered else None,
        "was": _was(variant),
        "stock": STOCK["out" if variant.refusal else variant.stock] if offered else ("Not offered", "waiting"),
        "why": variant.refusal,
        "notes": words.notes(variant, now),
        "least": variant.least,
        "earn": "" if plan is None or ours else _earn(variant, plan),
    }


def _was(variant: SheetVariant) -> dict[str, Any] | None:
    """The price it is lower than now: the one before a sale, else the list price that a promotion or a rank undercuts."""
    higher = [minor for minor in (variant.compare_at, variant.listed) if minor is not None and minor > (variant.price or 0)]
    return {"minor": max(higher), "currency": variant.currency} if higher and variant.price is not None else None


def _earn(variant: SheetVariant, plan: plans.PlanView) -> str:
    gms = (variant.price or 0) * variant.earns_bps * int(plan.gms_rate) // 10_000
    return f"You earn {formats.money({'minor': variant.earns, 'currency': variant.currency})} = {formats.gms(gms)}"


ROUTES = (web.get("/catalog/{product:[0-9a-f]{64}}", show_product),)
