"""The newest backup each peer told us of. It keeps; `protocol.recovery` says what goes beyond what."""

from sqlite_utils import Database

from protocol.recovery import NO_BACKUP, BackupHead


class BackupHeads:
    """The table `backup_heads` of one transaction: one row an identity."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, identity: bytes) -> BackupHead:
        """The newest of an identity; number 0 when none is known."""
        row = self._db.execute("SELECT sequence, hash, at FROM backup_heads WHERE identity = ?", (identity,)).fetchone()
        return BackupHead(*row) if row else NO_BACKUP

    def keep(self, identity: bytes, head: BackupHead) -> None:
        """Write it."""
        sql = "INSERT OR REPLACE INTO backup_heads (identity, sequence, hash, at) VALUES (?, ?, ?, ?)"
        self._db.execute(sql, (identity, head.sequence, head.hash, head.at))
