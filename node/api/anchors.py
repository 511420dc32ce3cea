"""Anchors of catalogs: heads on the chain, and what they say of what was shown."""

from node.api.routes import Route
from node.services import anchors

ROUTES = (
    Route("GET", "/catalog/anchors", anchors.list_anchors, kind="read"),
    Route("POST", "/catalog/anchors", anchors.anchor),
    Route("POST", "/catalog/anchors/schedule", anchors.schedule),
)
