"""The merchant's statements: what the next one would hold, what was posted, and the reserve behind them."""

import re
from collections import defaultdict
from typing import Any

from aiohttp import web

from node.services import commissions, statements, wallet
from node.services.commissions import LineView
from node.services.statements import StatementView
from node.services.wallet import WalletView
from node.web.commissions import CHAIN, is_moving
from node.web.forms import form_of
from node.web.page import render, see_other
from node.web.runtime import runtime_of

GMS_DECIMALS = 18
_AMOUNT = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?")


async def show(request: web.Request, *, status: int = 200, amount: str = "", errors: dict[str, str] | None = None) -> web.StreamResponse:
    """GET /merchant/statements."""
    runtime = runtime_of(request)
    payable: list[LineView] = await runtime.read(commissions.list_lines, state="payable")
    posted: list[StatementView] = await runtime.read(statements.list_statements)
    placed: bool = await runtime.read(wallet.is_placed)
    view: WalletView | None = await runtime.read(wallet.show) if placed else None
    return render(
        request,
        "merchant/statements.html",
        status=status,
        section="merchant",
        draft=_draft(payable, posted),
        posted=[_posted(row) for row in posted],
        moving=any(is_moving(row) for row in posted),
        reserve=_reserve(view),
        form={"amount": amount},
        errors=errors or {},
    )


def _draft(payable: list[LineView], posted: list[StatementView]) -> dict[str, Any] | None:
    if not payable:
        return None
    sums: dict[tuple[str, int], int] = defaultdict(int)
    for line in payable:
        sums[line.payee or line.member[:12], line.level] += int(line.gms)
    lines = [{"who": who, "level": "Direct" if level == 0 else f"Level {level}", "base": str(base)} for (who, level), base in sums.items()]
    epoch = max((row.epoch for row in posted), default=0) + 1
    return {"epoch": epoch, "lines": lines, "total": str(sum(sums.values())), "action": "/merchant/statements"}


def _posted(row: StatementView) -> dict[str, Any]:
    state = CHAIN.get(row.on_chain, ("Active", "done"))
    if row.transaction == "refused":
        state = ("Refused by the chain", "stopped")
    return {
        "epoch": row.epoch,
        "at": row.created,
        "total": row.total_payable,
        "root": row.root,
        "payees": row.members,
        "state": state,
    }


def _reserve(view: WalletView | None) -> dict[str, Any]:
    if view is None:
        return {"base": "0", "value": None, "meaning": "No chain is connected yet"}
    return {"base": view.reserve, "value": None, "meaning": "in the vault"}


async def post_close(request: web.Request) -> web.StreamResponse:
    """POST /merchant/statements: close the epoch."""
    row: StatementView = await runtime_of(request).write(statements.close_epoch)
    return see_other(request, "/merchant/statements", f"Statement {row.epoch} is signed and on its way to the chain")


async def post_reserve(request: web.Request) -> web.StreamResponse:
    """POST /merchant/reserve: deposit GMS, written as people do."""
    written = form_of(request)["amount"].strip()
    base = base_units(written)
    if base is None:
        words = "Enter an amount above zero, such as 250 or 12.5"
        return await show(request, status=422, amount=written, errors={"amount": words})
    await runtime_of(request).write(wallet.deposit, amount=str(base))
    return see_other(request, "/merchant/statements", "The deposit is on its way")


def base_units(text: str) -> int | None:
    """GMS in decimal → base units; None for what is no amount above zero with at most 18 decimals."""
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return None
    return int(found[1]) * 10**GMS_DECIMALS + int((found[2] or "").ljust(GMS_DECIMALS, "0")) or None


ROUTES = [
    web.get("/merchant/statements", show),
    web.post("/merchant/statements", post_close),
    web.post("/merchant/reserve", post_reserve),
]
