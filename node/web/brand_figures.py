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
    """GET /brand/figures?product=&month=: all, or those of one product (whose/handle), of one month, or of both."""
    everything: list[FigureView] = await runtime_of(request).read(list_figures)
    viewer = request.app[GATE].viewer()
    merchant = viewer is not None and viewer.role == "merchant"
    chosen = {name: request.query.get(name, "") for name in ("product", "month")}
    found = [item for item in everything if chosen["product"] in ("", _product(item)) and chosen["month"] in ("", item.period)]
    titles, shops = _titles(everything), _told_apart({item.merchant: item.merchant_name for item in everything})
    sides = _told_apart({_whose(item): item.brand_name for item in everything})
    return render(
        request,
        "brand/figures.html",
        section="merchant" if merchant else "brand",
        rows=[_row(item) | {"who": sides[_whose(item)] if merchant else shops[item.merchant]} for item in found],
        charts=_charts(found, titles, shops, **chosen),
        any=bool(everything),
        chosen=chosen,
        products=[("", "All products"), *sorted(titles.items(), key=lambda one: one[1].casefold())],
        months=[("", "All months"), *((month, _month(month)) for month in sorted({item.period for item in everything}, reverse=True))],
    )


def _whose(item: FigureView) -> str:
    """The brand; its catalog where that is here no more."""
    return item.brand or item.feed


def _product(item: FigureView) -> str:
    """A handle is one brand's own."""
    return f"{_whose(item)}/{item.handle}"


def _titles(found: Iterable[FigureView]) -> dict[str, str]:
    """By product; with its brand and handle where another is called the same."""
    items = {_product(item): item for item in found}
    often = Counter(item.title for item in items.values())
    brands = _told_apart({_whose(item): item.brand_name for item in items.values()})
    return {
        key: item.title if often[item.title] == 1 else f"{item.title} ({brands[_whose(item)]}/{item.handle})" for key, item in items.items()
    }


def _told_apart(names: Mapping[str, str]) -> dict[str, str]:
    """Names by id; with the id in short where another has the same name, alone where there is none."""
    often = Counter(names.values())
    return {key: name if name and often[name] == 1 else f"{name} {formats.short(key)}".strip() for key, name in names.items()}


def _month(period: str) -> str:
    year, month = period.split("-")
    return formats.month_and_year(datetime(int(year), int(month), 1, tzinfo=UTC))


def _row(item: FigureView) -> dict[str, str]:
    regions = ", ".join(f"{country(code)} {formats.number(units)}" for code, units in item.regions)
    counts = {"units": item.units, "returns": item.returns, "sellers": item.sellers}
    shown = {name: _UNTOLD if value is None else formats.number(value) for name, value in counts.items()}
    return {"month": _month(item.period), "title": item.title, "regions": regions or _UNTOLD, **shown}


# --- charts


def _charts(found: list[FigureView], titles: Mapping[str, str], shops: Mapping[str, str], product: str, month: str) -> list[dict[str, Any]]:
    """Those that have more to say than the table's one line, in the order of the questions a brand asks."""
    charts = []
    if not month:
        charts += [("Units by month", _by(found, _period, lambda item: item.units)), ("Came back by month", _by(found, _period, _returns))]
    if product and not month:  # who sells two products would be counted twice
        charts.append(("Sellers by month", _by(found, _period, lambda item: item.sellers)))
    if month and product:
        charts.append(("Units by shop", _by(found, lambda item: item.merchant, lambda item: item.units, shops)))
    if not product:
        charts.append(("Units by product", _by(found, _product, lambda item: item.units, titles)))
        charts.append(("Came back by product", _by(found, _product, _returns, titles)))
    charts.append(("Units by country", _by_country(found)))
    return [{"title": title, "bars": bars} for title, bars in charts if any(bar["width"] for bar in bars)]


def _period(item: FigureView) -> str:
    return item.period


def _returns(item: FigureView) -> int | None:
    return item.returns


def _by(
    found: Iterable[FigureView],
    key: Callable[[FigureView], str],
    count: Callable[[FigureView], int | None],
    names: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """The latest months in their order, or the largest of anything that has `names`."""
    groups: dict[str, list[int | None]] = defaultdict(list)
    for item in found:
        groups[key(item)].append(count(item))
    totals = {one: sum(value or 0 for value in values) for one, values in groups.items()}
    short = {one for one, values in groups.items() if None in values}
    if names is None:
        return _bars([(_month(one), totals[one], one in short) for one in sorted(totals)[-MOST_BARS:]])
    return _bars(_largest([(names[one], total, one in short) for one, total in totals.items()]))


def _by_country(found: Iterable[FigureView]) -> list[dict[str, Any]]:
    units: Counter[str] = Counter()
    rest = 0
    for item in found:
        for code, count in item.regions:
            units[country(code)] += count
        rest += (item.units or 0) - sum(count for _, count in item.regions)
    bars = _largest([(name, total, False) for name, total in units.items()])
    return _bars([*bars, *([("Not told where", rest, False)] if rest else [])]) if bars else []


def _largest(totals: Iterable[tuple[str, int, bool]]) -> list[tuple[str, int, bool]]:
    return sorted(totals, key=lambda one: (-one[1], one[0]))[:MOST_BARS]


def _bars(totals: list[tuple[str, int, bool]]) -> list[dict[str, Any]]:
    """Widths in per cent of the highest. Of each: its name, how much, and whether something untold would be added."""
    most = max((total for _, total, _ in totals), default=0)
    return [{"label": label, "value": _value(total, short), "width": total * 100 // most if most else 0} for label, total, short in totals]


def _value(total: int, short: bool) -> str:
    if not short:
        return formats.number(total)
    return f"at least {formats.number(total)}" if total else _UNTOLD


async def post_tell(request: web.Request) -> web.StreamResponse:
    """POST /brand/figures: tell brands the month that is over, or the one named `period`."""
    told = await runtime_of(request).write(tell, period=form_of(request)["period"].strip())
    return see_other(request, "/brand/figures", f"Told: {_month(told[0].period)}")


ROUTES = [web.get("/brand/figures", show), web.post("/brand/figures", post_tell)]
