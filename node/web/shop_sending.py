"""How a merchant sends and takes back: shipping profiles and return policies, drafted here and named by offers."""

import re
from decimal import Decimal
from urllib.parse import urlencode

from aiohttp import web

from node.errors import ConflictError, UserError
from node.model.record_words import words_of
from node.services import drafts
from node.web import shop_fields as typed
from node.web.forms import form_of
from node.web.page import render, see_other
from node.web.runtime import runtime_of
from node.web.shop_products import currency_in
from protocol.errors import ProtocolError
from protocol.money import Money
from protocol.operations import Noun
from protocol.return_policy import ReturnCost, ReturnPolicy
from protocol.shipping import Measure, ShippingProfile, Step, Zone

PATH = "/merchant/sending"
LIKE = "Home | DE | weight 1000: 4.90, 5000: 8.90, more: 12.00 | free from 50.00 | 2-4 days | postcodes 10, 11"
_PROFILE, _POLICY = ("name", "zones", "ways"), ("name", "days", "cost", "fee", "conditions")
_DAYS = re.compile(r"(\d{1,3})(?:\s*-\s*(\d{1,3}))?\s*days?")
_REST = "more"


async def show(request: web.Request) -> web.StreamResponse:
    """GET /merchant/sending?currency=: the profiles and policies as they would be."""
    return await _page(request, await currency_in(request))


async def _page(request: web.Request, currency: str, problem: str = "") -> web.Response:
    runtime = runtime_of(request)
    profiles: list[ShippingProfile] = await runtime.read(drafts.list_shipping, currency=currency)
    policies: list[ReturnPolicy] = await runtime.read(drafts.list_returns, currency=currency)
    return render(
        request, "merchant/sending.html", section="merchant", status=422 if problem else 200, currency=currency, problem=problem,
        change_many=f"/merchant/bulk?{urlencode({'currency': currency})}",
        profiles=[{"name": item.name, "href": _href("profile", currency, item.name), "text": profile_words(item)} for item in profiles],
        policies=[{"name": item.name, "href": _href("policy", currency, item.name), "text": policy_words(item)} for item in policies],
        new_profile=_href("profile", currency), new_policy=_href("policy", currency),
    )  # fmt: skip


def profile_words(profile: ShippingProfile) -> str:
    """A profile in a line."""
    if profile.digital:
        return "Digital: nothing is sent"
    found = [zone.name for zone in profile.zones] + (["can be fetched"] if profile.pickup else [])
    return ", ".join(found)


def policy_words(policy: ReturnPolicy) -> str:
    """A policy in a line."""
    if not policy.days:
        return "No returns beyond the law"
    who = "the customer pays" if policy.cost is ReturnCost.CUSTOMER else "you pay"
    fee = f", {policy.fee_bps / 100:g} % of the price are kept" if policy.fee_bps else ""
    return f"{policy.days} days; {who} for sending it back{fee}"


# --- shipping profiles


async def show_profile(request: web.Request) -> web.StreamResponse:
    """GET /merchant/sending/profile?currency=&name=: a profile's form."""
    currency, name = await currency_in(request), request.query.get("name", "")
    known: list[ShippingProfile] = await runtime_of(request).read(drafts.list_shipping, currency=currency)
    found = next((item for item in known if item.name == name), None)
    form = {"name": name, "zones": "", "ways": "send"}
    if found:
        ways = "digital" if found.digital else "pickup" if found.pickup else "send"
        form = {"name": name, "zones": "\n".join(typed_zone(zone, currency) for zone in found.zones), "ways": ways}
    return _profile(request, currency, form, known=found is not None)


def _profile(request: web.Request, currency: str, form: dict[str, str], problem: str = "", *, known: bool = False) -> web.Response:
    return render(
        request, "merchant/profile.html", section="merchant", status=422 if problem else 200, errors={"zones": problem} if problem else {},
        currency=currency, form=form, known=known, like=LIKE, path=PATH,
    )  # fmt: skip


async def post_profile(request: web.Request) -> web.StreamResponse:
    """POST /merchant/sending/profile. Fields: currency, name, zones (one a line), ways (send, pickup, digital)."""
    given = form_of(request)
    currency, form = given["currency"].upper(), {name: given[name].strip() for name in _PROFILE}
    try:
        zones = typed.each(form["zones"], lambda line: zone(line, currency))
        profile = ShippingProfile(form["name"], currency, zones, form["ways"] == "pickup", form["ways"] == "digital")
        await runtime_of(request).write(drafts.save_shipping, currency=currency, profile=profile)
    except (UserError, ProtocolError) as error:
        return _profile(request, currency, form, words_of(error), known=bool(given["known"]))
    return see_other(request, _home(currency), "Kept as a draft. Sign your drafts when they are all there.")


def zone(line: str, currency: str) -> Zone:
    """A zone as one line (LIKE). Raises UserError, ProtocolError."""
    name, where, table, *rest = typed.parts(line, 3, 6, LIKE)
    measure, steps = _table(table, currency)
    free = days = postcodes = ""
    for item in filter(None, rest):
        if item.startswith("free from "):
            free = item.removeprefix("free from ").strip()
        elif item.startswith("postcodes "):
            postcodes = item.removeprefix("postcodes ")
        else:
            days = item
    found = _DAYS.fullmatch(days) if days else None
    if days and found is None:
        raise UserError(f"{days!r}: after the costs stand “free from 50.00”, “2-4 days”, “postcodes 10, 11”.", code="bad-line")
    least, most = (int(found[1]), int(found[2] or found[1])) if found else (None, None)
    countries = () if where == "*" else tuple(code.strip().upper() for code in where.split(",") if code.strip())
    begins = tuple(item.strip().upper().replace(" ", "") for item in postcodes.split(",") if item.strip()) or None
    return Zone(name, countries, measure, steps, begins, typed.money(free, currency).minor if free else None, least, most)


def _table(text: str, currency: str) -> tuple[Measure, tuple[Step, ...]]:
    word, _, rows = text.partition(" ")
    if word not in tuple(Measure) or not rows.strip():
        raise UserError("Costs begin with flat, weight (grams) or price: “flat 4.90” or “weight 1000: 4.90, more: 9.00”.", code="bad-line")
    measure = Measure(word)
    if measure is Measure.FLAT:
        return measure, (Step(typed.money(rows.strip(), currency).minor),)
    steps = []
    for row in rows.split(","):
        upto, _, cost = (part.strip() for part in row.partition(":"))
        bound = None if upto == _REST else _bound(measure, upto, currency)
        steps.append(Step(typed.money(cost, currency).minor, bound))
    return measure, tuple(steps)


def _bound(measure: Measure, text: str, currency: str) -> int:
    return typed.money(text, currency).minor if measure is Measure.PRICE else typed.whole(text, "Grams") or 0


def typed_zone(item: Zone, currency: str) -> str:
    """A zone as it is typed."""

    def cost(minor: int) -> str:
        return typed.plain(Money(minor, currency))

    def bound(upto: int | None) -> str:
        return _REST if upto is None else cost(upto) if item.measure is Measure.PRICE else str(upto)

    if item.measure is Measure.FLAT:
        table = f"flat {cost(item.steps[0].cost)}"
    else:
        table = f"{item.measure} " + ", ".join(f"{bound(step.upto)}: {cost(step.cost)}" for step in item.steps)
    found = [item.name, ", ".join(item.countries) or "*", table]
    found += [f"free from {cost(item.free_from)}"] if item.free_from is not None else []
    if item.days_least is not None or item.days_most is not None:
        found.append(f"{item.days_least or item.days_most}-{item.days_most or item.days_least} days")
    found += [f"postcodes {', '.join(item.postcodes)}"] if item.postcodes else []
    return " | ".join(found)


# --- return policies


async def show_policy(request: web.Request) -> web.StreamResponse:
    """GET /merchant/sending/policy?currency=&name=: a policy's form."""
    currency, name = await currency_in(request), request.query.get("name", "")
    known: list[ReturnPolicy] = await runtime_of(request).read(drafts.list_returns, currency=currency)
    found = next((item for item in known if item.name == name), None)
    form = {"name": name, "days": "30", "cost": "customer", "fee": "0", "conditions": ""}
    if found:
        fee = f"{found.fee_bps / 100:g}"
        form = {"name": name, "days": str(found.days), "cost": found.cost.value, "fee": fee, "conditions": found.conditions}
    return _policy(request, currency, form, known=found is not None)


def _policy(request: web.Request, currency: str, form: dict[str, str], problem: str = "", *, known: bool = False) -> web.Response:
    return render(
        request, "merchant/policy.html", section="merchant", status=422 if problem else 200, errors={"days": problem} if problem else {},
        currency=currency, form=form, known=known, path=PATH,
    )  # fmt: skip


async def post_policy(request: web.Request) -> web.StreamResponse:
    """POST /merchant/sending/policy. Fields: currency, name, days, cost (customer, merchant), fee (percent), conditions."""
    given = form_of(request)
    currency, form = given["currency"].upper(), {name: given[name].strip() for name in _POLICY}
    try:
        if not re.fullmatch(r"[0-9]{1,3}(?:[.,][0-9]{1,2})?", form["fee"] or "0"):
            raise UserError("Enter what is kept as a percentage, such as 0 or 15.", code="bad-number")
        fee = int(Decimal((form["fee"] or "0").replace(",", ".")) * 100)
        cost = ReturnCost.MERCHANT if form["cost"] == "merchant" else ReturnCost.CUSTOMER
        policy = ReturnPolicy(form["name"], typed.whole(form["days"], "Days") or 0, cost, fee, form["conditions"])
        await runtime_of(request).write(drafts.save_returns, currency=currency, policy=policy)
    except (UserError, ProtocolError) as error:
        return _policy(request, currency, form, words_of(error), known=bool(given["known"]))
    return see_other(request, _home(currency), "Kept as a draft. Sign your drafts when they are all there.")


async def post_withdraw(request: web.Request) -> web.StreamResponse:
    """POST /merchant/sending/withdraw. Fields: currency, noun (shipping, returns), name."""
    given = form_of(request)
    noun = Noun.RETURNS if given["noun"] == "returns" else Noun.SHIPPING
    try:
        await runtime_of(request).write(drafts.withdraw, currency=given["currency"], noun=noun, name=given["name"])
    except ConflictError as error:
        return await _page(request, given["currency"], str(error))
    return see_other(request, _home(given["currency"]), "It goes once you sign your drafts")


def _href(kind: str, currency: str, name: str = "") -> str:
    return f"{PATH}/{kind}?{urlencode({'currency': currency, 'name': name})}"


def _home(currency: str) -> str:
    return f"{PATH}?{urlencode({'currency': currency})}"


ROUTES = (
    web.get(PATH, show),
    web.get(PATH + "/profile", show_profile),
    web.post(PATH + "/profile", post_profile),
    web.get(PATH + "/policy", show_policy),
    web.post(PATH + "/policy", post_policy),
    web.post(PATH + "/withdraw", post_withdraw),
)
