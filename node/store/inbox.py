"""Requests of peers that were answered: once done, the same request gets the same reply and has no second effect."""

import hashlib

from sqlite_utils import Database

from node.errors import ConflictError

KEPT_PER_PEER = 4096


class Inbox:
    """The `inbox` table of one transaction. It keeps a peer's last 4096 requests."""

    def __init__(self, db: Database, now: int) -> None:
        self._db = db
        self._now = now

    def answered(self, peer: str, request: bytes, body: bytes) -> bytes | None:
        """The reply already given, or None when the request is new.

        Raises ConflictError `id-reused` when the peer sent another body under this id.
        """
        sql = "SELECT digest, reply FROM inbox WHERE peer = ? AND request = ?"
        row = self._db.execute(sql, (peer, request)).fetchone()
        if row is None:
            return None
        if row[0] != _digest(body):
            raise ConflictError("This request id was used for another request.", code="id-reused")
        reply: bytes = row[1]
        return reply

    def answer(self, peer: str, request: bytes, body: bytes, reply: bytes) -> None:
        """Keep the reply, and let go of the peer's oldest beyond the bound."""
        self._db.execute(
            "INSERT INTO inbox (peer, request, digest, reply, answered) VALUES (?, ?, ?, ?, ?)",
            (peer, request, _digest(body), reply, self._now),
        )
        self._db.execute(
            "DELETE FROM inbox WHERE peer = :peer AND seq <= "
            "(SELECT seq FROM inbox WHERE peer = :peer ORDER BY seq DESC LIMIT 1 OFFSET :kept)",
            {"peer": peer, "kept": KEPT_PER_PEER},
        )


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=32).digest()
