"""After a restore each peer is asked for what it holds of our dealings, section by section; and what we hold is given to peers that ask.

A record that does not fit is counted and named, and the others are taken all the same.
"""

from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from node.errors import NodeError
from node.model.peers import Peer
from protocol.errors import Conflict, ProtocolError
from protocol.kinds import Topic
from protocol.messages import Message, unpack_held
from protocol.recovery import LONGEST_RECORD, MOST_RECORDS, PAGE_BYTES, Held, HeldRequest, Section

from . import evidence
from .catching_up import DONE, ORDER, Progress, is_active, keep, progress
from .evidence import Contradiction
from .exchange import Exchange, Incoming, send
from .returned import held
from .taken_back import RecoveryUnit, take
from .unit import OutboxEntry

ABOUT = "recovery"


@dataclass(frozen=True, slots=True)
class FetchedView:
    """What a peer gave back after a restore. `state`: waiting (for its answer), done, or refused; `records` came, `misfits` of them
    did not fit, the last for the reason `code`.
    """

    peer: str
    name: str
    state: str
    section: str
    records: int
    misfits: int
    code: str


def tick(unit: RecoveryUnit) -> None:
    """Ask every peer that has not given everything yet."""
    if is_active(unit):
        known = progress(unit)
        for peer in unit.peers.all():
            _go_on(unit, peer, known.get(peer.identity, Progress()))


def list_fetched(unit: RecoveryUnit) -> list[FetchedView]:
    """What peers have given back since this node was set up from a backup."""
    if not is_active(unit):
        return []
    known = progress(unit)
    return [_view(peer, known.get(peer.identity, Progress())) for peer in unit.peers.all()]


def _view(peer: Peer, at: Progress) -> FetchedView:
    nothing = at.section == DONE and not at.records and at.code
    state = "refused" if nothing else "done" if at.section == DONE else "waiting"
    return FetchedView(peer.identity.hex(), peer.name, state, at.section, at.records, at.refused, at.code)


def _go_on(unit: RecoveryUnit, peer: Peer, at: Progress) -> None:
    about = (ABOUT, peer.identity)
    if at.section != DONE and not any(entry.about == about for entry in unit.outbox.open(peer.peer)):
        send(unit, peer.peer, HeldRequest(Section(at.section), at.after), topic=Topic.RECOVERY, about=about, query=True)


# --- messages


def _on_request(unit: RecoveryUnit, incoming: Incoming) -> Held:
    """A page: as much as fits a frame, and one record at least while there is one."""
    request: HeldRequest = incoming.message.record
    page: list[bytes] = []
    size = skipped = 0
    for make in islice(held(unit, incoming.peer, request.section), request.after, None):
        record = make()
        if page and (size + len(record) > PAGE_BYTES or len(page) == MOST_RECORDS):
            return Held(tuple(page), request.after + skipped + len(page))
        if len(record) > LONGEST_RECORD:
            skipped += 1
            continue
        page.append(record)
        size += len(record)
    return Held(tuple(page), 0)


def _on_held(unit: RecoveryUnit, entry: OutboxEntry, sent: Message, reply: Message) -> None:
    request, given, peer = sent.record, reply.record, unit.peers.get(entry.peer)
    unit.outbox.forget_reply(entry.id)  # it is kept as records
    if peer is None:
        return
    at = progress(unit).get(peer.identity, Progress())
    if not isinstance(given, Held) or (at.section, at.after) != (request.section.value, request.after):
        raise Conflict("that answers another question", code="unexpected-reply")
    for raw in given.records:
        at = replace(at, records=at.records + 1)
        try:
            unit.attempt(partial(_take, unit, peer, raw))
        except (ProtocolError, NodeError) as error:
            at = replace(at, refused=at.refused + 1, code=error.code)
            if isinstance(error, Contradiction):
                evidence.keep(unit, error)
    at = replace(at, after=given.next) if given.next > at.after else replace(at, section=_following(request.section), after=0)
    keep(unit, peer.identity, at)
    _go_on(unit, peer, at)
    unit.touched("changes")


def _take(unit: RecoveryUnit, peer: Peer, raw: bytes) -> None:
    take(unit, peer, unpack_held(raw))


def _following(section: Section) -> str:
    place = ORDER.index(section) + 1
    return ORDER[place].value if place < len(ORDER) else DONE


def _on_failed(unit: RecoveryUnit, entry: OutboxEntry, _sent: Message, code: str) -> None:
    """The peer will not: what it holds is not to be had."""
    peer = unit.peers.get(entry.peer)
    if peer is not None:
        at = progress(unit).get(peer.identity, Progress())
        keep(unit, peer.identity, replace(at, section=DONE, code=code))


EXCHANGE = Exchange(
    answers={"recovery.request": _on_request},
    settles={"recovery.request": _on_held},
    fails={"recovery.request": _on_failed},
    queries=frozenset({"recovery.request"}),
)
