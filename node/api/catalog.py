"""Catalogs and plans: feeds followed, products and offers looked at."""

from node.api.routes import Route
from node.services import browse, catalog_changes, catalog_following, catalog_search, plans, product_sheet

ROUTES = (
    Route("POST", "/catalog/sync", catalog_following.sync),
    Route("GET", "/catalog/feeds", browse.list_feeds, kind="read"),
    Route("GET", "/catalog/search", catalog_search.search_products, kind="read"),
    Route("GET", "/catalog/choices", catalog_search.list_choices, kind="read"),
    Route("GET", "/catalog/compare/{code}", catalog_search.compare_code, kind="read"),
    Route("GET", "/catalog/changes", catalog_changes.list_changes, kind="read"),
    Route("POST", "/catalog/changes/seen", catalog_changes.see_changes),
    Route("GET", "/catalog/products", browse.list_products, kind="read"),
    Route("GET", "/catalog/products/{product}", product_sheet.get_product, kind="read"),
    Route("GET", "/catalog/offers", browse.list_offers, kind="read"),
    Route("POST", "/plans", plans.publish_plan),
    Route("GET", "/plans", plans.list_plans, kind="read"),
    Route("GET", "/plans/{plan}", plans.get_plan, kind="read"),
)
