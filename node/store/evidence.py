"""Evidence of contradictions in the store, at most `MOST` of one identity: more proves nothing more."""

from sqlite_utils import Database

from node.model.evidence import Evidence

MOST = 16
_ROW = "id, identity, log, seq, first, second, found_at"


class Evidences:
    """The table `evidence` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def keep(self, row: Evidence) -> bool:
        """Keep a proof; False when it is here already, or there are enough of this identity's."""
        sql = (
            f"INSERT OR IGNORE INTO evidence ({_ROW}) SELECT ?, ?, ?, ?, ?, ?, ? "  # noqa: S608
            "WHERE (SELECT count(*) FROM evidence WHERE identity = ?) < ?"
        )
        values = (row.id, row.identity, row.log, row.seq, row.first, row.second, row.found_at)
        return bool(self._db.execute(sql, (*values, row.identity, MOST)).rowcount)

    def get(self, evidence: bytes) -> Evidence | None:
        """The proof with this id."""
        row = self._db.execute(f"SELECT {_ROW} FROM evidence WHERE id = ?", (evidence,)).fetchone()  # noqa: S608
        return Evidence(*row) if row else None

    def all(self, limit: int) -> list[Evidence]:
        """The newest."""
        return [Evidence(*row) for row in self._db.execute(f"SELECT {_ROW} FROM evidence ORDER BY found_at DESC LIMIT ?", (limit,))]  # noqa: S608
