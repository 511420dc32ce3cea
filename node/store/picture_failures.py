"""Pictures that did not come from their addresses, in the store."""

from collections.abc import Iterable

from sqlite_utils import Database

from node.model.picture_failure import PictureFailure, wait_after

MOST = 20_000
"""So many are kept: the latest."""
_FIELDS = "feed, handle, url, code, reason, at, tries, again"


class PictureFailures:
    """The table `picture_failures` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def keep(self, failures: Iterable[PictureFailure]) -> None:
        """Write failures; one that is here already was tried once more. Of more than `MOST` the oldest go: the next run over all pictures
        finds them again.
        """
        for item in failures:
            found = self._db.execute(
                "SELECT tries FROM picture_failures WHERE feed = ? AND handle = ? AND url = ?", (item.feed, item.handle, item.url)
            ).fetchone()
            tries = (found[0] if found else 0) + 1
            values = (item.feed, item.handle, item.url, item.code, item.reason, item.at, tries, item.at + wait_after(tries))
            self._db.execute(f"INSERT OR REPLACE INTO picture_failures ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608
        sql = "SELECT at FROM picture_failures ORDER BY at DESC LIMIT 1 OFFSET ?"
        if (oldest := self._db.execute(sql, (MOST,)).fetchone()) is not None:
            sql = "(feed, handle, url) IN (SELECT feed, handle, url FROM picture_failures ORDER BY at DESC, handle, url LIMIT -1 OFFSET ?)"
            self._db.execute(f"DELETE FROM picture_failures WHERE at <= ? AND {sql}", (*oldest, MOST))  # noqa: S608

    def drop(self, feed: bytes, places: Iterable[tuple[str, str]]) -> None:
        """Let go of what came, or is asked for no more: (handle, address) of each."""
        self._db.conn.executemany(
            "DELETE FROM picture_failures WHERE feed = ? AND handle = ? AND url = ?", ((feed, handle, url) for handle, url in places)
        )

    def all(self, limit: int) -> list[PictureFailure]:
        """The latest first."""
        sql = f"SELECT {_FIELDS} FROM picture_failures ORDER BY at DESC, handle, url LIMIT ?"  # noqa: S608
        return [PictureFailure(*row) for row in self._db.execute(sql, (limit,))]

    def of(self, feed: bytes) -> list[PictureFailure]:
        """Those of a feed."""
        sql = f"SELECT {_FIELDS} FROM picture_failures WHERE feed = ?"  # noqa: S608
        return [PictureFailure(*row) for row in self._db.execute(sql, (feed,))]

    def due(self, now: int) -> bool:
        """Whether the time of one has come."""
        return self._db.execute("SELECT 1 FROM picture_failures WHERE again <= ? LIMIT 1", (now,)).fetchone() is not None

    def hasten(self, url: str) -> int:
        """Have an address ("": every one) tried now; how many pictures that is about."""
        return self._db.execute("UPDATE picture_failures SET again = 0 WHERE ? IN ('', url)", (url,)).rowcount
