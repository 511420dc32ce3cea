"""Every route of the API, in the order of the documentation."""

from node.api import chain, node, orders, peers, team, today
from node.api.routes import Route

ROUTES: tuple[Route, ...] = (
    *node.ROUTES,
    *today.ROUTES,
    *peers.ROUTES,
    *team.ROUTES,
    *orders.ROUTES,
    *chain.ROUTES,
)
