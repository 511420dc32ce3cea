"""One change to many offers: say which and what, look what it makes of them, draft it."""

import re
from decimal import Decimal
from typing import Any

from aiohttp import web

from node.errors import FieldError, UserError
from node.services import drafts
from node.services.catalog_bulk import BulkEditView, Change, RankChange, Sale, Selection
from node.web import shop_fields as typed
from node.web.forms import form_of
from node.web.page import render, see_other
from node.web.runtime import runtime_of
from node.web.setup import currencies
from node.web.shop_drafts import editing
from node.web.shop_offer import STOCKS, own_plans
from node.web.shop_products import currency_in
from protocol.offer import Stock

PATH = "/merchant/bulk"
LIKE = "2 | -10"
_PERCENT = re.compile(r"[+-]?[0-9]{1,4}(?:[.,][0-9]{1,2})?")
_TIMES = ("valid_from", "valid_to", "available_from", "available_to")
_FORM = (
    "currency", "search", "vendor", "category", "percent", "amount", "ending", "ranks", "end_ranks", "sale", "off", "start", "end",
    "end_sales", "stock", "tax_class", "shipping_profile", "returns", "plan", *_TIMES, "withdraw",
)  # fmt: skip


async def show(request: web.Request) -> web.StreamResponse:
    """GET /merchant/bulk."""
    return await _page(request, dict.fromkeys(_FORM, "") | {"currency": await currency_in(request)})


async def _page(
    request: web.Request, form: dict[str, str], errors: dict[str, str] | None = None, found: BulkEditView | None = None
) -> web.Response:
    runtime, currency = runtime_of(request), form["currency"]
    profiles = await runtime.read(drafts.list_shipping, currency=currency)
    policies = await runtime.read(drafts.list_returns, currency=currency)
    return render(
        request, "merchant/bulk.html", section="merchant", status=422 if errors else 200, errors=errors or {},
        form=form, found=found, currencies=currencies(), stocks=[("", "As it is"), *STOCKS],
        profiles=[("", "As it is"), *((item.name, item.name) for item in profiles)],
        policies=[("", "As it is"), *((item.name, item.name) for item in policies)],
        plans=[("", "As it is"), *((item.plan, f"Version {item.version}") for item in await own_plans(runtime, currency))],
    )  # fmt: skip


async def post(request: web.Request) -> web.StreamResponse:
    """POST /merchant/bulk. Fields as the form's; do: preview, or draft."""
    given = form_of(request)
    form = {name: given[name].strip() for name in _FORM}
    form["currency"] = form["currency"].upper() or await currency_in(request)
    edits, selection = editing(request).catalog_edits, Selection(form["search"], form["vendor"], form["category"])
    try:
        change = _read(request, form)
        if given["do"] != "draft":
            return await _page(request, form, found=await edits.preview_many(form["currency"], selection, change))
        done = await edits.change_many(form["currency"], selection, change)
    except UserError as error:
        return await _page(request, form, typed.errors_of(error))
    return see_other(request, "/merchant/drafts", f"{done.drafts:,} drafts wait. Look at them, then sign.")


def _read(request: web.Request, form: dict[str, str]) -> Change:
    zone, currency, fields = typed.zone_of(request), form["currency"], typed.Fields(form)
    given: dict[str, Any] = {name: fields.read(name, typed.moment, zone) for name in _TIMES}
    given["percent_bps"] = fields.read("percent", _bps) if form["percent"] else None
    amount = fields.read("amount", typed.money, currency) if form["amount"] else None
    given["ending"] = fields.read("ending", _ending)
    given["ranks"] = fields.read("ranks", typed.each, lambda line: _rank(line, currency))
    sale = None
    if form["sale"]:
        off, start, end = fields.read("off", _bps), fields.read("start", typed.moment, zone), fields.read("end", typed.moment, zone)
        fields.check()
        if start is None or end is None or start >= end:
            raise FieldError("Say from when until when the promotion is.", code="bad-time", field="start")
        sale = Sale(form["sale"], off, start, end)
    fields.check()
    return Change(
        amount=amount.minor if amount else None,
        promotion=sale,
        end_promotions=form["end_sales"] == "yes",
        end_ranks=form["end_ranks"] == "yes",
        stock=Stock(form["stock"]) if form["stock"] in tuple(Stock) else None,
        tax_class=form["tax_class"] or None,
        shipping_profile=form["shipping_profile"] or None,
        returns=form["returns"] or None,
        plan=form["plan"] or None,
        withdraw=form["withdraw"] == "yes",
        **given,
    )


def _rank(line: str, currency: str) -> RankChange:
    """“rank | percent | amount | own”, a rank at least."""
    rank, percent, amount, own = typed.parts(line, 2, 4, LIKE)
    if not re.fullmatch("[0-9]{1,3}", rank) or own not in ("", "own"):
        raise UserError(f"{line[:60]!r}: write each line like “{LIKE}”.", code="bad-line")
    added = typed.money(amount, currency).minor if amount else 0
    return RankChange(int(rank), _bps(percent) if percent else 0, added, own == "own")


def _ending(text: str) -> int | None:
    return typed.whole(text.removeprefix("."), "Ending")


def _bps(text: str) -> int:
    if not _PERCENT.fullmatch(text):
        raise UserError(f"{text!r}: enter a percentage, such as 5 or -2.5.", code="bad-amount")
    return int(Decimal(text.replace(",", ".")) * 100)


ROUTES = (web.get(PATH, show), web.post(PATH, post))
