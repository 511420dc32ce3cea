"""A shop's terms: taxes, the flat price of sending, how long a quote holds, the words of its terms."""

import re
from collections.abc import Mapping
from decimal import Decimal

from aiohttp import web

from node.errors import UserError
from node.services import shop_terms
from node.services.shop_terms import ShopTermsView, TaxClass
from node.web.catalog_parts import TOO_LARGE, is_too_large
from node.web.forms import form_of
from node.web.page import render, see_other
from node.web.runtime import runtime_of
from node.web.shop_catalog import shop
from protocol.money import exponent

PATH = "/merchant/terms"
_RATE = re.compile(r"(?P<name>.*\S)\s+(?P<rate>[0-9]{1,3}(?:[.,][0-9]{1,2})?)\s*%?")
_AMOUNT = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,3})?")
_FIELDS = {"bad-tax": "taxes", "bad-amount": "shipping", "bad-time": "minutes", "too-long": "terms"}


async def show(request: web.Request) -> web.StreamResponse:
    """GET /merchant/terms."""
    runtime = runtime_of(request)
    _, currency = await runtime.read(shop)
    found: ShopTermsView = await runtime.read(shop_terms.get_terms)
    return _page(request, currency, _typed(found, currency))


def _page(request: web.Request, currency: str, form: Mapping[str, str], errors: dict[str, str] | None = None) -> web.Response:
    status = 422 if errors else 200
    return render(request, "merchant/terms.html", section="merchant", status=status, currency=currency, form=form, errors=errors or {})


def _typed(view: ShopTermsView, currency: str) -> dict[str, str]:
    taxes = "\n".join(f"{item.name} {item.bps / 100:g}" for item in view.taxes)
    shipping = f"{Decimal(view.shipping).scaleb(-exponent(currency)):f}"
    return {"taxes": taxes, "shipping": shipping, "minutes": str(view.quote_minutes), "terms": view.terms}


async def post(request: web.Request) -> web.StreamResponse:
    """POST /merchant/terms. Fields: taxes (a class and its percentage on each line), shipping, minutes, terms."""
    runtime, given = runtime_of(request), form_of(request)
    _, currency = await runtime.read(shop)
    form = {name: given[name].strip() for name in ("taxes", "shipping", "minutes", "terms")}
    taxes = [_RATE.fullmatch(line.strip()) for line in form["taxes"].splitlines() if line.strip()]
    shipping = _minor(form["shipping"], currency)
    otherwise = f"Enter an amount in {currency}, such as 4.90 or 0."
    said = {
        "taxes": "Write a class and its percentage on each line, such as: standard 19" if None in taxes else "",
        "shipping": "" if shipping is not None else TOO_LARGE if is_too_large(form["shipping"]) else otherwise,
        "minutes": "" if re.fullmatch(r"[0-9]{1,5}", form["minutes"]) else "Enter whole minutes, such as 15.",
    }
    errors = {name: text for name, text in said.items() if text}
    if errors or shipping is None:
        return _page(request, currency, form, errors)
    classes = [TaxClass(found["name"], int(Decimal(found["rate"].replace(",", ".")) * 100)) for found in taxes if found]
    try:
        await runtime.write(shop_terms.set_terms, taxes=classes, shipping=shipping, quote_minutes=int(form["minutes"]), terms=form["terms"])
    except UserError as error:
        return _page(request, currency, form, {_FIELDS.get(error.code, "taxes"): str(error)})
    return see_other(request, PATH, "Your terms hold for quotes from now on")


def _minor(text: str, currency: str) -> int | None:
    """An amount in minor units; None for what is none, or finer than the currency's smallest coin."""
    if not _AMOUNT.fullmatch(text):
        return None
    amount = Decimal(text.replace(",", ".")).scaleb(exponent(currency))
    return int(amount) if amount % 1 == 0 else None


ROUTES = (web.get(PATH, show), web.post(PATH, post))
