"""A shop's terms."""

from node.api.routes import Route
from node.services import shop_terms

ROUTES = (
    Route("GET", "/shop/terms", shop_terms.get_terms, kind="read"),
    Route("POST", "/shop/terms", shop_terms.set_terms),
)
