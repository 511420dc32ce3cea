"""Brands: bounds for the commissions on their products, merchants' offers of these, recalls."""

from node.api.routes import Route
from node.services import brand_offers, brand_plans, performance, withdrawals

ROUTES = (
    Route("POST", "/brand/bounds", brand_plans.publish_bounds),
    Route("GET", "/brand/bounds", brand_plans.list_bounds, kind="read"),
    Route("GET", "/brand/products", brand_offers.list_brand_products, kind="read"),
    Route("POST", "/brand/offers", brand_offers.offer_product),
    Route("GET", "/brand/offers", brand_offers.list_brand_offers, kind="read"),
    Route("POST", "/brand/offers/stop", brand_offers.stop_offering),
    Route("GET", "/brand/figures", performance.list_figures, kind="read"),
    Route("POST", "/brand/figures", performance.tell),
    Route("POST", "/catalog/withdrawals", withdrawals.withdraw),
    Route("GET", "/catalog/withdrawals", withdrawals.list_withdrawals, kind="read"),
    Route("POST", "/catalog/withdrawals/allow", withdrawals.allow_again),
)
