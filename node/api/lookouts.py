"""The watch list: what a seller wants to hear of, and what happened."""

from node.api.routes import Route
from node.services import lookouts

ROUTES = (
    Route("GET", "/catalog/lookouts", lookouts.list_lookouts, kind="read"),
    Route("POST", "/catalog/lookouts", lookouts.add_lookout),
    Route("POST", "/catalog/lookouts/{lookout}/remove", lookouts.remove_lookout),
    Route("POST", "/catalog/lookouts/{lookout}/restore", lookouts.restore_lookout),
    Route("POST", "/catalog/notices/dismiss", lookouts.dismiss_notice),
)
