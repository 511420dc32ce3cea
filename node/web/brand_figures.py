"""Figures of a brand's products: charts of what one product or all came to, and the same numbers in a table beside them.

What is too small to be told is said to be so, and never drawn as none: a sum over it is the least it can be.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from node.services.performance import FigureView, list_figures, tell
from node.web import formats
from node.web.forms import form_of
from node.web.page import GATE, render, see_other
from node.web.runtime import runtime_of
from node.web.sheet_words import country

MOST_BARS = 12
_UNTOLD = "Too few"


async def show(request: web.Request) -> web.StreamResponse:
    """GET /brand/figures?product=&month=: all, or those of one product (brand/handle), of one month, or of both."""
    everything: list[FigureView] = await runtime_of(request).read(list_figures)
    viewer = request.app[GATE].viewer()
    merchant = viewer is not None and viewer.role == "merchant"
    chosen = {name: request.query.get(name, "") for name in ("product", "month")}
    found = [item for item in everything if chosen["product"] in ("", _product(item)) and chosen["month"] in ("", item.period)]
    titles = _titles(everything)
    return render(
        request,
        "brand/figures.html",
        section="merchant" if merchant else "brand",
        rows=[_row(item) | {"who": item.brand_name if merchant else item.merchant_name} for item in found],
        charts=_charts(found, titles, **chosen),
        any=bool(everything),
        chosen=chosen,
        products=[("", "All products"), *sorted(titles.items(), key=lambda one: one[1].casefold())],
        months=[("", "All months"), *((month, _month(month)) for month in sorted({item.period for item in everything}, reverse=True))],
    )


def _product(item: FigureView) -> str:
    """A handle is one brand's own."""
    return f"{item.brand_name}/{item.handle}"


def _titles(found: Iterable[FigureView]) -> dict[str, str]:
    """By product; with its brand and handle where another is called the same."""
    titles = {_product(item): item.title for item in found}
    often = Counter(titles.values())
    return {key: title if often[title] == 1 else f"{title} ({key})" for key, title in titles.items()}


def _month(period: str) -> str:
    year, month = period.split("-")
    return formats.month_and_year(datetime(int(year), int(month), 1, tzinfo=UTC))


def _row(item: FigureView) -> dict[str, str]:
    regions = ", ".join(f"{country(code)} {formats.number(units)}" for code, units in item.regions)
    counts = {"units": item.units, "returns": item.returns, "sellers": item.sellers}
    shown = {name: _UNTOLD if value is None else formats.number(value) for name, value in counts.items()}
    return {"month": _month(item.period), "title": item.title, "regions": regions or _UNTOLD, **shown}


# --- charts


def _charts(found: list[FigureView], titles: Mapping[str, str], product: str, month: str) -> list[dict[str, Any]]:
    """Those that have more to say than the table's one line, in the order of the questions a brand asks."""
    charts = []
    if not month:
        charts += [("Units by month", _by(found, _period, lambda item: item.units)), ("Came back by month", _by(found, _period, _returns))]
    if product and not month:  # who sells two products would be counted twice
        charts.append(("Sellers by month", _by(found, _period, lambda item: item.sellers)))
    if month and product:
        charts.append(("Units by shop", _by(found, lambda item: item.merchant_name, lambda item: item.units)))
    if not product:
        charts.append(("Units by product", _by(found, lambda item: titles[_product(item)], lambda item: item.units)))
        charts.append(("Came back by product", _by(found, lambda item: titles[_product(item)], _returns)))
    charts.append(("Units by country", _by_country(found)))
    return [{"title": title, "bars": bars} for title, bars in charts if any(bar["width"] for bar in bars)]


def _period(item: FigureView) -> str:
    return item.period


def _returns(item: FigureView) -> int | None:
    return item.returns


def _by(found: Iterable[FigureView], name: Callable[[FigureView], str], count: Callable[[FigureView], int | None]) -> list[dict[str, Any]]:
    """The latest months in their order, or the largest of anything else."""
    groups: dict[str, list[int | None]] = defaultdict(list)
    for item in found:
        groups[name(item)].append(count(item))
    totals = {label: sum(value or 0 for value in values) for label, values in groups.items()}
    short = {label for label, values in groups.items() if None in values}
    if name is _period:
        return _bars({_month(label): totals[label] for label in sorted(totals)[-MOST_BARS:]}, {_month(label) for label in short})
    return _bars(_largest(totals), short)


def _by_country(found: Iterable[FigureView]) -> list[dict[str, Any]]:
    units: Counter[str] = Counter()
    rest = 0
    for item in found:
        for code, count in item.regions:
            units[country(code)] += count
        rest += (item.units or 0) - sum(count for _, count in item.regions)
    return _bars(_largest(units) | ({"Not told where": rest} if rest else {}), set()) if units else []


def _largest(totals: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(totals.items(), key=lambda one: (-one[1], one[0]))[:MOST_BARS])


def _bars(totals: Mapping[str, int], short: set[str]) -> list[dict[str, Any]]:
    """Widths in per cent of the highest. `short` are those to which something untold would be added."""
    most = max(totals.values(), default=0)
    return [
        {"label": label, "value": _value(total, label in short), "width": total * 100 // most if most else 0}
        for label, total in totals.items()
    ]


def _value(total: int, short: bool) -> str:
    if not short:
        return formats.number(total)
    return f"at least {formats.number(total)}" if total else _UNTOLD


async def post_tell(request: web.Request) -> web.StreamResponse:
    """POST /brand/figures: tell brands the month that is over, or the one named `period`."""
    told = await runtime_of(request).write(tell, period=form_of(request)["period"].strip())
    return see_other(request, "/brand/figures", f"Told: {_month(told[0].period)}")


ROUTES = [web.get("/brand/figures", show), web.post("/brand/figures", post_tell)]
