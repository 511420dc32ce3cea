"""Targets of backups and the runs there, as rows. It keeps and finds; what a run does is the engine's (node/services/backups.py)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlite_utils import Database

from node.model.backup import Begun, Carries, RunRow, TargetRow
from protocol.codec import from_bytes, to_bytes

_TARGET = "target, seq, number, head, carries, begun"
_RUN = (
    "id, target, began, ended, state, code, detail, number, whole, put, bytes, rows, warnings, objects, "
    "drilled, drill_code, drill_detail"
)  # fmt: skip
MOST_BEHIND = 200_000
_KEY_BYTES = 32


class BackupBook:
    """The tables `backup_targets`, `backup_runs`, `backup_objects`, `backup_changes` and `customer_secrets` of one transaction."""

    def __init__(self, db: Database, random: Callable[[int], bytes]) -> None:
        self._db = db
        self._random = random

    # --- targets

    def target(self, target: bytes) -> TargetRow | None:
        """How far the backups there have come; None: there was none yet."""
        row = self._db.execute(f"SELECT {_TARGET} FROM backup_targets WHERE target = ?", (target,)).fetchone()  # noqa: S608
        return _target(row) if row else None

    def targets(self) -> list[TargetRow]:
        """Every target that ever had one."""
        return [_target(row) for row in self._db.execute(f"SELECT {_TARGET} FROM backup_targets")]  # noqa: S608

    def keep_target(self, row: TargetRow) -> None:
        """Write a target, new or changed."""
        carries, begun = (to_bytes(record) if record else None for record in (row.carries, row.begun))
        values = (row.target, row.seq, row.number, row.head, carries, begun)
        columns = _TARGET.split(", ")[1:]
        self._db.execute(
            f"INSERT INTO backup_targets ({_TARGET}) VALUES (?, ?, ?, ?, ?, ?) "  # noqa: S608
            f"ON CONFLICT (target) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in columns)}",
            values,
        )

    def forget_target(self, target: bytes) -> bool:
        """No longer a target; what lies there stays there. True when it was one."""
        return bool(self._db.execute("DELETE FROM backup_targets WHERE target = ?", (target,)).rowcount)

    def restart(self) -> None:
        """Every target's next backup is whole."""
        self._db.execute("UPDATE backup_targets SET seq = NULL, begun = NULL")

    # --- what is at a target

    def note_objects(self, target: bytes, names: Iterable[str]) -> None:
        """These are about to be put there."""
        rows = [(target, name) for name in names]
        self._db.conn.executemany("INSERT OR IGNORE INTO backup_objects (target, name) VALUES (?, ?)", rows)

    def objects(self, target: bytes) -> set[str]:
        """What was put there and not deleted since."""
        return {row[0] for row in self._db.execute("SELECT name FROM backup_objects WHERE target = ?", (target,))}

    def forget_objects(self, target: bytes, names: Iterable[str]) -> None:
        """They were deleted there."""
        self._db.conn.executemany("DELETE FROM backup_objects WHERE target = ? AND name = ?", [(target, name) for name in names])

    # --- runs

    def keep_run(self, row: RunRow) -> None:
        """Write a run, new or changed."""
        warnings, objects = "\n".join(row.warnings), "\n".join(row.objects)
        values = (row.id, row.target, row.began, row.ended, row.state, row.code, row.detail, row.number, row.whole, row.put, row.bytes)
        ends = (row.rows, warnings, objects, row.drilled, row.drill_code, row.drill_detail)
        marks = ", ".join("?" * len(values + ends))
        self._db.execute(f"INSERT OR REPLACE INTO backup_runs ({_RUN}) VALUES ({marks})", values + ends)  # noqa: S608

    def runs(self, target: bytes | None = None, limit: int = 100) -> list[RunRow]:
        """The latest runs at a target (None: anywhere), newest first."""
        sql = f"SELECT {_RUN} FROM backup_runs WHERE ? IS NULL OR target = ? ORDER BY began DESC, number DESC LIMIT ?"  # noqa: S608
        return [_run(row) for row in self._db.execute(sql, (target, target, limit))]

    def recent(self, target: bytes | None = None, limit: int = 100) -> list[RunRow]:
        """As `runs`, without the names of what each backup needs: `objects` holds one letter, or nothing where nothing of it is left."""
        columns = _RUN.replace("objects", "substr(objects, 1, 1)")
        sql = f"SELECT {columns} FROM backup_runs WHERE ? IS NULL OR target = ? ORDER BY began DESC, number DESC LIMIT ?"  # noqa: S608
        return [_run(row) for row in self._db.execute(sql, (target, target, limit))]

    # --- changes and secrets

    def give_secrets(self, customers: Iterable[bytes]) -> None:
        """Give these customers a key, those that are still here and have none."""
        sql = (
            "INSERT INTO customer_secrets (customer, key) SELECT id, :key FROM customers WHERE id = :id "
            "AND NOT EXISTS (SELECT 1 FROM customer_secrets WHERE customer = :id)"
        )
        self._db.conn.executemany(sql, [{"id": customer, "key": self._random(_KEY_BYTES)} for customer in customers])

    def prune_changes(self, accounted: int, position: int) -> None:
        """Forget changes that nobody waits for. A target left far behind waits no longer: its next backup is whole."""
        for row in self.targets():
            waits = row.seq if row.begun is None else row.begun.since
            if waits is not None and position - waits > MOST_BEHIND:
                self.keep_target(replace(row, seq=None, begun=None))
        waiting = [accounted]
        for row in self.targets():
            waiting += [seq for seq in (row.seq, row.begun.since if row.begun else None) if seq is not None]
        self._db.execute("DELETE FROM backup_changes WHERE seq <= ?", (min(waiting),))


def _target(row: Sequence[Any]) -> TargetRow:
    target, seq, number, head, carries, begun = row
    kept, cut_off = from_bytes(Carries, carries) if carries else None, from_bytes(Begun, begun) if begun else None
    return TargetRow(target, seq, number, head, kept, cut_off)


def _run(row: Sequence[Any]) -> RunRow:
    values = dict(zip(_RUN.split(", "), row, strict=True))
    for name in ("warnings", "objects"):
        values[name] = tuple(values[name].split("\n")) if values[name] else ()
    values["whole"] = bool(values["whole"])
    return RunRow(**values)
