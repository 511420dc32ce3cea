"""Recalls on a page: what is withdrawn and why, and the form that withdraws a product."""

from aiohttp import web

from node.errors import NotFound, UserError
from node.services.withdrawals import MOST_ROWS, WithdrawalView, allow_again, list_withdrawals, withdraw
from node.web.forms import form_of
from node.web.page import render, see_other
from node.web.runtime import runtime_of
from node.web.shop_catalog import writer


async def show(request: web.Request) -> web.StreamResponse:
    """GET /catalog/withdrawals?q=&handle=."""
    await runtime_of(request).read(writer)
    return await _page(request, {"handle": request.query.get("handle", ""), "reason": ""})


async def _page(request: web.Request, form: dict[str, str], errors: dict[str, str] | None = None) -> web.Response:
    q = request.query.get("q", "").strip()[:500]
    found: list[WithdrawalView] = await runtime_of(request).read(list_withdrawals, search=q)
    rows = [{"handle": row.handle, "title": row.title, "reason": row.reason, "at": row.at} for row in found]
    shown = {"q": q, "rows": rows, "is_cut": len(found) == MOST_ROWS, "form": form, "errors": errors or {}}
    return render(request, "catalog/withdrawals.html", section="catalog", status=422 if errors else 200, **shown)


async def post(request: web.Request) -> web.StreamResponse:
    """POST /catalog/withdrawals: withdraw a product. Fields: handle, reason."""
    given = form_of(request)
    form = {"handle": given["handle"].strip(), "reason": given["reason"].strip()}
    try:
        done: WithdrawalView = await runtime_of(request).write(withdraw, **form)
    except (NotFound, UserError) as error:
        return await _page(request, form, {"reason" if error.code == "bad-withdrawal" else "handle": str(error)})
    return see_other(request, "/catalog/withdrawals", f"{done.title} is withdrawn")


async def post_allow(request: web.Request) -> web.StreamResponse:
    """POST /catalog/withdrawals/allow: let it be sold again. Field: handle."""
    done: WithdrawalView = await runtime_of(request).write(allow_again, handle=form_of(request)["handle"])
    return see_other(request, "/catalog/withdrawals", f"{done.title} may be sold again")


ROUTES = [
    web.get("/catalog/withdrawals", show),
    web.post("/catalog/withdrawals", post),
    web.post("/catalog/withdrawals/allow", post_allow),
]
