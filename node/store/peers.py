"""Peers, invites, pairings and our own root log in the store. It keeps; `protocol.pairing` and `protocol.identity` decide."""

import json
from functools import lru_cache
from typing import Any

from sqlite_utils import Database

from node.model.peers import PairingRow, Peer
from protocol.codec import from_bytes, to_bytes
from protocol.identity import IdentityState, Presentation, Role, replay
from protocol.pairing import IssuedInvite, Pairing
from protocol.peer_id import peer_id_of

_PEER = "peer, identity, name, role, addresses, presentation, paired_at, seen_at"
# Tables that name a paired peer by the way to it. When an identity is heard from another device, all of them follow in one transaction.
ROUTED = ("peers", "outbox", "inbox", "members", "edges", "commission_relays")
_PAIRING = "id, peer, started_here, nonce, machine, created, name, role, addresses, presentation, invited"


class Peers:
    """The tables `peers`, `peer_devices`, `invites`, `pairings` and `root_log` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # --- our own root log

    def presentation(self) -> Presentation:
        """What we show of ourselves."""
        raws = [row[0] for row in self._db.execute("SELECT raw FROM root_log ORDER BY seq")]
        return Presentation(raws[0], tuple(raws[1:]))

    def own(self) -> IdentityState:
        """What our own root log comes to."""
        return _identity(to_bytes(self.presentation()))[1]

    def found(self, presentation: Presentation) -> None:
        """Keep our inception record and first entries."""
        rows = list(enumerate((presentation.inception, *presentation.entries)))
        self._db.conn.executemany("INSERT INTO root_log (seq, raw) VALUES (?, ?)", rows)

    def append(self, entry: bytes) -> None:
        """Keep the next entry of our root log, signed by the root (`protocol.identity.sign_entry`); peers are told by `greeting.tick`."""
        self._db.execute("INSERT INTO root_log (seq, raw) SELECT max(seq) + 1, ? FROM root_log", (entry,))

    def take_root_log(self, presentation: Presentation) -> None:
        """Another root log of ours in the place of this one."""
        self._db.execute("DELETE FROM root_log")
        self.found(presentation)

    # --- paired peers

    def get(self, peer: str) -> Peer | None:
        """The paired peer one of whose live devices has this peer id; `peer` of the answer is the way to it now."""
        return self._peer("identity = (SELECT identity FROM peer_devices WHERE peer = ? AND live)", peer)

    def by_identity(self, identity: bytes) -> Peer | None:
        """The paired peer of this identity."""
        return self._peer("identity = ?", identity)

    def all(self) -> list[Peer]:
        """Every paired peer, by name."""
        return [_peer(row) for row in self._db.execute(f"SELECT {_PEER} FROM peers ORDER BY name, peer")]  # noqa: S608

    def devices(self, identity: bytes | None = None) -> list[str]:
        """The peer ids of live devices that paired peers (or one of them) showed, the one heard from last first."""
        sql = (
            "SELECT d.peer FROM peer_devices AS d JOIN peers USING (identity) WHERE live AND (? IS NULL OR identity = ?) "
            "ORDER BY d.seen_at DESC, d.peer"
        )
        return [row[0] for row in self._db.execute(sql, (identity, identity))]

    def addresses_of(self, peer: str) -> tuple[str, ...]:
        """Where to dial `peer`, paired or pairing."""
        for table, order in (("peers", "seen_at"), ("pairings", "created")):
            sql = f"SELECT addresses FROM {table} WHERE peer = ? ORDER BY {order} DESC LIMIT 1"  # noqa: S608
            row = self._db.execute(sql, (peer,)).fetchone()
            if row:
                return tuple(json.loads(row[0]))
        return ()

    def admit(self, row: PairingRow, identity: bytes, now: int) -> None:
        """Keep the other side of a finished pairing as a peer; pairing again renews it, also from another device or after forgetting."""
        assert row.presentation is not None
        self._db.execute("DELETE FROM peers WHERE peer = ? AND identity != ?", (row.peer, identity))
        self._follow(identity, row.peer)
        shown = to_bytes(row.presentation)
        values = (row.peer, identity, row.name, row.role, json.dumps(row.addresses), shown, now, now)
        changes = ", ".join(f"{name} = excluded.{name}" for name in _PEER.split(", ")[2:])
        sql = f"INSERT INTO peers ({_PEER}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (identity) DO UPDATE SET {changes}"  # noqa: S608
        self._db.execute(sql, values)
        self._shown(identity, row.peer, shown, now)

    def renew(self, peer: str, presentation: Presentation, name: str, addresses: tuple[str, ...], now: int) -> None:
        """What a hello said, from the device with this peer id: it is the way to its identity from now on."""
        identity, shown = presentation.identity, to_bytes(presentation)
        self._follow(identity, peer)
        sql = "UPDATE peers SET presentation = ?, name = ?, addresses = ?, seen_at = ? WHERE identity = ?"
        self._db.execute(sql, (shown, name, json.dumps(addresses), now, identity))
        self._shown(identity, peer, shown, now)

    def forget(self, peer: str) -> bool:
        """No longer a peer. True when it was one. Its devices are remembered, so that pairing again finds what was its."""
        return bool(self._db.execute("DELETE FROM peers WHERE peer = ?", (peer,)).rowcount)

    def _follow(self, identity: bytes, peer: str) -> None:
        """What is addressed to the identity's last device goes to this one."""
        sql = "SELECT peer FROM peer_devices WHERE identity = ? ORDER BY seen_at DESC, live DESC LIMIT 1"
        last = self._db.execute(sql, (identity,)).fetchone()
        before = self._db.execute("SELECT peer FROM peers WHERE identity = ?", (identity,)).fetchone() or last
        if before is None or before[0] == peer:
            return
        for table in ROUTED:  # a request answered under both ids stays under the later one
            self._db.execute(f"UPDATE OR IGNORE {table} SET peer = ? WHERE peer = ?", (peer, before[0]))  # noqa: S608

    def _shown(self, identity: bytes, peer: str, shown: bytes, now: int) -> None:
        """The device has shown itself, and this root log says which others are live still."""
        sql = "INSERT OR REPLACE INTO peer_devices (peer, identity, live, seen_at) VALUES (?, ?, 1, ?)"
        self._db.execute(sql, (peer, identity, now))
        live = {peer_id_of(device.device_public) for device in _identity(shown)[1].devices}
        for (known,) in self._db.execute("SELECT peer FROM peer_devices WHERE identity = ?", (identity,)).fetchall():
            self._db.execute("UPDATE peer_devices SET live = ? WHERE peer = ?", (int(known in live), known))

    def _peer(self, where: str, value: Any) -> Peer | None:
        row = self._db.execute(f"SELECT {_PEER} FROM peers WHERE {where}", (value,)).fetchone()  # noqa: S608
        return _peer(row) if row else None

    # --- invites

    def issue(self, invite: IssuedInvite, now: int) -> None:
        """Keep an invite."""
        sql = "INSERT INTO invites (token, created, expires, used_by) VALUES (?, ?, ?, ?)"
        self._db.execute(sql, (invite.token, now, invite.expires, invite.used_by))

    def invite(self, token: bytes) -> IssuedInvite | None:
        """The invite with this token."""
        row = self._db.execute("SELECT token, expires, used_by FROM invites WHERE token = ?", (token,)).fetchone()
        return IssuedInvite(*row) if row else None

    def take(self, invite: IssuedInvite) -> None:
        """Keep who used it."""
        self._db.execute("UPDATE invites SET used_by = ? WHERE token = ?", (invite.used_by, invite.token))

    # --- pairings

    def pairing(self, id_: bytes) -> PairingRow | None:
        """The pairing with this id."""
        row = self._db.execute(f"SELECT {_PAIRING} FROM pairings WHERE id = ?", (id_,)).fetchone()  # noqa: S608
        return _pairing(row) if row else None

    def pairings(self, *, open_only: bool) -> list[PairingRow]:
        """The latest pairings, newest first."""
        where = "WHERE status NOT IN ('paired', 'refused', 'expired')" if open_only else ""
        found = self._db.execute(f"SELECT {_PAIRING} FROM pairings {where} ORDER BY created DESC LIMIT 100")  # noqa: S608
        return [_pairing(row) for row in found]

    def keep(self, row: PairingRow) -> None:
        """Write a pairing, new or changed."""
        shown = to_bytes(row.presentation) if row.presentation else None
        values = (row.id, row.peer, row.started_here, row.nonce, to_bytes(row.machine), row.created, row.name, row.role)
        ends = (json.dumps(row.addresses), shown, row.invited, row.machine.status.value, row.machine.expires)
        self._db.execute(
            f"INSERT OR REPLACE INTO pairings ({_PAIRING}, status, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            values + ends,
        )


@lru_cache(maxsize=1024)
def _identity(shown: bytes) -> tuple[Presentation, IdentityState]:
    """What a presentation comes to; its signatures are checked once while the peer is in use."""
    presentation = from_bytes(Presentation, shown)
    return presentation, replay(presentation.inception, presentation.entries)


def _peer(row: tuple[Any, ...]) -> Peer:
    peer, identity, name, role, addresses, shown, paired_at, seen_at = row
    presentation, state = _identity(shown)
    return Peer(peer, identity, name, Role(role), tuple(json.loads(addresses)), presentation, state, paired_at, seen_at)


def _pairing(row: tuple[Any, ...]) -> PairingRow:
    id_, peer, started_here, nonce, machine, created, name, role, addresses, shown, invited = row
    presentation = from_bytes(Presentation, shown) if shown else None
    state, dial = from_bytes(Pairing, machine), tuple(json.loads(addresses))
    return PairingRow(id_, peer, bool(started_here), nonce, state, created, name, role, dial, presentation, invited)
