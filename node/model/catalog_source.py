"""Places that are looked at by the clock for product files: a folder of this machine, or an address."""

from dataclasses import dataclass

from node.errors import UserError

KINDS = ("folder", "url")
SHORTEST = 15
"""Minutes between two looks."""
LONGEST = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class CatalogSource:
    """`every` minutes `place` is looked at. `publish`: what it brings is signed by itself; `withdraw`: what it does not have goes.

    `looked`, `taken` in ms; `seen` says what was taken last; `code`, `error`: why the last look failed. `paused`: looked at by
    hand only.
    """

    source: bytes
    kind: str
    place: str
    currency: str
    every: int
    withdraw: bool
    publish: bool
    added: int
    looked: int = 0
    taken: int = 0
    seen: str = ""
    code: str = ""
    error: str = ""
    paused: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UserError("A place is a folder or a url.", code="bad-request")
        if not SHORTEST <= self.every <= LONGEST:
            raise UserError(f"Look every {SHORTEST} to {LONGEST} minutes.", code="bad-request")
        if not self.place.strip() or len(self.place) > 2000:
            raise UserError("Say which folder or address is looked at.", code="bad-request")

    def due(self, now: int) -> bool:
        """Whether it is time to look."""
        return not self.paused and now >= self.next

    @property
    def next(self) -> int:
        """When it is looked at by the clock (ms): at once where it never was."""
        return self.looked + self.every * 60_000 if self.looked else self.added
