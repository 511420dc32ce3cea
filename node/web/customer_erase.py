"""Erasing a customer, and the receipts of it: shown, and to take away."""

from typing import Any

import msgspec
from aiohttp import web

from node.errors import ConflictError
from node.services import erasure
from node.services.erasure import ReceiptView
from node.web import customer_words
from node.web.customer_form import ONE
from node.web.forms import form_of
from node.web.page import id_in, render, see_other
from node.web.runtime import runtime_of


async def post_erase(request: web.Request) -> web.StreamResponse:
    """POST /customers/{customer}/erase. Field: anyway."""
    customer, anyway = id_in(request.match_info["customer"]), form_of(request)["anyway"] == "yes"
    try:
        done = await runtime_of(request).write(erasure.erase_customer, customer=customer, anyway=anyway)
    except ConflictError as error:
        return see_other(request, f"/customers/{customer.hex()}", str(error), "stopped")
    told = f" {done.grants} shared address{'es are' if done.grants > 1 else ' is'} taken back." if done.grants else ""
    return see_other(request, f"/customers/receipts/{done.receipt}", f"Erased.{told}")


async def show_receipts(request: web.Request) -> web.StreamResponse:
    """GET /customers/receipts."""
    found: list[ReceiptView] = await runtime_of(request).read(erasure.list_receipts)
    rows = [{"href": f"/customers/receipts/{row.id}", "at": row.at, "id": row.id} for row in found]
    return render(request, "customers/receipts.html", section="customers", receipts=rows)


async def show_receipt(request: web.Request) -> web.StreamResponse:
    """GET /customers/receipts/{receipt}."""
    view: ReceiptView = await runtime_of(request).read(erasure.get_receipt, receipt=id_in(request.match_info["receipt"]))
    receipt: dict[str, Any] = {
        "at": view.at,
        "id": view.id,
        "went": [customer_words.rows(row.table, row.count) for row in view.rows],
        "orders": view.orders,
        "grants": len(view.grants),
        "disclosures": view.disclosures,
        "backups": [(place.name, place.keeps_old) for place in view.backups],
        "device": view.device,
        "file": f"/customers/receipts/{view.id}.json",
    }
    return render(request, "customers/receipt.html", section="customers", receipt=receipt)


async def download_receipt(request: web.Request) -> web.StreamResponse:
    """GET /customers/receipts/{receipt}.json: the receipt as a file."""
    view: ReceiptView = await runtime_of(request).read(erasure.get_receipt, receipt=id_in(request.match_info["receipt"]))
    headers = {"Content-Disposition": f'attachment; filename="erased-{view.id[:8]}.json"'}
    return web.Response(body=msgspec.json.format(msgspec.json.encode(view)), content_type="application/json", headers=headers)


_RECEIPT = "/customers/receipts/{receipt:[0-9a-f]{64}}"
ROUTES = (
    web.post(ONE + "/erase", post_erase),
    web.get("/customers/receipts", show_receipts),
    web.get(_RECEIPT, show_receipt),
    web.get(_RECEIPT + ".json", download_receipt),
)
