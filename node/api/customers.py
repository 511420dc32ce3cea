"""Customers: people typed in, looked at, erased."""

from node.api import customer_photos, export
from node.api.routes import Route
from node.services import customer_history, customer_merge, customer_split, customer_timeline, customers, erasure

ROUTES = (
    Route("POST", "/customers", customers.add_customer),
    Route("GET", "/customers/duplicates", customer_merge.find_duplicates, kind="read"),
    Route("GET", "/customers/receipts", erasure.list_receipts, kind="read"),
    Route("GET", "/customers/receipts/{receipt}", erasure.get_receipt, kind="read"),
    Route("GET", "/customers/{customer}", customers.get_customer, kind="read"),
    Route("POST", "/customers/{customer}", customers.change_customer),
    Route("POST", "/customers/{customer}/archive", customers.archive_customer),
    Route("POST", "/customers/{customer}/unarchive", customers.unarchive_customer),
    Route("GET", "/customers/{customer}/merge", customer_merge.merge_preview, kind="read"),
    Route("POST", "/customers/{customer}/merge", customer_merge.merge_customers),
    Route("POST", "/customers/{customer}/unmerge", customer_merge.unmerge),
    Route("POST", "/customers/{customer}/apart", customer_merge.keep_apart),
    Route("POST", "/customers/{customer}/split", customer_split.split_customer),
    Route("GET", "/customers/{customer}/history", customer_history.list_history, kind="read"),
    Route("GET", "/customers/{customer}/timeline", customer_timeline.list_timeline, kind="read"),
    Route("POST", "/customers/{customer}/take-back", customer_history.take_back),
    Route("POST", "/customers/{customer}/erase", erasure.erase_customer),
    *customer_photos.ROUTES,
    *export.ROUTES,
)
