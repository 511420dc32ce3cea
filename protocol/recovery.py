"""After a restore: what peers keep for each other, so that a node set up from a backup goes on from where it was and not from the copy.

A peer remembers the newest backup its peer spoke of, and gives back the records it holds from dealing with it. It decides what is asked and
given; each record is checked by its own noun as if it had just come (docs/protocol/16-recovery.md).
"""

from dataclasses import dataclass
from enum import StrEnum

from .codec import LATEST_MS, key
from .errors import Conflict
from .identity import Presentation
from .kinds import Kind, Topic

BACKUP = "recovery.backup"
LONGEST_RECORD = 800_000  # of a page; an order with its whole history
LONGEST_ENTRY = 1 << 16
MOST_RECORDS = 1000
PAGE_BYTES = 800_000


class Section(StrEnum):
    """What is given back together. In this order each can be read with what came before it."""

    TEAM = "team"
    PLANS = "plans"
    FACTS = "facts"
    ORDERS = "orders"
    GRANTS = "grants"
    STATEMENTS = "statements"


@dataclass(frozen=True, slots=True)
class BackupHead:
    """The newest manifest of the speaker's backups: its place in their chain, its hash, and when it was made. 0 = none is known."""

    sequence: int = key(0)
    hash: bytes = key(2, size=32)
    at: int = key(4, high=LATEST_MS)

    def grows(self, newer: "BackupHead") -> bool:
        """Whether `newer` goes beyond this. Raises Conflict `rollback`, or `equivocation` for another manifest at one place."""
        if newer.sequence < self.sequence:
            raise Conflict(f"backup {newer.sequence} after {self.sequence}", code="rollback")
        if newer.sequence == self.sequence and newer.hash != self.hash:
            raise Conflict(f"two backups are number {newer.sequence}", code="equivocation")
        return newer.sequence > self.sequence


NO_BACKUP = BackupHead(0, bytes(32), 0)


@dataclass(frozen=True, slots=True)
class BackupRequest:
    """Which backup of mine do you know of? Answered by BackupHead."""


@dataclass(frozen=True, slots=True)
class RootKnown:
    """To a hello by a root log that forks from the one known: this one. Whoever has the words can go on from it."""

    presentation: Presentation = key(0)


@dataclass(frozen=True, slots=True)
class HeldRequest:
    """Give back what you hold of our dealings, from record `after` (0 = the first) of the section on."""

    section: Section = key(0)
    after: int = key(2)


@dataclass(frozen=True, slots=True)
class Held:
    """A page of packed messages `[kind, body]`; `next` is the record to go on from, 0 when nothing follows."""

    records: tuple[bytes, ...] = key(0, longest=LONGEST_RECORD, most=MOST_RECORDS)
    next: int = key(2)


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """An order as one side holds it: the quote request, the merchant's log so far, and the seller's requests that its receipts name."""

    request: bytes = key(0, longest=LONGEST_ENTRY)
    entries: tuple[bytes, ...] = key(2, longest=LONGEST_ENTRY)
    requests: tuple[bytes, ...] = key(4, longest=LONGEST_ENTRY)


KINDS = (
    Kind(BACKUP, Topic.RECOVERY, BackupHead),
    Kind("recovery.backup-request", Topic.RECOVERY, BackupRequest),
    Kind("recovery.root", Topic.HELLO, RootKnown),
    Kind("recovery.request", Topic.RECOVERY, HeldRequest),
    Kind("recovery.held", Topic.RECOVERY, Held),
    Kind("recovery.order", Topic.RECOVERY, HeldOrder),
)
