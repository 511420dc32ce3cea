"""Something that happened with a customer, whatever kept it."""

from dataclasses import dataclass
from typing import NamedTuple

LATEST = 2**62


class Place(NamedTuple):
    """Where a page of events ends: before this time, and of the same time before this row."""

    at: int = LATEST
    row: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """kind: added | order | note | task | disclosure | consent, or one of a change (`Kind` in history.py).

    `key` names the row: an order's, a note's, a task's id; a grant's and an ask's. `what` and `detail` are as the kind has them: an order's
    status; a note's text and way; a task's title; fields and the merchant; a purpose and given or withdrawn; a file's name.
    """

    at: int
    kind: str
    key: str
    what: str
    detail: str

    @property
    def place(self) -> Place:
        """Where a page goes on that ends with it."""
        return Place(self.at, self.kind + self.key)
