"""Errors as RFC 9457 problems: one JSON shape, one status an error, the same code on page, API and command line."""

from dataclasses import dataclass, replace

from node.errors import ConflictError, FieldErrors, IntegrityError, Locked, NodeError, NotFound, Unavailable, UserError
from node.model.record_words import words_of
from protocol.errors import BadField, LocalError, ProtocolError

TYPE_PREFIX = "https://gemstra.example/problems/"

_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (NotFound, 404),
    (Locked, 423),
    (ConflictError, 409),
    (IntegrityError, 422),
    (Unavailable, 503),
    (UserError, 400),
    (LocalError, 409),
    (ProtocolError, 400),
)


@dataclass(frozen=True, slots=True)
class WrongField:
    """A field that is wrong: its path in what was sent, and why."""

    field: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Problem:
    """`detail` may reach a screen; `code` is what programs compare. `fields` are those that are wrong, where the error is about fields."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    fields: tuple[WrongField, ...] = ()


def problem(error: NodeError | ProtocolError) -> Problem:
    """The problem document for an expected error."""
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    shown = problem_of(status, error.code, words_of(error) if isinstance(error, BadField) else str(error))
    if not isinstance(error, FieldErrors):
        return shown
    return replace(shown, fields=tuple(WrongField(fault.field, fault.code, str(fault)) for fault in error.faults))


def problem_of(status: int, code: str, detail: str) -> Problem:
    """The problem document for a refusal under `code`."""
    return Problem(TYPE_PREFIX + code, code.replace("-", " ").capitalize(), status, detail, code)
