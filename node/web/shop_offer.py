"""One offer of a merchant's: prices, promotions, stock, terms; the page drafts, nothing is signed here."""

from typing import Any

from aiohttp import web

from node.errors import NotFound, UserError
from node.services import drafts, plans, shop_terms
from node.services.catalog_inputs import OfferInput
from node.services.plans import PlanView
from node.services.shop_terms import ShopTermsView
from node.web import shop_fields as typed
from node.web.forms import form_of
from node.web.page import render, see_other
from node.web.runtime import Runtime, runtime_of
from node.web.shop_products import currency_in, offer_href, product_href
from protocol.money import Money
from protocol.offer import Stock

PATH = "/merchant/offer"
STOCKS = [("in_stock", "In stock"), ("low", "Few left"), ("out", "Sold out"), ("unknown", "Not said")]
_TIMES = ("valid_from", "valid_to", "available_from", "available_to")
_NUMBERS = {"count": "Pieces", "least": "Least quantity", "most": "Most"}
_FORM = (
    "price", "compare_at", "ranks", "promotions", "stock", "tax_class", "shipping_profile", "returns", "plan", "brand_plan",
    *_NUMBERS, *_TIMES,
)  # fmt: skip


async def show(request: web.Request) -> web.StreamResponse:
    """GET /merchant/offer?currency=&sku=&handle=: an offer's form; `handle` names the product of a new one."""
    currency, sku = await currency_in(request), request.query.get("sku", "")
    before = await _before(request, currency, sku)
    return await _page(request, currency, before, _typed(request, before))


async def _before(request: web.Request, currency: str, sku: str) -> OfferInput:
    try:
        found: OfferInput = await runtime_of(request).read(drafts.get_offer, currency=currency, sku=sku)
    except NotFound:
        return OfferInput(sku, Money(0, currency), request.query.get("handle", ""), stock=Stock.IN_STOCK, tax_class="standard")
    return found


async def _page(
    request: web.Request, currency: str, offer: OfferInput, form: dict[str, str], errors: dict[str, str] | None = None
) -> web.Response:
    runtime = runtime_of(request)
    terms: ShopTermsView = await runtime.read(shop_terms.get_terms)
    profiles = await runtime.read(drafts.list_shipping, currency=currency)
    policies = await runtime.read(drafts.list_returns, currency=currency)
    ours = await own_plans(runtime, currency)
    return render(
        request, "merchant/offer.html", section="merchant", status=422 if errors else 200, errors=errors or {},
        currency=currency, sku=offer.sku, action=offer_href(currency, offer.sku, offer.handle), form=form, stocks=STOCKS,
        taxes=[("", "Standard"), *((item.name, item.name) for item in terms.taxes)],
        profiles=[("", "At your shop's flat price"), *((item.name, item.name) for item in profiles)],
        policies=[("", "None said"), *((item.name, item.name) for item in policies)],
        plans=[("", "The newest"), *((plan.plan, f"Version {plan.version}") for plan in ours)], brand=offer.brand_handle,
        back=product_href(currency, offer.handle) if offer.handle else "/merchant/brands",
    )  # fmt: skip


async def own_plans(runtime: Runtime, currency: str) -> list[PlanView]:
    """The desk's own plans of a currency, the newest first."""
    known: list[PlanView] = await runtime.read(plans.list_plans)
    identity = await runtime.read(lambda unit: unit.me.identity.hex())
    return [plan for plan in known if plan.merchant == identity and plan.currency == currency]


async def post(request: web.Request) -> web.StreamResponse:
    """POST /merchant/offer?currency=&sku=&handle=: draft it. Fields as the form's."""
    runtime, given = runtime_of(request), form_of(request)
    currency, sku = await currency_in(request), request.query.get("sku", "")
    before = await _before(request, currency, sku)
    form = {name: given[name].strip() for name in _FORM}
    try:
        saved = await runtime.write(drafts.save_offer, currency=currency, offer=_read(request, form, before, currency))
    except UserError as error:
        return await _page(request, currency, before, form, typed.errors_of(error))
    text = "Kept as a draft. Sign your drafts when they are all there." if saved.changes else "That is what is signed already."
    return see_other(request, offer_href(currency, sku, before.handle), text)


def _read(request: web.Request, form: dict[str, str], before: OfferInput, currency: str) -> OfferInput:
    zone, fields = typed.zone_of(request), typed.Fields(form)
    times = {name: fields.read(name, typed.moment_over, getattr(before, name), zone) for name in _TIMES}
    given: dict[str, Any] = times | {name: fields.read(name, typed.whole, words) for name, words in _NUMBERS.items()}
    price = fields.read("price", typed.money, currency)
    given["compare_at"] = fields.read("compare_at", typed.money, currency) if form["compare_at"] else None
    given["ranks"] = fields.read("ranks", typed.each, lambda line: typed.rank_price(line, currency))
    given["promotions"] = fields.read("promotions", typed.each, lambda line: typed.promotion(line, currency, zone, before.promotions))
    fields.check()
    return OfferInput(
        before.sku,
        price,
        before.handle,
        stock=Stock(form["stock"]) if form["stock"] in tuple(Stock) else Stock.UNKNOWN,
        tax_class=form["tax_class"],
        shipping_profile=form["shipping_profile"],
        returns=form["returns"] or None,
        plan=form["plan"],
        brand_feed=before.brand_feed,
        brand_handle=before.brand_handle,
        brand_plan=form["brand_plan"] or before.brand_plan,
        **given | {"valid_from": times["valid_from"] or 0},
    )


def _typed(request: web.Request, offer: OfferInput) -> dict[str, str]:
    zone = typed.zone_of(request)
    form = {name: typed.typed_moment(getattr(offer, name), zone) for name in _TIMES}
    form |= {name: "" if getattr(offer, name) is None else str(getattr(offer, name)) for name in _NUMBERS}
    return form | {
        "price": typed.plain(offer.price) if offer.price.minor else "",
        "compare_at": typed.plain(offer.compare_at) if offer.compare_at else "",
        "ranks": "\n".join(f"{item.min_rank} | {typed.plain(item.price)}" for item in offer.ranks),
        "promotions": "\n".join(typed.typed_promotion(item, zone) for item in offer.promotions),
        "stock": offer.stock.value,
        "tax_class": offer.tax_class,
        "shipping_profile": offer.shipping_profile,
        "returns": offer.returns or "",
        "plan": offer.plan,
        "brand_plan": offer.brand_plan,
    }


ROUTES = (web.get(PATH, show), web.post(PATH, post))
