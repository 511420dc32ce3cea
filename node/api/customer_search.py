"""Customers found by text and filters."""

from node.api.routes import Route
from node.services import customer_search

ROUTES = (
    Route("GET", "/customers", customer_search.list_customers, kind="read"),
    Route("GET", "/customers/filters", customer_search.list_values, kind="read"),
)
