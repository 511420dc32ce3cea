"""A brand's own page: what it has, what shops may pay on its products, and the form that signs the next bounds."""

import re
from decimal import Decimal
from typing import Any

from aiohttp import web

from node.model.record_words import words_of
from node.services import browse, peers
from node.services.brand_plans import BrandPlanView, list_bounds, publish_bounds, require_brand
from node.services.browse import FeedView
from node.web import formats
from node.web.catalog_parts import building
from node.web.forms import form_of
from node.web.page import render, see_other
from node.web.runtime import runtime_of
from protocol.errors import ProtocolError

DAY_MS = 86_400_000
_PERCENT = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,2})?")
_FIELDS = ("name", "direct_least", "direct_most", "total_most", "levels_most", "days")
_FIRST = {"name": "standard", "direct_least": "0", "direct_most": "30", "total_most": "40", "levels_most": "3", "days": "14"}


async def show(request: web.Request) -> web.StreamResponse:
    """GET /brand."""
    runtime = runtime_of(request)
    await runtime.read(require_brand)
    known: list[BrandPlanView] = await runtime.read(list_bounds)
    form = _typed(known[0]) if known else _FIRST
    return await _page(request, form)


async def _page(request: web.Request, form: dict[str, str], errors: dict[str, str] | None = None) -> web.Response:
    runtime = runtime_of(request)
    known: list[BrandPlanView] = await runtime.read(list_bounds)
    feeds: list[FeedView] = await runtime.read(browse.list_feeds)
    paired: list[peers.PeerView] = await runtime.read(peers.list_peers)
    return render(
        request,
        "brand/home.html",
        section="brand",
        status=422 if errors else 200,
        errors=errors or {},
        form=form,
        building=building(feeds),
        bounds=[{"title": f"{plan.name}, version {plan.version}", "words": words(plan)} for plan in known if plan.current],
        counts={"products": sum(feed.products for feed in feeds), "shops": sum(peer.role == "merchant" for peer in paired)},
    )


def words(plan: BrandPlanView) -> str:
    """Bounds as a brand would say them."""
    count = plan.levels_most
    levels = f"at most {count} {'level' if count == 1 else 'levels'} above" if count else "no level above"
    earns = f"The seller earns {_percent(plan.direct_least)} to {_percent(plan.direct_most)} %"
    window = formats.span(plan.window_least)
    return f"{earns}, all together {_percent(plan.total_most)} % at most, {levels}; goods may come back for {window} at least"


def _percent(bps: int) -> str:
    return f"{bps / 100:g}"


def _typed(plan: BrandPlanView) -> dict[str, str]:
    rates = {name: _percent(getattr(plan, name)) for name in ("direct_least", "direct_most", "total_most")}
    return {"name": plan.name, **rates, "levels_most": str(plan.levels_most), "days": f"{-(-plan.window_least // DAY_MS)}"}


async def post_bounds(request: web.Request) -> web.StreamResponse:
    """POST /brand: sign the next bounds. Fields: name, direct_least, direct_most, total_most, levels_most, days."""
    given = form_of(request)
    form = {name: given[name].strip() for name in _FIELDS}
    terms, errors = _read(form)
    if errors:
        return await _page(request, form, errors)
    try:
        plan: BrandPlanView = await runtime_of(request).write(publish_bounds, name=form["name"], **terms)
    except ProtocolError as error:
        return await _page(request, form, {"direct_least": words_of(error)})
    return see_other(request, "/brand", f"Version {plan.version} of {plan.name} is signed; your shops receive it")


def _read(form: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    terms: dict[str, Any] = {}
    errors: dict[str, str] = {}
    if not 0 < len(form["name"]) <= 64:
        errors["name"] = "Give these bounds a name of 1 to 64 characters."
    for name in ("direct_least", "direct_most", "total_most"):
        found = Decimal(form[name].replace(",", ".")) if _PERCENT.fullmatch(form[name]) else None
        if found is None or found > 100:
            errors[name] = "Enter a percentage from 0 to 100, such as 20 or 7.5."
        else:
            terms[name] = int(found * 100)
    for name, term, unit, most, what in (("levels_most", "levels_most", 1, 7, "levels"), ("days", "window_least", DAY_MS, 366, "days")):
        if not form[name].isdecimal() or not form[name].isascii() or int(form[name]) > most:
            errors[name] = f"Enter a whole number of {what} from 0 to {most}."
        else:
            terms[term] = int(form[name]) * unit
    return terms, errors


ROUTES = [web.get("/brand", show), web.post("/brand", post_bounds)]
