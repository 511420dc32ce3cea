"""A merchant's commission plan: what it says now, in words, and the form that signs the next version."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

from aiohttp import web

from node.errors import UserError
from node.model.record_words import words_of
from node.services import plans
from node.services.plans import PlanView
from node.web import formats
from node.web.forms import Form, form_of
from node.web.page import render, see_other
from node.web.runtime import runtime_of
from node.web.setup import currencies
from node.web.shop_catalog import shop
from protocol.errors import ProtocolError
from protocol.money import exponent
from protocol.plan import LONGEST_HOLD_MS, MOST_LEVELS

DAY_MS = 86_400_000
CAP_BPS = 5_000
LEAST_LEVELS = 3  # fields shown, also where a plan has fewer
_DECIMAL = re.compile(r"[0-9]{1,9}(?:[.,][0-9]{1,18})?")
_PERCENT = "Enter a percentage from 0 to 100, such as 20 or 7.5."


@dataclass(frozen=True, slots=True)
class _Terms:
    """A form read: basis points, milliseconds, GMS base units per minor unit."""

    direct: int
    levels: list[int]
    window: int
    rate: int


async def show(request: web.Request) -> web.StreamResponse:
    """GET /merchant/plan?currency=."""
    current, own = await _current(request)
    currency = request.query.get("currency", own)
    return _page(request, current, _typed(current.get(currency), currency))


async def _current(request: web.Request) -> tuple[dict[str, PlanView], str]:
    """Our newest plan of each currency, and the currency chosen at set-up."""
    runtime = runtime_of(request)
    identity, currency = await runtime.read(shop)
    known: list[PlanView] = await runtime.read(plans.list_plans)
    ours = sorted((plan for plan in known if plan.merchant == identity), key=lambda plan: plan.version)
    return {plan.currency: plan for plan in ours}, currency


def _page(
    request: web.Request, current: Mapping[str, PlanView], form: dict[str, str], errors: dict[str, str] | None = None
) -> web.Response:
    shown = [{"title": f"{plan.currency}, version {plan.version}", "words": words(plan)} for _, plan in sorted(current.items())]
    levels = sum(name.startswith("level-") for name in form)
    return render(
        request,
        "merchant/plan.html",
        section="merchant",
        status=422 if errors else 200,
        errors=errors or {},
        plans=shown,
        form=form,
        levels=levels,
        cap=f"{_percent(_cap(current.get(form['currency'])))} %",
        currencies=currencies(),
    )


def words(plan: PlanView) -> str:
    """A plan as its merchant would say it."""
    above = ["the sponsor above", *["the next one above"] * len(plan.level_bps)]
    earns = [f"The seller earns {_percent(plan.direct_bps)} %"]
    earns += [f"{who} {_percent(bps)} %" for who, bps in zip(above, plan.level_bps, strict=False)]
    rate = formats.gms_exact(int(plan.gms_rate) * 10 ** exponent(plan.currency))
    wait = formats.span(max(plan.return_window_ms, plan.hold_ms))
    return f"{', '.join(earns)}; payable {wait} after delivery; 1 {plan.currency} = {rate}"


def _cap(before: PlanView | None) -> int:
    return before.cap_bps if before else CAP_BPS


def _percent(bps: int) -> str:
    return f"{bps / 100:g}"


def _plain(value: Decimal) -> str:
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"


def _typed(plan: PlanView | None, currency: str) -> dict[str, str]:
    """The form with the plan's own terms; where there is none, with those that most shops have."""
    rates = plan.level_bps if plan else ()
    form = {f"level-{number}": "" for number in range(1, max(LEAST_LEVELS, len(rates)) + 1)}
    form |= {f"level-{number}": _percent(bps) for number, bps in enumerate(rates, 1)}
    if plan is None:
        return {"currency": currency, "direct": "", "days": "14", "rate": "1", **form}
    days = round(Decimal(plan.return_window_ms) / DAY_MS, 9)
    with localcontext(prec=60):
        rate = Decimal(int(plan.gms_rate) * 10 ** exponent(currency)).scaleb(-formats.GMS_DIGITS)
    return {"currency": currency, "direct": _percent(plan.direct_bps), "days": _plain(days), "rate": _plain(rate), **form}


async def post(request: web.Request) -> web.StreamResponse:
    """POST /merchant/plan: sign the next version. Fields: currency, direct, level-1 …, days, rate."""
    current, _ = await _current(request)
    form = _given(form_of(request))
    terms, errors = _read(form)
    if terms is None:
        return _page(request, current, form, errors)
    before = current.get(form["currency"])
    try:
        plan: PlanView = await runtime_of(request).write(
            plans.publish_plan,
            currency=form["currency"],
            direct_bps=terms.direct,
            level_bps=terms.levels,
            return_window_ms=terms.window,
            hold_ms=before.hold_ms if before else 0,
            gms_rate=str(terms.rate),
            cap_bps=_cap(before),
        )
    except (UserError, ProtocolError) as error:
        return _page(request, current, form, _refused(error, terms, before))
    return see_other(request, "/merchant/plan", f"Version {plan.version} for {plan.currency} is signed")


def _given(form: Form) -> dict[str, str]:
    names = [f"level-{number}" for number in range(1, MOST_LEVELS + 1)]
    shown = [name for place, name in enumerate(names) if place < LEAST_LEVELS or form.all(name)]
    typed = {name: form[name].strip() for name in ("direct", *shown, "days", "rate")}
    return {"currency": form["currency"].strip().upper(), **typed}


def _refused(error: UserError | ProtocolError, terms: _Terms, before: PlanView | None) -> dict[str, str]:
    if error.code == "plan-cap":
        together, cap = terms.direct + sum(terms.levels), _cap(before)
        return {"direct": f"Together these are {_percent(together)} %. A plan pays {_percent(cap)} % at most: lower a rate."}
    return {"rate" if error.code == "plan-rate" else "": words_of(error)}


# --- reading what was typed


def _read(form: Mapping[str, str]) -> tuple[_Terms | None, dict[str, str]]:
    known = form["currency"] in dict(currencies())
    direct, window = _bps(form["direct"]), _window(form["days"])
    rate = _rate(form["rate"], form["currency"]) if known else 1
    levels, errors = _levels(form)
    said = {
        "currency": "" if known else "Choose a currency from the list.",
        "direct": _PERCENT if direct is None else "",
        "days": "Enter the days from 0 to 366, such as 14." if window is None else "",
        "rate": "Enter an amount above zero, such as 1 or 0.5." if rate is None else "",
    }
    errors = {**{name: text for name, text in said.items() if text}, **errors}
    if errors or direct is None or window is None or rate is None:
        return None, errors
    return _Terms(direct, levels, window, rate), {}


def _levels(form: Mapping[str, str]) -> tuple[list[int], dict[str, str]]:
    """The rates of the levels; empty fields after the last one are no levels."""
    texts = [text for name, text in form.items() if name.startswith("level-")]
    while texts and not texts[-1]:
        texts.pop()
    read = [_bps(text) for text in texts]
    wrong = {
        f"level-{number}": _PERCENT if text else "Enter this level's percentage too, or 0: a higher level has one."
        for number, (text, bps) in enumerate(zip(texts, read, strict=True), 1)
        if bps is None
    }
    return [bps for bps in read if bps is not None], wrong


def _number(text: str) -> Decimal | None:
    return Decimal(text.replace(",", ".")) if _DECIMAL.fullmatch(text) else None


def _bps(text: str) -> int | None:
    percent = _number(text)
    if percent is None or percent > 100 or percent * 100 % 1:
        return None
    return int(percent * 100)


def _window(text: str) -> int | None:
    days = _number(text)
    if days is None or days * DAY_MS > LONGEST_HOLD_MS:
        return None
    return round(days * DAY_MS)


def _rate(text: str, currency: str) -> int | None:
    """GMS for one unit of money → base units for its smallest coin; None for what is not above zero or not whole in base units."""
    amount: Any = _number(text)
    base = amount.scaleb(formats.GMS_DIGITS - exponent(currency)) if amount else None
    return int(base) if base and base % 1 == 0 else None


ROUTES = [web.get("/merchant/plan", show), web.post("/merchant/plan", post)]
