"""Figures of a brand's products by month: a chart of the units with the same numbers in a table beside it."""

from typing import Any

from aiohttp import web

from node.services.performance import FigureView, list_figures, tell
from node.web.forms import form_of
from node.web.page import GATE, render, see_other
from node.web.runtime import runtime_of

MOST_BARS = 12
_WIDTH = 100


async def show(request: web.Request) -> web.StreamResponse:
    """GET /brand/figures."""
    found: list[FigureView] = await runtime_of(request).read(list_figures)
    viewer = request.app[GATE].viewer()
    rows = [_row(item) for item in found]
    return render(
        request,
        "brand/figures.html",
        section="merchant" if viewer and viewer.role == "merchant" else "brand",
        rows=rows,
        bars=_bars(found),
    )


def _row(item: FigureView) -> dict[str, Any]:
    regions = ", ".join(f"{country} {units}" for country, units in item.regions)
    shown = {name: "Fewer than 5" if value is None else str(value) for name, value in _counts(item).items()}
    return {"period": item.period, "handle": item.handle, "who": item.merchant_name, "regions": regions or "Not told", **shown}


def _counts(item: FigureView) -> dict[str, int | None]:
    return {"units": item.units, "returns": item.returns, "sellers": item.sellers}


def _bars(found: list[FigureView]) -> list[dict[str, Any]]:
    """Units by month, the latest months, widths in per cent of the highest."""
    months: dict[str, int] = {}
    for item in found:
        months[item.period] = months.get(item.period, 0) + (item.units or 0)
    latest = sorted(months)[-MOST_BARS:]
    most = max((months[month] for month in latest), default=0)
    return [
        {"month": month, "units": months[month], "width": months[month] * _WIDTH // most if most else 0, "y": place * 14}
        for place, month in enumerate(latest)
    ]


async def post_tell(request: web.Request) -> web.StreamResponse:
    """POST /brand/figures: tell brands the month that is over, or the one named `period`."""
    told = await runtime_of(request).write(tell, period=form_of(request)["period"].strip())
    return see_other(request, "/brand/figures", f"Told: {told[0].period}")


ROUTES = [web.get("/brand/figures", show), web.post("/brand/figures", post_tell)]
