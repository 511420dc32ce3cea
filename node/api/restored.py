"""Set up from a backup: what is held back, and letting it go on."""

from node.api.routes import Route
from node.services import restored

ROUTES = (
    Route("GET", "/restored", restored.show, kind="read"),
    Route("POST", "/restored/{what}/confirm", restored.confirm),
)
