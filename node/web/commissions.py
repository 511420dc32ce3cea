"""Commissions: each amount with how it was reckoned, and the statements that were checked against it."""

from typing import Any

from aiohttp import web

from node.services import claims, commissions, statements
from node.services.commissions import LineView, LineWhy, TotalView
from node.services.statements import StatementView
from node.web import formats
from node.web.forms import form_of
from node.web.page import id_in, render, see_other
from node.web.runtime import runtime_of

SHOWN = 50
STATES = {
    "ACCRUED": ("Set aside", "waiting"),
    "HELD": ("Held until returns end", "waiting"),
    "PAYABLE": ("In the next statement", "active"),
    "BATCHED": ("Ready to collect", "active"),
    "PAID": ("Collected", "done"),
    "VOIDED": ("Dropped", "stopped"),
}
_RULES = {
    "default": "The plan's rate for every product.",
    "sku": "The plan has a rate of its own for this SKU.",
    "product": "The plan has a rate of its own for this product.",
    "category": "The plan has a rate of its own for this category.",
    "level": "The plan's rate for this level.",
    "fact": "As the merchant signed it for you. You see the amount and its reason, not the order.",
}
CHAIN = {
    "none": ("On its way to the chain", "waiting"),
    "proposed": ("Waits for its delay", "waiting"),
    "replaced": ("Replaced", "stopped"),
}


async def show_list(request: web.Request) -> web.StreamResponse:
    """GET /commissions."""
    runtime = runtime_of(request)
    reasons: list[LineWhy] = await runtime.read(commissions.list_reasons, limit=SHOWN)
    totals: list[TotalView] = await runtime.read(commissions.list_totals)
    stated: list[StatementView] = await runtime.read(statements.list_statements)
    count = f"The newest {len(reasons)}" if len(reasons) == SHOWN else f"{len(reasons)} in all"
    return render(
        request,
        "commissions/list.html",
        section="commissions",
        figures=_figures(totals),
        lines=[_line(why) for why in reasons],
        statements=[_statement(row) for row in stated if row.state != "closed"],
        forecast=[],
        moving=any(is_moving(row) for row in stated),
        pages={"text": count},
    )


def is_moving(row: StatementView) -> bool:
    """Whether time alone brings it on: no message tells the page when a delay is over."""
    return row.on_chain in ("none", "proposed")


def _figures(totals: list[TotalView]) -> list[dict[str, Any]]:
    def together(*names: str) -> str:
        return str(sum(int(getattr(total, name)) for total in totals for name in names))

    return [
        {"label": "Ready to collect", "base": together("batched"), "value": None, "meaning": "in your wallet"},
        {"label": "In the next statement", "base": together("payable"), "value": None, "meaning": "returns are over"},
        {"label": "Held", "base": together("held", "accrued"), "value": None, "meaning": "until returns end"},
        {"label": "Collected so far", "base": together("paid"), "value": None, "meaning": "on the chain"},
    ]


def _line(why: LineWhy) -> dict[str, Any]:
    line = why.line
    return {
        "title": "Your own sale" if line.level == 0 and line.order else _level(line),
        "who": f"{line.merchant_name} to {line.payee}",
        "at": line.created,
        "state": STATES[line.status],
        "base": line.gms,
        "value": {"minor": line.minor, "currency": line.currency},
        "meaning": line.cause or _when(line),
        "rows": _rows(why),
        "text": _RULES.get(why.rule, ""),
        "records": [found for found in (why.fact, why.envelope, why.leaf.removeprefix("0x"), why.root.removeprefix("0x")) if found],
        "order_href": f"/orders/{line.order}" if line.order else "",
    }


def _level(line: LineView) -> str:
    return "Direct sale" if line.level == 0 else f"Sale of the team, level {line.level}"


def _when(line: LineView) -> str:
    if line.epoch:
        return f"in statement {line.epoch}"
    if line.payable_at:
        return f"payable {'since' if line.status == 'PAYABLE' else 'from'} {formats.date(line.payable_at)}"
    return f"held until {formats.date(line.hold_until)}" if line.hold_until else ""


def _rows(why: LineWhy) -> list[tuple[str, str]]:
    rows = [("Price it is reckoned on", formats.money({"minor": why.base, "currency": why.line.currency}))]
    if why.bps:
        whom = "who sells" if why.line.level == 0 else f"level {why.line.level}"
        rows.append((f"{why.bps / 100:g} % for {whom}", formats.money((why.line.minor, why.line.currency))))
    return [*rows, ("Rate of the plan", formats.rate(why.rate, why.line.currency)), ("Comes to", formats.gms_exact(why.line.gms))]


def _statement(row: StatementView) -> dict[str, Any]:
    verdict = ("Equal to your own reckoning", "done") if row.equal else ("Differs from your own reckoning", "attention")
    return {
        "title": f"{row.merchant_name}, statement {row.epoch}",
        "at": row.created,
        "base": row.payable,
        "state": verdict,
        "chain": CHAIN.get(row.on_chain, ("Active", "done")),
        "text": "" if row.equal else _differs(row),
        "rows": [("Root", row.root), ("Statement", row.statement_hash)],
        "merchant": row.merchant if not row.equal and row.on_chain == "proposed" else "",
    }


def _differs(row: StatementView) -> str:
    return f"{row.mismatch[:1].upper()}{row.mismatch[1:]}. Ask {row.merchant_name}, or object before the statement is active."


async def post_dispute(request: web.Request) -> web.StreamResponse:
    """POST /commissions/dispute: object to our line of a merchant's newest statement."""
    merchant = id_in(form_of(request)["merchant"])
    await runtime_of(request).write(claims.dispute, merchant=merchant)
    return see_other(request, "/commissions", "Your objection is on its way to the chain")


ROUTES = [web.get("/commissions", show_list), web.post("/commissions/dispute", post_dispute)]
