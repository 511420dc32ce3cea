"""A dangerous act that was approved and waits: rows that service and store share."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What takes effect only after a delay."""

    WALLET_WORDS = "wallet-words"


class Status(StrEnum):
    """How far it is. `ready` is open for a while, then it lapses."""

    WAITING = "waiting"
    READY = "ready"
    USED = "used"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class StepUpRow:
    """An approval (`step_ups`). `subject` says of what, where a kind has several; times in ms, `ended` 0 while it is open."""

    id: bytes
    kind: Kind
    subject: str
    asked: int
    due: int
    until: int
    status: Status = Status.WAITING
    ended: int = 0
