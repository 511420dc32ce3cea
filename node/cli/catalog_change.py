"""One change to many offers: look first, then draft it; a command of the group `catalog`."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import typer

from node.cli.context import call_of
from node.cli.output import reported
from node.errors import UserError

_PERCENT = re.compile(r"[+-]?[0-9]{1,4}(?:[.,][0-9]{1,2})?")


def add(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command()(change)


def change(
    context: typer.Context,
    currency: Annotated[str, typer.Option(help="Which of your catalogs, where you have several.")] = "",
    search: Annotated[str, typer.Option(help="Only offers with this in their title or SKU.")] = "",
    vendor: Annotated[str, typer.Option(help="Only this brand's.")] = "",
    category: Annotated[str, typer.Option(help="Only this category and those below it.")] = "",
    sku: Annotated[list[str] | None, typer.Option(help="Only this one; once for each.")] = None,
    percent: Annotated[str, typer.Option(help="Prices up or down, e.g. 5 or -2.5.")] = "",
    amount: Annotated[int | None, typer.Option(help="Prices up or down, in minor units.")] = None,
    ending: Annotated[int | None, typer.Option(help="To the nearest price with this ending, e.g. 99.")] = None,
    rank: Annotated[list[str] | None, typer.Option(help="Prices by rank: RANK|PERCENT|AMOUNT|own; once for each.")] = None,
    end_ranks: Annotated[bool, typer.Option("--end-ranks", help="Take all other prices by rank away.")] = False,
    sale: Annotated[str, typer.Option(help="A promotion: NAME|PERCENT OFF|FROM|TO, e.g. Summer|20|2026-06-01|2026-07-01.")] = "",
    end_sales: Annotated[bool, typer.Option("--end-sales", help="Take all promotions away.")] = False,
    stock: Annotated[str, typer.Option(help="in_stock, low, out or unknown.")] = "",
    tax_class: Annotated[str | None, typer.Option(help="One of your shop's terms.")] = None,
    profile: Annotated[str | None, typer.Option(help="The shipping profile.")] = None,
    returns: Annotated[str | None, typer.Option(help="The return policy.")] = None,
    plan: Annotated[str | None, typer.Option(help="The commission plan's hash.")] = None,
    sold_from: Annotated[str, typer.Option(help="On sale from then, e.g. 2026-06-01T09:00.")] = "",
    sold_until: Annotated[str, typer.Option(help="On sale until then.")] = "",
    there_from: Annotated[str, typer.Option(help="Goods are there from then; what is ordered before is sent then.")] = "",
    there_until: Annotated[str, typer.Option(help="Goods are there until then.")] = "",
    set_off: Annotated[bool, typer.Option("--withdraw", help="Take the goods out of the catalog.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Only show what would change.")] = False,
) -> None:
    """Draft one change to many offers. Example: gemstra catalog change --category Care --percent 5 --ending 99 --preview

    A price by rank is over the offer's price, or with `own` over what that rank pays: --rank "2|-10" --rank "3|-15|-50" --rank "4|5|0|own"
    """
    call = call_of(context)
    with reported():
        wanted: dict[str, Any] = {
            "percent_bps": _bps(percent) if percent else None, "amount": amount, "ending": ending,
            "ranks": [_rank(item) for item in rank or ()], "end_ranks": end_ranks,
            "promotion": _sale(sale) if sale else None, "end_promotions": end_sales, "stock": stock or None, "tax_class": tax_class,
            "shipping_profile": profile, "returns": returns, "plan": plan, "withdraw": set_off,
            "valid_from": _moment(sold_from), "valid_to": _moment(sold_until), "available_from": _moment(there_from),
            "available_to": _moment(there_until),
        }  # fmt: skip
        selection = {"search": search, "vendor": vendor, "category": category, "skus": sku or []}
        path = "/catalog/change/preview" if preview else "/catalog/change"
        done = call.client.post_once(path, currency=call.currency(currency), selection=selection, change=wanted)
        if call.output.as_json:
            call.output.show(done)
            return
        rows = [
            {**row, "what": "; ".join(f"{item['field']}: {item['before']} → {item['after']}" for item in row["changes"])}
            for row in done["rows"]
        ]
        call.output.show(rows, ("sku", "title", "what", "refusal"))
        call.output.say(f"{done['chosen']} chosen, {done['changed']} change, {done['refused']} cannot.")
        call.output.say("Nothing is drafted yet." if preview else "Sign the drafts with: gemstra catalog publish")


def _bps(text: str) -> int:
    if not _PERCENT.fullmatch(text):
        raise UserError(f"{text!r}: say a percentage, such as 5 or -2.5.", code="bad-amount")
    return int(Decimal(text.replace(",", ".")) * 100)


def _rank(text: str) -> dict[str, Any]:
    found = [part.strip() for part in text.split("|")]
    rank, percent, amount, own = [*found, "", "", "", ""][:4]
    whole = re.compile(r"-?[0-9]{1,12}")
    if len(found) > 4 or not re.fullmatch("[0-9]{1,3}", rank) or (amount and not whole.fullmatch(amount)) or own not in ("", "own"):
        text = "Say a price by rank as RANK|PERCENT|AMOUNT in minor units|own, such as 2|-10, or 3|0|-50, or 4|5|0|own."
        raise UserError(text, code="bad-request")
    return {"min_rank": int(rank), "percent_bps": _bps(percent) if percent else 0, "amount": int(amount or 0), "own": own == "own"}


def _moment(text: str) -> int | None:
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000) if text else None
    except (ValueError, OverflowError):
        raise UserError(f"{text[:30]!r}: say a day and a time like 2026-06-01T09:00.", code="bad-time") from None


def _sale(text: str) -> dict[str, Any]:
    parts = [part.strip() for part in text.split("|")]
    try:
        name, off, start, end = parts
        begins, ends = (int(datetime.fromisoformat(day).timestamp() * 1000) for day in (start, end))
    except ValueError:
        raise UserError("Say a promotion as NAME|PERCENT OFF|FROM|TO, e.g. Summer|20|2026-06-01|2026-07-01.", code="bad-request") from None
    return {"name": name, "off_bps": _bps(off), "start": begins, "end": ends}
