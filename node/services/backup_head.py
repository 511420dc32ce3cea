"""The newest backup, remembered by peers: who restores learns from them whether its target gave it an older one.

After each backup `announce` tells every peer its number and hash. A peer keeps one row an identity, which only grows, and gives it back to
that identity. After a restore each peer is asked, and what goes beyond the restored manifest is named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from node.model.peers import Peer
from protocol.kinds import Topic
from protocol.messages import Message
from protocol.recovery import BACKUP, NO_BACKUP, BackupHead, BackupRequest

from .exchange import Exchange, Incoming, send
from .peers import PeersUnit
from .unit import OutboxEntry, Unit

ANNOUNCED = "backup/announced"  # setting: {"sequence", "hash", "at"} of our own newest
MANIFEST = "restore/manifest"  # setting: {"sequence", "hash"} of the backup this node was set up from; the restore sets it
ANSWERS = "restore/heads"  # setting: {"device", "known": peer's identity → what it knows}; another device asks anew
ABOUT = "backup"


class HeadBook(Protocol):
    """Backup heads of peers (node/store/backup_heads.py says what each does)."""

    def get(self, identity: bytes) -> BackupHead: ...  # noqa: D102
    def keep(self, identity: bytes, head: BackupHead) -> None: ...  # noqa: D102


class BackupUnit(PeersUnit, Protocol):
    """What this service needs of a transaction."""

    @property
    def backup_heads(self) -> HeadBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class KnownBackup:
    """What a peer knows of our backups. `sequence` 0: of none. `newer` than the one this node was set up from; `at` in ms."""

    peer: str
    name: str
    role: str
    sequence: int
    hash: str
    at: int
    newer: bool


def announce(unit: BackupUnit, sequence: int, hash: bytes) -> None:  # noqa: A002  the field's name
    """Tell every peer of the newest backup, once it is complete at its target."""
    unit.settings.set(ANNOUNCED, {"sequence": sequence, "hash": hash.hex(), "at": unit.now})
    for peer in unit.peers.all():
        _tell(unit, peer)


def newest_known(unit: BackupUnit) -> BackupHead:
    """The newest backup of ours that anybody spoke of: the next one's number goes beyond it, or peers would take it for an older one."""
    restored = unit.settings.get(MANIFEST)
    mine = unit.settings.get(ANNOUNCED)
    heads = [_head(kept) for kept in (mine, restored and {"at": 0, **restored}, *_answers(unit).values()) if kept]
    return max(heads, key=lambda head: head.sequence, default=NO_BACKUP)


def ask(unit: BackupUnit) -> None:
    """Ask peers that were not asked yet, or not heard from, what they know of our backups."""
    answered = _answers(unit)
    for peer in unit.peers.all():
        open_ones = (entry.about for entry in unit.outbox.open(peer.peer))
        if peer.identity.hex() not in answered and (ABOUT, peer.identity) not in open_ones:
            send(unit, peer.peer, BackupRequest(), topic=Topic.RECOVERY, about=(ABOUT, peer.identity), query=True)


def known(unit: BackupUnit) -> list[KnownBackup]:
    """What each peer that answered knows of our backups."""
    manifest = unit.settings.get(MANIFEST) or {"sequence": 0, "hash": ""}
    found: list[KnownBackup] = []
    for identity, kept in _answers(unit).items():
        peer, head = unit.peers.by_identity(bytes.fromhex(identity)), _head(kept)
        other = head.sequence == manifest["sequence"] and head.sequence > 0 and head.hash.hex() != manifest["hash"]
        newer = head.sequence > manifest["sequence"] or other
        name, role = (peer.name, peer.role.value) if peer else ("", "")
        found.append(KnownBackup(identity, name, role, head.sequence, head.hash.hex(), head.at, newer))
    return found


def silent(unit: BackupUnit) -> Sequence[Peer]:
    """Peers that have not said what they know."""
    answered = _answers(unit)
    return [peer for peer in unit.peers.all() if peer.identity.hex() not in answered]


def _tell(unit: BackupUnit, peer: Peer) -> None:
    """One message a peer is under way at most; the newest follows it."""
    if not any(entry.about == (BACKUP, peer.identity) for entry in unit.outbox.open(peer.peer)):
        head = _head(unit.settings.get(ANNOUNCED))
        send(unit, peer.peer, head, topic=Topic.RECOVERY, about=(BACKUP, peer.identity))


def _answers(unit: Unit) -> dict[str, Any]:
    kept = unit.settings.get(ANSWERS, {})
    found: dict[str, Any] = kept["known"] if kept.get("device") == unit.me.device.public.hex() else {}
    return found


def _head(kept: dict[str, int | str]) -> BackupHead:
    return BackupHead(int(kept["sequence"]), bytes.fromhex(str(kept["hash"])), int(kept["at"]))


# --- messages


def _on_told(unit: BackupUnit, incoming: Incoming) -> None:
    head: BackupHead = incoming.message.record
    identity = incoming.peer.identity
    if unit.backup_heads.get(identity).grows(head):
        unit.backup_heads.keep(identity, head)


def _on_taken(unit: BackupUnit, entry: OutboxEntry, sent: Message, _reply: Message) -> None:
    peer, newest = unit.peers.get(entry.peer), unit.settings.get(ANNOUNCED)
    if peer is not None and newest is not None and _head(newest).sequence > sent.record.sequence:
        _tell(unit, peer)


def _on_request(unit: BackupUnit, incoming: Incoming) -> BackupHead:
    return unit.backup_heads.get(incoming.peer.identity)


def _on_answer(unit: BackupUnit, entry: OutboxEntry, _sent: Message, reply: Message) -> None:
    peer, head = unit.peers.get(entry.peer), reply.record
    if peer is None or not isinstance(head, BackupHead):
        return
    kept = {"sequence": head.sequence, "hash": head.hash.hex(), "at": head.at}
    found = {**_answers(unit), peer.identity.hex(): kept}
    unit.settings.set(ANSWERS, {"device": unit.me.device.public.hex(), "known": found})


EXCHANGE = Exchange(
    answers={BACKUP: _on_told, "recovery.backup-request": _on_request},
    settles={BACKUP: _on_taken, "recovery.backup-request": _on_answer},
    queries=frozenset({"recovery.backup-request"}),
)
