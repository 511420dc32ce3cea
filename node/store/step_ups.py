"""Approvals that wait, in the store. It keeps; `node.services.step_up` decides."""

from typing import Any

from sqlite_utils import Database

from node.model.step_up import Kind, Status, StepUpRow

_COLUMNS = "id, kind, subject, asked, due, until, status, ended"


class StepUps:
    """The table `step_ups` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, id_: bytes) -> StepUpRow | None:
        """The one with this id."""
        row = self._db.execute(f"SELECT {_COLUMNS} FROM step_ups WHERE id = ?", (id_,)).fetchone()  # noqa: S608
        return _row(row) if row else None

    def open(self) -> list[StepUpRow]:
        """Those that wait or are ready, oldest first."""
        return [_row(row) for row in self._db.execute(f"SELECT {_COLUMNS} FROM step_ups WHERE ended = 0 ORDER BY asked, id")]  # noqa: S608

    def recent(self, limit: int) -> list[StepUpRow]:
        """The latest, newest first."""
        return [_row(row) for row in self._db.execute(f"SELECT {_COLUMNS} FROM step_ups ORDER BY asked DESC, id LIMIT ?", (limit,))]  # noqa: S608

    def keep(self, row: StepUpRow) -> None:
        """Write one, new or changed."""
        values = (row.id, row.kind.value, row.subject, row.asked, row.due, row.until, row.status.value, row.ended)
        self._db.execute(f"INSERT OR REPLACE INTO step_ups ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608


def _row(row: tuple[Any, ...]) -> StepUpRow:
    id_, kind, subject, asked, due, until, status, ended = row
    return StepUpRow(id_, Kind(kind), subject, asked, due, until, Status(status), ended)
