"""Where backups go, in the store."""

from dataclasses import fields

from sqlite_utils import Database

from node.model.target import Kept

_COLUMNS = ", ".join(item.name for item in fields(Kept))


class BackupTargets:
    """The table `backup_places` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, target: bytes) -> Kept | None:
        """The target with this id."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM backup_places WHERE target = ?", (target,)).fetchone()  # noqa: S608
        return Kept(*row) if row else None

    def all(self) -> list[Kept]:
        """All, in the order they were added."""
        return [Kept(*row) for row in self._db.execute(f"SELECT {_COLUMNS} FROM backup_places ORDER BY added, target")]  # noqa: S608

    def keep(self, row: Kept) -> None:
        """Write one."""
        names = _COLUMNS.split(", ")
        marks, changed = ", ".join("?" * len(names)), ", ".join(f"{name} = excluded.{name}" for name in names[1:])
        sql = f"INSERT INTO backup_places ({_COLUMNS}) VALUES ({marks}) ON CONFLICT (target) DO UPDATE SET {changed}"  # noqa: S608
        self._db.execute(sql, tuple(getattr(row, name) for name in names))

    def remove(self, target: bytes) -> None:
        """Forget one. What lies there is not touched."""
        self._db.execute("DELETE FROM backup_places WHERE target = ?", (target,))
