"""Catalogs and plans: a product file signed into a feed, feeds followed, products and offers looked at."""

from typing import Any, Protocol

from aiohttp import web

from node.api.http import Runtime
from node.api.routes import Route
from node.api.uploads import Arriving, flag_option, parsed, text_option
from node.services import browse, catalog, catalog_following, plans
from node.services.catalog import ImportView


class ParsingRuntime(Runtime, Protocol):
    """What an upload needs of the node."""

    async def parse(self, reader: str, source: Any, **options: Any) -> Any:
        """What the reader named `products` makes of a source of bytes, in a thread."""


async def import_products(runtime: ParsingRuntime, request: web.Request) -> ImportView:
    """Sign a product export (Shopify or WooCommerce CSV), the body; `currency` where the file has none, `replace` drops the rest."""
    name, currency = text_option(request, "name"), text_option(request, "currency", "USD").upper()
    whole = flag_option(request, "replace")

    async def parse(source: Arriving) -> Any:
        return await runtime.parse("products", source, name=name, currency=currency)

    found = await parsed(request, parse)
    priced = next((variant.currency for product in found.products for variant in product.variants), currency)
    view: ImportView = await runtime.write(catalog.import_products, file=found, currency=priced, replace_all=whole)
    return view


ROUTES = (
    Route("POST", "/catalog/import", import_products, kind="task"),
    Route("POST", "/catalog/sync", catalog_following.sync),
    Route("GET", "/catalog/feeds", browse.list_feeds, kind="read"),
    Route("GET", "/catalog/products", browse.list_products, kind="read"),
    Route("GET", "/catalog/products/{product}", browse.get_product, kind="read"),
    Route("GET", "/catalog/offers", browse.list_offers, kind="read"),
    Route("POST", "/plans", plans.publish_plan),
    Route("GET", "/plans", plans.list_plans, kind="read"),
    Route("GET", "/plans/{plan}", plans.get_plan, kind="read"),
)
