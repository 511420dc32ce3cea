"""A catalog's drafts: products, offers, shipping profiles and return policies edited singly, signed as one batch."""

from typing import Protocol

from node.api.http import Runtime
from node.api.routes import Route
from node.services import drafts, piles
from node.services.catalog_bulk import BulkEditView, Change, Selection
from node.services.catalog_edits import CatalogEdits
from node.services.publishing import PublishedView


class EditsRuntime(Runtime, Protocol):
    """What drafts need of the node."""

    @property
    def catalog_edits(self) -> CatalogEdits:
        """Drafts of the open vault."""


async def publish(runtime: EditsRuntime, pile: bytes, name: str = "", anyway: bool = False) -> PublishedView:
    """Sign a pile of drafts as one batch. `anyway`: also over what was signed otherwise since they were begun."""
    return await runtime.catalog_edits.publish(pile, name, anyway)


async def preview_many(runtime: EditsRuntime, currency: str, selection: Selection, change: Change) -> BulkEditView:
    """What a change would make of many offers; nothing is drafted."""
    return await runtime.catalog_edits.preview_many(currency, selection, change)


async def change_many(runtime: EditsRuntime, currency: str, selection: Selection, change: Change) -> BulkEditView:
    """Draft a change of many offers; sign the drafts with `publish`."""
    return await runtime.catalog_edits.change_many(currency, selection, change)


_ONE = "/catalog/drafts/{pile}"
ROUTES = (
    Route("GET", "/catalog/drafts", piles.list_piles, kind="read"),
    Route("GET", _ONE, piles.list_drafts, kind="read"),
    Route("POST", _ONE + "/publish", publish, kind="task"),
    Route("POST", _ONE + "/schedule", piles.schedule),
    Route("POST", _ONE + "/unschedule", piles.unschedule),
    Route("POST", _ONE + "/discard", piles.discard),
    Route("POST", "/catalog/change/preview", preview_many, kind="task"),
    Route("POST", "/catalog/change", change_many, kind="task"),
    Route("GET", "/catalog/edit/product", drafts.get_product, kind="read"),
    Route("POST", "/catalog/edit/product", drafts.save_product),
    Route("GET", "/catalog/edit/offer", drafts.get_offer, kind="read"),
    Route("POST", "/catalog/edit/offer", drafts.save_offer),
    Route("GET", "/catalog/edit/shipping", drafts.list_shipping, kind="read"),
    Route("POST", "/catalog/edit/shipping", drafts.save_shipping),
    Route("GET", "/catalog/edit/returns", drafts.list_returns, kind="read"),
    Route("POST", "/catalog/edit/returns", drafts.save_returns),
    Route("POST", "/catalog/edit/withdraw", drafts.withdraw),
)
