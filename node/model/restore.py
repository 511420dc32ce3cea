"""A restore as pages and API show it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FoundView:
    """What lies at a place, as far as names tell: backups of how many desks, how many in all, the newest number, some before it."""

    desks: int
    backups: int
    newest: int
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RestoreView:
    """How far a restore is. `doing` nothing, checking, reading, opening, done or failed (then `code` and `text` say why)."""

    doing: str
    got: int
    got_bytes: int
    code: str
    text: str
