"""Set-up in four steps: who you are, your words (fresh, or your own typed), their check, a passphrase. Nothing is kept before the last one.

So a closed tab leaves nothing half made, and the passphrase is never held: the words wait in the session until it arrives.
"""

import os
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zoneinfo import available_timezones

from aiohttp import web

from node.errors import UserError
from node.model.identity import Founder, Sheets
from node.services import today
from node.web.forms import Form, form_of
from node.web.page import GATE, render, see_other, session_of
from node.web.runtime import runtime_of
from protocol.identity import Role

TOTAL = 4
ASKED = 3
_SCRATCH = "setup"
_LONGEST_NAME = 64
_CURRENCIES = (
    "USD", "EUR", "GBP", "AED", "ARS", "AUD", "BDT", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK",
    "EGP", "GHS", "HKD", "HUF", "IDR", "ILS", "INR", "JPY", "KES", "KRW", "LKR", "MAD", "MXN", "MYR", "NGN", "NOK",
    "NZD", "PEN", "PHP", "PKR", "PLN", "RON", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "VND", "ZAR",
)  # fmt: skip
_REGIONS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


@dataclass(slots=True)
class Begun:
    """What the session keeps between the steps."""

    founder: Founder
    zone: str
    sheets: Sheets
    asked: list[int]
    own: bool = False
    """The first sheet was typed: only what is fresh is shown and checked."""
    checked: bool = False

    @property
    def fresh(self) -> list[str]:
        """The words to be written down and checked."""
        return (self.sheets.rotation if self.own else self.sheets.recovery).split()


@cache
def currencies() -> list[tuple[str, str]]:
    """(code, "Euro (EUR)") with the commonest first."""
    from babel.numbers import get_currency_name

    return [(code, f"{get_currency_name(code, locale='en')} ({code})") for code in _CURRENCIES]


@cache
def zones() -> list[tuple[str, str]]:
    """(name, "Madrid, Europe"), by region."""
    places = sorted(name for name in available_timezones() if name.startswith(_REGIONS))
    return [("UTC", "UTC"), *((name, name.replace("_", " ").replace("/", " / ")) for name in places)]


def own_zone() -> str:
    """The zone of this computer's clock; UTC when it does not say."""
    told = os.environ.get("TZ", "").removeprefix(":") or str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    return told if told in available_timezones() else "UTC"


async def show_start(request: web.Request) -> web.StreamResponse:
    """GET /setup."""
    begun = _begun(request)
    founder = begun.founder if begun else Founder("", Role.SELLER, "USD")
    zone = begun.zone if begun else own_zone()
    return _start(request, {"name": founder.name, "role": founder.role.value, "currency": founder.currency, "zone": zone})


def _start(request: web.Request, form: dict[str, str], errors: dict[str, str] | None = None) -> web.Response:
    status = 422 if errors else 200
    values = {"step": 1, "total": TOTAL, "form": form, "currencies": currencies(), "zones": zones()}
    return render(request, "setup/start.html", status=status, errors=errors or {}, **values)


async def post_start(request: web.Request) -> web.StreamResponse:
    """POST /setup: name, role, currency, zone."""
    form = form_of(request)
    given = {name: form[name].strip() for name in ("name", "role", "currency", "zone")}
    errors = _wrong(given)
    if errors:
        return _start(request, given, errors)
    before = _begun(request)
    founder = Founder(given["name"], Role(given["role"]), given["currency"])
    if before:
        before.founder, before.zone = founder, given["zone"]
    else:
        sheets = runtime_of(request).new_words()
        session_of(request).scratch[_SCRATCH] = Begun(founder, given["zone"], sheets, _asked(sheets.recovery))
    return see_other(request, "/setup/words")


def _asked(phrase: str) -> list[int]:
    return sorted(secrets.SystemRandom().sample(range(1, len(phrase.split()) + 1), ASKED))


def _wrong(given: dict[str, str]) -> dict[str, str]:
    errors = {}
    if given["role"] not in tuple(Role):
        errors["role"] = "Choose what you do"
    if not 0 < len(given["name"]) <= _LONGEST_NAME:
        errors["name"] = "Enter a name of 1 to 64 characters"
    if given["currency"] not in _CURRENCIES:
        errors["currency"] = "Choose a currency from the list"
    if given["zone"] not in available_timezones():
        errors["zone"] = "Choose a time zone from the list"
    return errors


async def show_words(request: web.Request) -> web.StreamResponse:
    """GET /setup/words."""
    begun = _begun(request)
    if begun is None:
        return see_other(request, "/setup")
    words, rotation = [] if begun.own else begun.fresh, begun.sheets.rotation.split()
    return render(request, "setup/words.html", step=2, total=TOTAL, words=words, rotation=rotation)


async def post_words(request: web.Request) -> web.StreamResponse:
    """POST /setup/words: they are on paper."""
    return see_other(request, "/setup/confirm")


async def show_own(request: web.Request) -> web.StreamResponse:
    """GET /setup/own: words that the person has already."""
    begun = _begun(request)
    if begun is None:
        return see_other(request, "/setup")
    return render(request, "setup/own.html", step=2, total=TOTAL, own=begun.own)


async def post_own(request: web.Request) -> web.StreamResponse:
    """POST /setup/own: the 24, and the 12 where they have them; a fresh second sheet otherwise."""
    begun, form, runtime = _begun(request), form_of(request), runtime_of(request)
    if begun is None:
        return see_other(request, "/setup")
    field = "words"
    try:
        runtime.own_words(form["words"])
        field = "rotation"
        begun.sheets = runtime.own_words(form["words"], form["rotation"])
    except UserError as error:
        return render(request, "setup/own.html", status=422, step=2, total=TOTAL, own=begun.own, errors={field: str(error)})
    begun.own, begun.checked, begun.asked = True, bool(form["rotation"].strip()), _asked(begun.sheets.rotation)
    return see_other(request, "/setup/passphrase" if begun.checked else "/setup/words")


async def show_confirm(request: web.Request) -> web.StreamResponse:
    """GET /setup/confirm."""
    begun = _begun(request)
    if begun is None:
        return see_other(request, "/setup")
    return render(request, "setup/confirm.html", step=3, total=TOTAL, asked=begun.asked, own=begun.own)


async def post_confirm(request: web.Request) -> web.StreamResponse:
    """POST /setup/confirm: the asked words, typed."""
    begun = _begun(request)
    if begun is None:
        return see_other(request, "/setup")
    errors = _wrong_words(begun, form_of(request))
    if errors:
        return render(request, "setup/confirm.html", status=422, step=3, total=TOTAL, asked=begun.asked, own=begun.own, errors=errors)
    begun.checked = True
    return see_other(request, "/setup/passphrase")


def _wrong_words(begun: Begun, form: Form) -> dict[str, str]:
    words = begun.fresh
    typed = {number: form[f"word-{number}"].strip().lower() for number in begun.asked}
    return {
        f"word-{number}": f"This is not word {number}. Look at your paper again" for number in typed if typed[number] != words[number - 1]
    }


async def show_passphrase(request: web.Request) -> web.StreamResponse:
    """GET /setup/passphrase."""
    begun = _begun(request)
    if begun is None or not begun.checked:
        return see_other(request, "/setup/confirm" if begun else "/setup")
    return render(request, "setup/passphrase.html", step=4, total=TOTAL)


async def post_passphrase(request: web.Request) -> web.StreamResponse:
    """POST /setup/passphrase: the node is made and opened. Takes two or three seconds, on purpose."""
    begun = _begun(request)
    if begun is None or not begun.checked:
        return see_other(request, "/setup/confirm" if begun else "/setup")
    passphrase, runtime = form_of(request)["passphrase"], runtime_of(request)
    if passphrase != form_of(request)["again"]:
        return _passphrase_again(request, {"again": "The two are not the same"})
    try:
        await runtime.found(passphrase, begun.founder, begun.sheets)
    except UserError as error:
        if not error.code.startswith("passphrase-"):
            raise
        return _passphrase_again(request, {"passphrase": str(error)})
    session_of(request).scratch.pop(_SCRATCH)
    await request.app[GATE].unlock(passphrase)
    await runtime.write(today.set_zone, zone=begun.zone)
    return see_other(request, "/", "Your desk is ready")


def _passphrase_again(request: web.Request, errors: dict[str, str]) -> web.Response:
    return render(request, "setup/passphrase.html", status=422, step=4, total=TOTAL, errors=errors)


def _begun(request: web.Request) -> Begun | None:
    found = session_of(request).scratch.get(_SCRATCH)
    return found if isinstance(found, Begun) else None


ROUTES = [
    web.get("/setup", show_start),
    web.post("/setup", post_start),
    web.get("/setup/words", show_words),
    web.post("/setup/words", post_words),
    web.get("/setup/own", show_own),
    web.post("/setup/own", post_own),
    web.get("/setup/confirm", show_confirm),
    web.post("/setup/confirm", post_confirm),
    web.get("/setup/passphrase", show_passphrase),
    web.post("/setup/passphrase", post_passphrase),
]
