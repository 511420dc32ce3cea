"""Set up from a backup: what is held back, letting it go on, and the steps of a move."""

from node.api.routes import Route
from node.services import moving, restored

ROUTES = (
    Route("GET", "/move", moving.show, kind="read"),
    Route("GET", "/restored", restored.show, kind="read"),
    Route("POST", "/restored/{what}/confirm", restored.confirm),
)
