"""Customers found by text and filters, saved choices of them, and what is done to many at once."""

from node.api.routes import Route
from node.services import customer_bulk, customer_search, segments

ROUTES = (
    Route("GET", "/customers", customer_search.list_customers, kind="read"),
    Route("GET", "/customers/filters", customer_search.list_values, kind="read"),
    Route("GET", "/customers/segments", segments.list_segments, kind="read"),
    Route("POST", "/customers/segments", segments.save_segment),
    Route("GET", "/customers/segments/{segment}", segments.get_segment, kind="read"),
    Route("POST", "/customers/segments/{segment}/rename", segments.rename_segment),
    Route("POST", "/customers/segments/{segment}/remove", segments.remove_segment),
    Route("GET", "/customers/bulk", customer_bulk.list_many, kind="read"),
    Route("POST", "/customers/bulk", customer_bulk.change_many),
    Route("POST", "/customers/bulk/{bulk}/undo", customer_bulk.undo_many),
)
