"""Contradictions: what a peer signed twice for one place of a log is refused, and both are kept, shown and given out on asking."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from node.model.evidence import Evidence
from protocol.envelope import peek_type, verify
from protocol.errors import Conflict
from protocol.ids import digest

from .exchange import PeersUnit
from .today_items import TodayItem

MOST_SHOWN = 100
SHOWN_MS = 30 * 86_400_000


class Contradiction(Conflict):
    """Two verified envelopes for one place of one log. Whoever takes the request ends its transaction, and keeps both in the next."""

    code = "equivocation"

    def __init__(self, message: str, *, identity: bytes, first: bytes, second: bytes) -> None:
        super().__init__(message)
        self.identity, self.first, self.second = identity, first, second


class EvidenceBook(Protocol):
    """Proofs as this service keeps them (node/store/evidence.py says what each does)."""

    def keep(self, row: Evidence) -> bool: ...  # noqa: D102
    def all(self, limit: int) -> Sequence[Evidence]: ...  # noqa: D102


class EvidenceUnit(PeersUnit, Protocol):
    """What this service needs of a transaction."""

    @property
    def evidence(self) -> EvidenceBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """A contradiction. `first` and `second` are the two envelopes in hex, as anybody can check them; `found_at` in ms."""

    id: str
    identity: str
    name: str
    log: str
    seq: int
    type: str
    first: str
    second: str
    found_at: int


def keep(unit: EvidenceUnit, found: Contradiction) -> None:
    """Keep what was refused. The same again, and more than enough of one identity, changes nothing."""
    first, second = sorted((found.first, found.second))
    place = verify(found.first, peek_type(found.first)).envelope
    name = digest("evidence", first, second)
    row = Evidence(name, found.identity, place.log, place.seq, found.first, found.second, unit.now)
    if unit.evidence.keep(row):
        unit.touched("changes")


def list_evidence(unit: EvidenceUnit) -> list[EvidenceView]:
    """Every contradiction found, newest first."""
    return [_view(unit, row) for row in unit.evidence.all(MOST_SHOWN)]


def found(unit: Any) -> Iterable[TodayItem]:
    """Who showed two histories."""
    for row in unit.evidence.all(MOST_SHOWN):
        if row.found_at < unit.now - SHOWN_MS:  # the list of peers goes on showing it
            continue
        view = _view(unit, row)
        who = view.name or "Somebody you were connected to"
        text = "Both are kept as proof. Ask them by another way before you deal with them."
        yield TodayItem("evidence", "peers", f"{who} showed two histories of one thing", text, "/peers", "", row.found_at, view.name)


def _view(unit: EvidenceUnit, row: Evidence) -> EvidenceView:
    peer = unit.peers.by_identity(row.identity)
    name = peer.name if peer else ""
    type_ = peek_type(row.first)
    parts = (row.log.hex(), row.seq, type_, row.first.hex(), row.second.hex(), row.found_at)
    return EvidenceView(row.id.hex(), row.identity.hex(), name, *parts)
