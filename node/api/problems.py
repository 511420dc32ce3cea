"""Errors as RFC 9457 problems: one JSON shape, stable types, the same code on page, API and command line."""

from dataclasses import dataclass

from node.errors import ConflictError, IntegrityError, Locked, NodeError, NotFound, Unavailable, UserError
from protocol.errors import LocalError, ProtocolError

TYPE_PREFIX = "https://gemstra.example/problems/"

_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (NotFound, 404),
    (Locked, 423),
    (ConflictError, 409),
    (IntegrityError, 422),
    (Unavailable, 503),
    (UserError, 400),
    (LocalError, 409),
    (ProtocolError, 422),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """`detail` may reach a screen; `code` is what programs compare."""

    type: str
    title: str
    status: int
    detail: str
    code: str


def problem(error: NodeError | ProtocolError) -> Problem:
    """The problem document for an expected error."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    title = error.code.replace("-", " ").capitalize()
    return Problem(TYPE_PREFIX + error.code, title, status, str(error), error.code)
