"""Customers: people typed in, found, erased."""

from node.api import customer_photos
from node.api.routes import Route
from node.services import customers, erasure

ROUTES = (
    Route("GET", "/customers", customers.list_customers, kind="read"),
    Route("POST", "/customers", customers.add_customer),
    Route("GET", "/customers/{customer}", customers.get_customer, kind="read"),
    Route("POST", "/customers/{customer}", customers.change_customer),
    Route("POST", "/customers/{customer}/erase", erasure.erase_customer),
    *customer_photos.ROUTES,
)
