"""Brands: bounds for the commissions on their products."""

from node.api.routes import Route
from node.services import brand_plans

ROUTES = (
    Route("POST", "/brand/bounds", brand_plans.publish_bounds),
    Route("GET", "/brand/bounds", brand_plans.list_bounds, kind="read"),
)
