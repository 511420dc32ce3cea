"""What was answered under an `Idempotency-Key` of the API. It keeps the answer; it doesn't know what was done."""

import hashlib

from sqlite_utils import Database

from node.errors import ConflictError

KEPT_MS = 24 * 60 * 60_000
BLANK = b"{}"


class Operations:
    """The `operations` table of one transaction. Money's operation ids are permanent, others live for a day."""

    def __init__(self, db: Database, now: int) -> None:
        self._db = db
        self._now = now

    def answered(self, key: str, body: bytes) -> bytes | None:
        """The response already given under `key`. Raises ConflictError `idempotency-key-reused` for another body."""
        row = self._db.execute("SELECT digest, response FROM operations WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        if row[0] != _digest(body):
            raise ConflictError("This Idempotency-Key was used for another request: use a new one.", code="idempotency-key-reused")
        response: bytes = row[1]
        return response

    def answer(self, key: str, body: bytes, response: bytes, *, permanent: bool = False) -> None:
        """Keep the response, in the transaction that has the effect, and let go of those older than a day."""
        self._db.execute("DELETE FROM operations WHERE permanent = 0 AND created < ?", (self._now - KEPT_MS,))
        self._db.execute(
            "INSERT INTO operations (key, digest, response, created, permanent) VALUES (?, ?, ?, ?, ?)",
            (key, _digest(body), response, self._now, int(permanent)),
        )

    def forget_responses(self) -> None:
        """Blank what was answered, for it may name who is to be erased. The keys stay, so that nothing is done twice."""
        self._db.execute("UPDATE operations SET response = ? WHERE response <> ?", (BLANK, BLANK))


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=32).digest()
