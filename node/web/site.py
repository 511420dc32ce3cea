"""Every section's pages, and what is made fresh before one is shown."""

from aiohttp import web
from aiohttp.typedefs import Handler

from node.web import (
    anchors,
    backup,
    backup_customer,
    backup_targets,
    brand,
    catalog,
    catalog_list,
    commissions,
    customer_erase,
    customer_form,
    customer_import,
    customer_merge,
    customer_page,
    customer_photo,
    customers,
    evidence,
    export,
    grants,
    keys,
    moving,
    orders,
    peers,
    restored,
    setup,
    setup_restore,
    shop_brands,
    shop_catalog,
    shop_drafts,
    shop_import,
    shop_offer,
    shop_orders,
    shop_places,
    shop_plan,
    shop_products,
    shop_sending,
    shop_terms,
    statements,
    tasks,
    team,
    today,
    wallet,
    withdrawals,
)
from node.web.runtime import runtime_of

PAGES: tuple[web.RouteDef, ...] = (
    *today.ROUTES,
    *tasks.ROUTES,
    *setup.ROUTES,
    *setup_restore.ROUTES,
    *peers.ROUTES,
    *evidence.ROUTES,
    *team.ROUTES,
    *customers.ROUTES,
    *customer_form.ROUTES,
    *customer_page.ROUTES,
    *export.ROUTES,
    *customer_erase.ROUTES,
    *customer_merge.ROUTES,
    *customer_photo.ROUTES,
    *customer_import.ROUTES,
    *catalog_list.ROUTES,
    *catalog.ROUTES,
    *brand.ROUTES,
    *withdrawals.ROUTES,
    *shop_brands.ROUTES,
    *anchors.ROUTES,
    *orders.ROUTES,
    *shop_catalog.ROUTES,
    *shop_places.ROUTES,
    *shop_import.ROUTES,
    *shop_products.ROUTES,
    *shop_offer.ROUTES,
    *shop_drafts.ROUTES,
    *shop_sending.ROUTES,
    *shop_plan.ROUTES,
    *shop_terms.ROUTES,
    *shop_orders.ROUTES,
    *grants.ROUTES,
    *keys.ROUTES,
    *commissions.ROUTES,
    *wallet.ROUTES,
    *statements.ROUTES,
    *backup.ROUTES,
    *backup_customer.ROUTES,
    *backup_targets.ROUTES,
    *restored.ROUTES,
    *moving.ROUTES,
)
_UNCOUNTED = ("/static/", "/api/")


@web.middleware
async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The counts beside the navigation are those of this moment. Runs after every rule of the shell."""
    if not request.path.startswith(_UNCOUNTED):
        await runtime_of(request).look()
    return await handler(request)
