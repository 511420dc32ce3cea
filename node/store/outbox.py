"""Messages to peers, in the same transaction as what causes them: at least once, each peer's in order of adding.

waiting → sent → stored (at a relay) | received → accepted | refused. `sent` and `stored` come due again until an answer arrives,
so the receiver must take the same id twice. It decides when to try again; it opens no connection.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal

from sqlite_utils import Database

from node.errors import ConflictError, NotFound

FIRST_RETRY_MS = 60_000
LAST_RETRY_MS = 2 * 60 * 60_000
ANSWER_MS = 60_000
ID_BYTES = 32
PER_PEER = 16

State = Literal["waiting", "sent", "stored", "received", "accepted", "refused"]


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One message to a peer. Times in milliseconds UTC; `about` names the noun and id it concerns."""

    id: bytes
    peer: str
    topic: str
    body: bytes
    created: int
    due: int
    attempts: int
    state: State
    code: str | None
    reply: bytes | None
    about: tuple[str, bytes] | None


_COLUMNS = "id, peer, topic, body, created, due, attempts, state, code, reply, noun, noun_id"

_ADD = """
INSERT INTO outbox (seq, id, peer, topic, body, created, not_before, due, noun, noun_id)
VALUES (:seq, :id, :peer, :topic, :body, :now, :not_before, :not_before, :noun, :noun_id)
"""

# The first open row of each peer, found by stepping from peer to peer through the index of open rows.
_HEADS = """
WITH RECURSIVE peers (peer) AS (
    SELECT min(peer) FROM outbox WHERE finished IS NULL
    UNION ALL
    SELECT (SELECT min(peer) FROM outbox WHERE finished IS NULL AND peer > peers.peer) FROM peers WHERE peer IS NOT NULL)
SELECT head.peer, head.due FROM peers CROSS JOIN outbox AS head
WHERE head.seq = (SELECT min(seq) FROM outbox WHERE peer = peers.peer AND finished IS NULL)
ORDER BY head.seq
"""

_OPEN = f"SELECT {_COLUMNS} FROM outbox WHERE peer = ? AND finished IS NULL ORDER BY seq LIMIT ?"  # noqa: S608  names only


class Outbox:
    """The `outbox` table of one transaction."""

    def __init__(self, db: Database, now: int, random: Callable[[int], bytes], touched: Callable[[str], None]) -> None:
        self._db = db
        self._now = now
        self._random = random
        self._touched = touched

    def add(
        self,
        id: bytes,  # noqa: A002  the column's name
        peer: str,
        topic: str,
        body: bytes,
        *,
        about: tuple[str, bytes] | None = None,
        not_before: int | None = None,
        ahead: bool = False,
    ) -> None:
        """Queue `body` for `peer`, `ahead` of all that waits. The same `id` again changes nothing; with another message: ConflictError."""
        if len(id) != ID_BYTES:
            raise ValueError(f"a message id has {ID_BYTES} bytes")
        known = self._db.execute("SELECT peer, topic, body FROM outbox WHERE id = ?", (id,)).fetchone()
        if known is not None:
            if known != (peer, topic, body):
                raise ConflictError("This message id is taken by another message.", code="id-reused")
            return
        noun, noun_id = about or (None, None)
        row = {"id": id, "peer": peer, "topic": topic, "body": body, "now": self._now, "noun": noun, "noun_id": noun_id}
        row |= {"seq": self._ahead() if ahead else None}
        self._db.execute(_ADD, row | {"not_before": self._now if not_before is None else not_before})
        self._touched("outbox")

    def _ahead(self) -> int:
        """A place before every message there is; AUTOINCREMENT goes on at the other end."""
        found: int = self._db.execute("SELECT min(0, coalesce(min(seq), 0)) - 1 FROM outbox").fetchone()[0]
        return found

    def get(self, id: bytes) -> OutboxRow | None:  # noqa: A002
        """The message with this id."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM outbox WHERE id = ?", (id,))  # noqa: S608
        return rows[0] if rows else None

    def due(self, limit: int = 100) -> list[OutboxRow]:
        """What may be sent now, peer by peer, each one's in order of adding: a later row waits for every earlier one.

        A peer gets at most 16 places, so that a silent one with much in its queue holds up nobody.
        """
        found: list[OutboxRow] = []
        for peer, due in self._db.execute(_HEADS).fetchall():
            if due <= self._now and len(found) < limit:
                places = min(PER_PEER, limit - len(found))
                found.extend(takewhile(lambda row: row.due <= self._now, self._rows(_OPEN, (peer, places))))
        return found

    def next_due(self) -> int | None:
        """When a peer's first open message comes due; None when nothing is open."""
        return min((due for _, due in self._db.execute(_HEADS)), default=None)

    def sent(self, id: bytes) -> None:  # noqa: A002
        """It left for the peer; without an answer in a minute, later with doubling pauses, it is due again."""
        self._again(id, "sent", None, at_least=ANSWER_MS)

    def stored(self, id: bytes) -> None:  # noqa: A002
        """A relay holds it for the peer."""
        self._again(id, "stored", None, at_least=LAST_RETRY_MS)

    def retry(self, id: bytes, code: str | None = None) -> None:  # noqa: A002
        """The attempt failed for now: due again after 1 minute, doubling to 2 hours, with jitter."""
        self._again(id, "waiting", code, at_least=0)

    def received(self, id: bytes) -> None:  # noqa: A002
        """The peer has it and will answer by a message of its own; it is not sent again."""
        self._finish(id, "received", None, None)

    def acked(self, id: bytes, reply: bytes) -> None:  # noqa: A002
        """The peer took it and answered with `reply`."""
        self._finish(id, "accepted", reply, None)

    def forget_reply(self, id: bytes) -> None:  # noqa: A002
        """Blank what the peer answered: it was put where it belongs, or may not be kept."""
        self._db.execute("UPDATE outbox SET reply = NULL WHERE id = ?", (id,))

    def reword(self, id: bytes, body: bytes) -> None:  # noqa: A002
        """Keep other words of a message that was answered: what it said may no longer be kept."""
        self._db.execute("UPDATE outbox SET body = ? WHERE id = ? AND finished IS NOT NULL", (body, id))

    def refused(self, id: bytes, code: str) -> None:  # noqa: A002
        """The peer refused it for good, for the reason `code`."""
        self._finish(id, "refused", None, code)

    def wake(self, peer: str | None = None) -> int:
        """The peer (None: every peer) can be reached again: what is open is due at once. Returns how many rows."""
        sql = "UPDATE outbox SET due = not_before WHERE finished IS NULL AND due > not_before AND (? IS NULL OR peer = ?)"
        count: int = self._db.execute(sql, (peer, peer)).rowcount
        if count:
            self._touched("outbox")
        return count

    def about(self, noun: str, noun_id: bytes) -> list[OutboxRow]:
        """The messages concerning one thing, in order of adding."""
        sql = f"SELECT {_COLUMNS} FROM outbox WHERE noun = ? AND noun_id = ? ORDER BY seq"  # noqa: S608
        return self._rows(sql, (noun, noun_id))

    def open(self, peer: str | None = None) -> list[OutboxRow]:
        """What the peer (None: anyone) hasn't answered yet, in order of adding."""
        sql = f"SELECT {_COLUMNS} FROM outbox WHERE finished IS NULL AND (? IS NULL OR peer = ?) ORDER BY seq"  # noqa: S608
        return self._rows(sql, (peer, peer))

    def refusals(self, since: int, limit: int) -> list[OutboxRow]:
        """What peers refused for good after `since`, newest first."""
        sql = f"SELECT {_COLUMNS} FROM outbox WHERE finished > ? AND state = 'refused' ORDER BY finished DESC LIMIT ?"  # noqa: S608
        return self._rows(sql, (since, limit))

    def withdraw(self, id: bytes) -> bool:  # noqa: A002
        """Take back a message that never left (`waiting`, no attempt). True when it could be."""
        sql = "DELETE FROM outbox WHERE id = ? AND state = 'waiting' AND attempts = 0"
        return bool(self._db.execute(sql, (id,)).rowcount)

    def prune(self, before: int) -> int:
        """Erase messages answered earlier than `before`. Returns how many."""
        count: int = self._db.execute("DELETE FROM outbox WHERE finished < ?", (before,)).rowcount
        return count

    def _again(self, id: bytes, state: State, code: str | None, *, at_least: int) -> None:  # noqa: A002
        row = self._db.execute("SELECT attempts FROM outbox WHERE id = ? AND finished IS NULL", (id,)).fetchone()
        if row is None:
            return  # answered meanwhile
        pause = max(at_least, retry_pause(row[0] + 1, self._random(2)))
        sql = "UPDATE outbox SET state = ?, code = ?, attempts = attempts + 1, due = ? WHERE id = ?"
        self._db.execute(sql, (state, code, self._now + pause, id))
        self._touched("outbox")

    def _finish(self, id: bytes, state: State, reply: bytes | None, code: str | None) -> None:  # noqa: A002
        sql = "UPDATE outbox SET state = ?, reply = ?, code = ?, finished = ? WHERE id = ? AND finished IS NULL"
        changed = self._db.execute(sql, (state, reply, code, self._now, id)).rowcount
        if not changed and self.get(id) is None:
            raise NotFound("There is no such message in the outbox.")
        self._touched("outbox")

    def _rows(self, sql: str, parameters: Any) -> list[OutboxRow]:
        found = self._db.execute(sql, parameters).fetchall()
        return [OutboxRow(*(*row[:10], None if row[10] is None else (row[10], row[11]))) for row in found]


def retry_pause(attempt: int, random: bytes) -> int:
    """Milliseconds before the try after `attempt`: 1 minute doubling to 2 hours, three quarters of it certain."""
    pause = min(FIRST_RETRY_MS << min(attempt - 1, 16), LAST_RETRY_MS)
    return pause * 3 // 4 + pause * int.from_bytes(random, "big") // (4 << (8 * len(random)))
