"""A merchant's products from its shop's export: read in memory, signed into the feed of their currency, and what came of it."""

import io
from typing import Any, Protocol, cast

from aiohttp import web

from node.errors import UserError
from node.model.listing import ProductFile
from node.services import catalog, plans
from node.services.unit import Unit
from node.web.forms import Upload, form_of, takes_upload
from node.web.page import render
from node.web.runtime import Runtime, runtime_of
from node.web.setup import currencies

UPLOAD_LIMIT = 20 << 20
SHOWN_ROWS = 100
_LONGEST = 200
_OTHERWISE = "Import a larger file with: gemstra catalog import FILE"
_DIALECTS = {"shopify": "Shopify", "woocommerce": "WooCommerce"}


class Parsing(Runtime, Protocol):
    """What an upload needs of the running node."""

    async def parse(self, reader: str, source: Any, **options: Any) -> Any:
        """What the reader `products` makes of a source of bytes, in a thread."""


def shop(unit: Unit) -> tuple[str, str]:
    """Our identity (hex) and the currency chosen at set-up. Raises UserError `not-a-merchant`."""
    if unit.me.role != "merchant":
        raise UserError("This page is a merchant's: a seller follows the catalogs and plans of its merchants.", code="not-a-merchant")
    return unit.me.identity.hex(), unit.me.currency


def writer(unit: Unit) -> tuple[str, str]:
    """Our identity (hex) and the currency chosen at set-up. Raises UserError `not-a-merchant`."""
    if unit.me.role == "seller":
        raise UserError("This page is a merchant's or a brand's: a seller follows the catalogs of its merchants.", code="not-a-merchant")
    return unit.me.identity.hex(), unit.me.currency


async def show(request: web.Request) -> web.StreamResponse:
    """GET /merchant/catalog."""
    _, currency = await runtime_of(request).read(writer)
    return _page(request, {"currency": currency, "replace": ""})


def _page(
    request: web.Request, form: dict[str, str], errors: dict[str, str] | None = None, done: dict[str, Any] | None = None
) -> web.Response:
    status = 422 if errors else 200
    values = {"form": form, "currencies": currencies(), "done": done}
    return render(request, "merchant/catalog.html", section="merchant", status=status, errors=errors or {}, **values)


@takes_upload(UPLOAD_LIMIT, _OTHERWISE)
async def post(request: web.Request) -> web.StreamResponse:
    """POST /merchant/catalog: sign what the file has. Fields: file, currency, replace."""
    runtime, given = cast("Parsing", runtime_of(request)), form_of(request)
    identity, _ = await runtime.read(writer)
    form = {"currency": given["currency"].strip().upper(), "replace": given["replace"]}
    upload = given.files.get("file")
    errors = _wrong(form["currency"], upload)
    if errors or upload is None:
        return _page(request, form, errors)
    try:
        found: ProductFile = await runtime.parse(
            "products", io.BytesIO(upload.body), name=upload.name[:_LONGEST], currency=form["currency"]
        )
    except UserError as error:
        return _page(request, form, {"file": str(error)})
    if not found.products:
        return _page(request, form, {"file": _nothing(found)})
    view: catalog.ImportView = await runtime.write(
        catalog.import_products, file=found, currency=form["currency"], replace_all=form["replace"] == "yes"
    )
    known: list[plans.PlanView] = await runtime.read(plans.list_plans)
    planned = any(plan.currency == form["currency"] for plan in known if plan.merchant == identity)
    return _page(request, form, done=_done(view, upload.name, "" if planned else form["currency"]))


def _wrong(currency: str, upload: Upload | None) -> dict[str, str]:
    errors = {}
    if upload is None or not upload.body:
        errors["file"] = "Choose a file first."
    if currency not in dict(currencies()):
        errors["currency"] = "Choose a currency from the list."
    return errors


def _nothing(found: ProductFile) -> str:
    first = found.skipped[0] if found.skipped else None
    why = f" Row {first.row}: {first.reason}" if first else ""
    return f"Nothing in this file is for sale, so your catalog stays as it is.{why}"


def _done(view: catalog.ImportView, file: str, unplanned: str) -> dict[str, Any]:
    """`unplanned` is the currency, where no plan says yet what a sale in it earns."""
    rows = [
        {"row": row.row, "name": row.name[:_LONGEST] or row.sku[:_LONGEST] or "No name", "sku": row.sku[:_LONGEST], "reason": row.reason}
        for row in view.skipped[:SHOWN_ROWS]
    ]
    return {
        "file": file[:_LONGEST],
        "dialect": _DIALECTS.get(view.dialect, view.dialect),
        "products": view.products,
        "variants": view.variants,
        "added": view.added,
        "changed": view.changed,
        "removed": view.removed,
        "skipped": len(view.skipped),
        "rows": rows,
        "more": len(view.skipped) - len(rows),
        "unplanned": unplanned,
    }


ROUTES = [web.get("/merchant/catalog", show), web.post("/merchant/catalog", post)]
