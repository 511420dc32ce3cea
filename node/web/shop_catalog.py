"""A merchant's products: choose a file, what waits, what was signed together, tables whose columns are remembered."""

import io
from typing import Any, Protocol

from aiohttp import web

from node.errors import ConflictError, UserError
from node.model.export import Export
from node.services import browse, catalog_batches, catalog_imports, plans
from node.services.catalog import CatalogUnit, usual_currency
from node.services.catalog_batches import BatchView
from node.services.catalog_imports import ProductImportView, ProductMappingView
from node.services.catalog_runs import CatalogRuns
from node.web.catalog_parts import building
from node.web.forms import Upload, form_of, takes_upload
from node.web.page import id_in, render, see_other
from node.web.product_words import FORMS, batch_words, state_of, who_words
from node.web.runtime import Runtime, runtime_of
from node.web.setup import currencies
from node.web.waiting import within

UPLOAD_LIMIT = 64 << 20
WAIT_SECONDS = 1.5
_OTHERWISE = "Import a larger file with: gemstra catalog import FILE"
_LONGEST = 200


class Importing(Runtime, Protocol):
    """What product files need of the running node."""

    @property
    def catalog_imports(self) -> CatalogRuns:
        """Files under way."""

    async def export_catalog(self, form: str, currency: str) -> Export:
        """Our catalog as a file."""


def importing(request: web.Request) -> Importing:
    """The running node, as product files need it."""
    runtime: Any = runtime_of(request)
    found: Importing = runtime
    return found


def shop(unit: CatalogUnit) -> tuple[str, str]:
    """Our identity (hex) and the currency of our amounts. Raises UserError `not-a-merchant`."""
    if unit.me.role != "merchant":
        raise UserError("This page is a merchant's: a seller follows the catalogs and plans of its merchants.", code="not-a-merchant")
    return unit.me.identity.hex(), usual_currency(unit)


def writer(unit: CatalogUnit) -> tuple[str, str]:
    """Our identity (hex) and the currency of our amounts. Raises UserError `not-a-merchant`."""
    if unit.me.role == "seller":
        raise UserError("This page is a merchant's or a brand's: a seller follows the catalogs of its merchants.", code="not-a-merchant")
    return unit.me.identity.hex(), usual_currency(unit)


async def show(request: web.Request) -> web.StreamResponse:
    """GET /merchant/catalog."""
    _, currency = await runtime_of(request).read(writer)
    return await _page(request, {"currency": currency, "replace": ""})


async def _page(request: web.Request, form: dict[str, str], errors: dict[str, str] | None = None) -> web.Response:
    runtime = importing(request)
    waiting: list[ProductImportView] = await runtime.read(catalog_imports.list_staged)
    batches: list[BatchView] = await runtime.read(catalog_batches.list_batches)
    mappings: list[ProductMappingView] = await runtime.read(catalog_imports.list_mappings)
    feeds: list[browse.FeedView] = await runtime.read(browse.list_feeds)
    files_out = [
        {"href": f"/merchant/catalog/file?form={form_}&currency={feed.currency}", "text": f"{words}, {feed.currency}"}
        for feed in feeds
        if feed.own and feed.products
        for form_, words in FORMS.items()
    ]
    failed = [f"{failure.name}: {failure.reason}" for failure in runtime.catalog_imports.failures]
    runtime.catalog_imports.failures.clear()
    files = [{"href": f"/merchant/catalog/{file.id}", "name": file.name, "at": file.at, "text": state_of(file)} for file in waiting]
    past = [
        {"id": row.id, "name": row.name, "at": row.at, "text": batch_words(row), "who": who_words(row), "undone": row.undone}
        for row in batches[:20]
    ]
    return render(
        request,
        "merchant/catalog.html",
        section="merchant",
        status=422 if errors else 200,
        errors=errors or {},
        form=form,
        currencies=currencies(),
        failed=failed,
        building=building(feeds),
        files_out=files_out,
        waiting=files,
        reading=any(file.state == "reading" for file in waiting),
        batches=past,
        mappings=[{"id": row.id, "name": row.name, "used": row.used} for row in mappings],
    )


@takes_upload(UPLOAD_LIMIT, _OTHERWISE)
async def post(request: web.Request) -> web.StreamResponse:
    """POST /merchant/catalog: read a file and compare it; nothing is signed. Fields: file, currency, replace."""
    runtime, given = importing(request), form_of(request)
    await runtime.read(writer)
    form = {"currency": given["currency"].strip().upper(), "replace": given["replace"]}
    upload = given.files.get("file")
    errors = _wrong(form["currency"], upload)
    if errors or upload is None:
        return await _page(request, form, errors)
    name, runs = upload.name[:_LONGEST], runtime.catalog_imports
    work = runs.stage(io.BytesIO(upload.body), name, form["currency"], withdraw=form["replace"] == "yes", size=len(upload.body))
    try:
        staged = await within(WAIT_SECONDS, runs.background(work, name))
    except UserError as error:
        runs.failures.clear()
        return await _page(request, form, {"file": str(error)})
    return see_other(request, f"/merchant/catalog/{staged.hex()}" if staged else "/merchant/catalog")


def _wrong(currency: str, upload: Upload | None) -> dict[str, str]:
    errors = {}
    if upload is None or not upload.body:
        errors["file"] = "Choose a file first."
    if currency not in dict(currencies()):
        errors["currency"] = "Choose a currency from the list."
    return errors


async def download(request: web.Request) -> web.StreamResponse:
    """GET /merchant/catalog/file?form=&currency=: our catalog as a file."""
    made = await importing(request).export_catalog(request.query.get("form", ""), request.query.get("currency", ""))
    headers = {"Content-Type": made.media_type, "Content-Disposition": f'attachment; filename="{made.name}"'}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    async for piece in made.pieces:
        await response.write(piece)
    await response.write_eof()
    return response


async def post_forget(request: web.Request) -> web.StreamResponse:
    """POST /merchant/catalog/mappings/{mapping}/forget: ask for the columns of such tables again."""
    await runtime_of(request).write(catalog_imports.forget_mapping, mapping=id_in(request.match_info["mapping"]))
    return see_other(request, "/merchant/catalog", "Forgotten: the next table like this is asked about again")


# --- taking a batch back


async def show_batch(request: web.Request) -> web.StreamResponse:
    """GET /merchant/catalog/batches/{batch}: what taking it back would do."""
    plan = await runtime_of(request).read(catalog_batches.plan_rollback, batch=id_in(request.match_info["batch"]))
    return render(request, "merchant/batch.html", section="merchant", plan=plan)


async def post_batch(request: web.Request) -> web.StreamResponse:
    """POST /merchant/catalog/batches/{batch}: take it back. Field: leave (yes: products changed since stay)."""
    batch = id_in(request.match_info["batch"])
    try:
        done = await runtime_of(request).write(catalog_batches.roll_back, batch=batch, leave=form_of(request)["leave"] == "yes")
    except ConflictError as error:
        return see_other(request, f"/merchant/catalog/batches/{batch.hex()}", str(error), "attention")
    left = f", {done.left} left as they are" if done.left else ""
    restored = "1 product is" if done.restored == 1 else f"{done.restored:,} products are"
    return see_other(request, "/merchant/catalog", f"Taken back: {restored} as before{left}")


async def unplanned(request: web.Request, currency: str) -> str:
    """`currency`, where no plan says yet what a sale in it earns."""
    identity, _ = await runtime_of(request).read(shop)
    known: list[plans.PlanView] = await runtime_of(request).read(plans.list_plans)
    return "" if any(plan.currency == currency for plan in known if plan.merchant == identity) else currency


ROUTES = (
    web.get("/merchant/catalog", show),
    web.post("/merchant/catalog", post),
    web.get("/merchant/catalog/file", download),
    web.post("/merchant/catalog/mappings/{mapping}/forget", post_forget),
    web.get("/merchant/catalog/batches/{batch}", show_batch),
    web.post("/merchant/catalog/batches/{batch}", post_batch),
)
