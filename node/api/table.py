"""Every route of the API, in the order of the documentation."""

from node.api import (
    anchors,
    backup,
    catalog,
    chain,
    commission,
    customer_imports,
    customer_search,
    customers,
    grants,
    keys,
    node,
    orders,
    peers,
    restore,
    restored,
    tasks,
    team,
    today,
)
from node.api.routes import Route

ROUTES: tuple[Route, ...] = (
    *node.ROUTES,
    *keys.ROUTES,
    *today.ROUTES,
    *tasks.ROUTES,
    *peers.ROUTES,
    *catalog.ROUTES,
    *anchors.ROUTES,
    *team.ROUTES,
    *customer_imports.ROUTES,
    *customer_search.ROUTES,
    *customers.ROUTES,
    *orders.ROUTES,
    *grants.ROUTES,
    *commission.ROUTES,
    *chain.ROUTES,
    *backup.ROUTES,
    *restore.ROUTES,
    *restored.ROUTES,
)
