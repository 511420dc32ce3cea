"""Keys and devices: who speaks for you, the two locks, the passphrase."""

from typing import Any

from aiohttp import web

from node.errors import Unavailable, UserError
from node.services.devices import DeviceView
from node.web import formats, key_approvals, key_rotation
from node.web.forms import form_of
from node.web.page import GATE, Stage, id_in, render, see_other
from node.web.runtime import runtime_of

SECTION = "keys"
_IDLE = ((0, "Never"), (15, "After 15 idle minutes"), (60, "After an idle hour"), (480, "After 8 idle hours"))
_ABOUT_WORDS = ("bad-words", "not-the-root", "not-the-rotation-sheet")
_STATES = {"live": ("Speaks for you", "done"), "revoked": ("Revoked", "stopped")}


async def show(request: web.Request) -> web.StreamResponse:
    """GET /keys."""
    found = await runtime_of(request).keys.show()
    identity = found.identity
    idle = [*_IDLE, *([] if found.vault_lock in dict(_IDLE) else [(found.vault_lock, f"After {found.vault_lock} idle minutes")])]
    return render(
        request,
        "keys/home.html",
        section=SECTION,
        devices=[_device(row) for row in identity.devices],
        generation=identity.generation,
        rotations=identity.rotations,
        page_lock=found.page_lock,
        vault_lock=found.vault_lock,
        idle=idle,
        remembered=found.remembered,
        bound=found.bound,
    )


def _device(row: DeviceView) -> dict[str, Any]:
    ended = f"Revoked {formats.date(row.until)}" + (f": {row.reason}" if row.reason else "")
    return {
        "name": row.name,
        "here": row.here,
        "state": _STATES[row.state],
        "text": ended if row.until else f"Since {formats.date(row.since)}",
        "id": row.device,
        "revoke": "" if row.until or row.here else f"/keys/devices/{row.device}/revoke",
    }


async def show_revoke(request: web.Request) -> web.StreamResponse:
    """GET /keys/devices/{device}/revoke: what it does, and the words."""
    return await _revoke(request, {})


async def post_revoke(request: web.Request) -> web.StreamResponse:
    """POST /keys/devices/{device}/revoke."""
    form, device = form_of(request), id_in(request.match_info["device"])
    try:
        await runtime_of(request).keys.revoke(device, form["words"], form["passphrase"], form["reason"])
    except (UserError, Unavailable) as error:
        if request.app[GATE].stage() is not Stage.OPEN:  # stopped half-way: the next unlock goes on
            raise
        return await _revoke(request, {"words" if error.code in _ABOUT_WORDS else "passphrase": str(error)})
    return see_other(request, "/keys", "It can never speak for you again. Your keys are new.")


async def _revoke(request: web.Request, errors: dict[str, str]) -> web.Response:
    device = request.match_info["device"]
    rows = (await runtime_of(request).keys.show()).identity.devices
    row = next((row for row in rows if row.device == device and row.state == "live" and not row.here), None)
    if row is None:
        raise web.HTTPNotFound
    shown = _device(row)
    return render(request, "keys/revoke.html", status=422 if errors else 200, section=SECTION, device=shown, errors=errors)


async def show_passphrase(request: web.Request) -> web.StreamResponse:
    """GET /keys/passphrase."""
    return render(request, "keys/passphrase.html", section=SECTION)


async def post_passphrase(request: web.Request) -> web.StreamResponse:
    """POST /keys/passphrase: the old one, and the new one twice."""
    form = form_of(request)
    if form["new"] != form["again"]:
        return _passphrase_again(request, {"again": "The two are not the same"})
    try:
        await runtime_of(request).keys.change_passphrase(form["old"], form["new"])
    except UserError as error:
        return _passphrase_again(request, {"new" if error.code.startswith("passphrase-") else "old": str(error)})
    return see_other(request, "/keys", "Your passphrase is changed")


def _passphrase_again(request: web.Request, errors: dict[str, str]) -> web.Response:
    return render(request, "keys/passphrase.html", status=422, section=SECTION, errors=errors)


async def post_vault_lock(request: web.Request) -> web.StreamResponse:
    """POST /keys/vault-lock: when the vault locks by itself."""
    minutes = form_of(request)["minutes"]
    if not minutes.isdecimal() or len(minutes) > 5:
        raise UserError("Choose when the vault locks by itself from the list.", code="bad-minutes")
    runtime_of(request).keys.set_vault_lock(int(minutes))
    return see_other(request, "/keys", "Saved")


async def show_remember(request: web.Request) -> web.StreamResponse:
    """GET /keys/remember: what starting without a passphrase means."""
    return render(request, "keys/remember.html", section=SECTION)


async def post_remember(request: web.Request) -> web.StreamResponse:
    """POST /keys/remember: into the keyring, once it is known to be right."""
    try:
        await runtime_of(request).keys.remember(form_of(request)["passphrase"])
    except (UserError, Unavailable) as error:
        return render(request, "keys/remember.html", status=422, section=SECTION, errors={"passphrase": str(error)})
    return see_other(request, "/keys", "Your desk can now start by itself")


async def show_bind(request: web.Request) -> web.StreamResponse:
    """GET /keys/bind: what binding means, or how to end it."""
    return await _bind(request, {})


async def post_bind(request: web.Request) -> web.StreamResponse:
    """POST /keys/bind: bind the vault to this computer, or unbind it."""
    form, keys = form_of(request), runtime_of(request).keys
    try:
        await (keys.unbind_device if form["unbind"] else keys.bind_device)(form["passphrase"])
    except (UserError, Unavailable) as error:
        return await _bind(request, {"passphrase": str(error)})
    return see_other(request, "/keys", "The passphrase alone opens it again" if form["unbind"] else "Your desk is bound to this computer")


async def _bind(request: web.Request, errors: dict[str, str]) -> web.Response:
    bound = (await runtime_of(request).keys.show()).bound
    return render(request, "keys/bind.html", status=422 if errors else 200, section=SECTION, bound=bound, errors=errors)


async def post_forget(request: web.Request) -> web.StreamResponse:
    """POST /keys/forget: out of the keyring."""
    await runtime_of(request).keys.forget()
    return see_other(request, "/keys", "The keyring holds it no longer")


ROUTES = [
    *key_rotation.ROUTES,
    *key_approvals.ROUTES,
    web.get("/keys/devices/{device}/revoke", show_revoke),
    web.post("/keys/devices/{device}/revoke", post_revoke),
    web.get("/keys/bind", show_bind),
    web.post("/keys/bind", post_bind),
    web.get("/keys/remember", show_remember),
    web.post("/keys/remember", post_remember),
    web.post("/keys/forget", post_forget),
    web.get("/keys", show),
    web.get("/keys/passphrase", show_passphrase),
    web.post("/keys/passphrase", post_passphrase),
    web.post("/keys/vault-lock", post_vault_lock),
]
