"""What takes effect after a delay: the wallet's own words, asked for, waited for, shown once, or cancelled."""

from typing import Any

from aiohttp import web

from node.errors import Unavailable, UserError
from node.model.step_up import Kind, Status
from node.services import step_up
from node.web import formats
from node.web.forms import form_of
from node.web.page import id_in, render, see_other
from node.web.runtime import runtime_of

SECTION = "keys"
HERE = "/keys/wallet-words"
_ABOUT_WORDS = ("bad-words", "not-the-root")


async def show_wallet(request: web.Request) -> web.StreamResponse:
    """GET /keys/wallet-words: ask, wait, or see."""
    return await _page(request, {})


async def post_ask(request: web.Request) -> web.StreamResponse:
    """POST /keys/wallet-words: the approval, with words and passphrase."""
    form = form_of(request)
    try:
        await runtime_of(request).keys.ask_wallet_words(form["words"], form["passphrase"])
    except (UserError, Unavailable) as error:
        return await _page(request, {"words" if error.code in _ABOUT_WORDS else "passphrase": str(error)})
    return see_other(request, HERE, "Approved. It takes effect after the delay")


async def post_show(request: web.Request) -> web.StreamResponse:
    """POST /keys/wallet-words/show: the words, on this answer only."""
    try:
        words = await runtime_of(request).keys.show_wallet_words(form_of(request)["passphrase"])
    except (UserError, Unavailable) as error:
        return await _page(request, {"passphrase": str(error)})
    return render(request, "keys/wallet_words.html", section=SECTION, state="shown", words=words, approval=None)


async def post_cancel(request: web.Request) -> web.StreamResponse:
    """POST /keys/approvals/{step_up}/cancel."""
    await runtime_of(request).write(step_up.cancel_step_up, step_up=id_in(request.match_info["step_up"]))
    return see_other(request, HERE, "Cancelled. Nothing was shown")


async def _page(request: web.Request, errors: dict[str, str]) -> web.Response:
    rows: list[step_up.StepUpView] = await runtime_of(request).read(step_up.list_step_ups)
    row = next((row for row in rows if row.kind == Kind.WALLET_WORDS and row.status in step_up.OPEN), None)
    state, approval = "none", None
    if row is not None:
        ends = row.until if row.status == Status.READY else row.due
        state, approval = row.status, {"cancel": f"/keys/approvals/{row.id}/cancel", "at": formats.datetime_text(ends)}
    values: dict[str, Any] = {"state": state, "words": [], "approval": approval, "errors": errors}
    return render(request, "keys/wallet_words.html", status=422 if errors else 200, section=SECTION, **values)


ROUTES = [
    web.get(HERE, show_wallet),
    web.post(HERE, post_ask),
    web.post(HERE + "/show", post_show),
    web.post("/keys/approvals/{step_up}/cancel", post_cancel),
]
