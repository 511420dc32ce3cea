"""How backups went: runs as pages show them, which target is due, and which backups at a target stay."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from node.errors import NotFound
from node.model.backup import RunRow, TargetRow
from node.model.target import Kept

from .backup_hurry import hurried
from .backup_plan import History, Keep, Schedule, due, staying
from .backup_targets import TargetsUnit

MOST_RUNS = 10_000
_RECENT = 50
_NO_RESULT = ("backup-cancelled", "locked", "disk-full", "disk-failed")
ZONE = "desk/zone"


class RunBook(Protocol):
    """Runs, and how far each target has come (node/store/backups.py says what each does)."""

    def target(self, target: bytes, /) -> TargetRow | None: ...  # noqa: D102
    def runs(self, target: bytes | None = None, limit: int = 100) -> Sequence[RunRow]: ...  # noqa: D102
    def recent(self, target: bytes | None = None, limit: int = 100) -> Sequence[RunRow]: ...  # noqa: D102
    def keep_run(self, row: RunRow) -> None: ...  # noqa: D102
    def keep_target(self, row: TargetRow) -> None: ...  # noqa: D102


class ChangeCount(Protocol):
    """How much changed (node/store/dump.py)."""

    def behind(self, since: int) -> int: ...  # noqa: D102


class RunsUnit(TargetsUnit, Protocol):
    """What this service needs of a transaction."""

    @property
    def backups(self) -> RunBook: ...  # noqa: D102
    @property
    def dump(self) -> ChangeCount: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class RunView:
    """One run. `state` running, done or failed (then `code` and `text` say why); `drill` untried, equal or different.

    Times in ms, 0: not yet. `number` of the backup; `put` is 0 where nothing had changed and none was needed;
    `kept`: it made one that still lies there.
    """

    run: str
    target: str
    name: str
    began: int
    ended: int
    state: str
    code: str
    text: str
    number: int
    whole: bool
    put: int
    bytes: int
    rows: int
    warnings: list[str]
    drill: str
    drilled: int
    drill_code: str
    drill_text: str
    kept: bool


@dataclass(frozen=True, slots=True)
class ProgressView:
    """What is being done now: `doing` nothing, backup or drill; objects and bytes moved so far. `began` in ms.

    `done` of `total`: rows of a backup, bytes of a drill; `total` 0: not known yet.
    """

    doing: str
    target: str
    name: str
    began: int
    put: int
    put_bytes: int
    got: int
    got_bytes: int
    done: int
    total: int


def list_runs(unit: RunsUnit, target: bytes | None = None, limit: int = 20) -> list[RunView]:
    """How the latest backups went, newest first."""
    names = {row.target: row.name for row in unit.backup_targets.all()}
    return [_view(run, names.get(run.target, "")) for run in unit.backups.recent(target, max(0, min(limit, MOST_RUNS)))]


def end_interrupted(unit: RunsUnit) -> int:
    """A run that the node's end cut off is over; how many there were. What it put is used when it goes on."""
    cut = [run for run in unit.backups.runs(limit=_RECENT) if run.state == "running"]
    for run in cut:
        text = "Your desk was closed or lost its power meanwhile. What is there already is used when it goes on."
        unit.backups.keep_run(replace(run, state="failed", ended=unit.now, code="backup-interrupted", detail=text))
    if cut:
        unit.touched("changes")
    return len(cut)


def not_begun(unit: RunsUnit, target: bytes, code: str, text: str) -> None:
    """Keep why a run did not even begin, so that it is not tried again at once and the pages say it."""
    if unit.backups.target(target) is None:
        unit.backups.keep_target(TargetRow(target))
    unit.backups.keep_run(RunRow(unit.random(32), target, unit.now, unit.now, "failed", code, text))
    unit.touched("changes")


def due_targets(unit: RunsUnit) -> list[bytes]:
    """The targets that a backup is due at, oldest target first."""
    return [row.target for row in unit.backup_targets.all() if _due(unit, row)]


def history(unit: RunsUnit, target: bytes) -> History:
    """How it went at a target so far."""
    runs = [run for run in unit.backups.recent(target, _RECENT) if run.state != "running"]
    done = next((run for run in runs if run.state == "done"), None)
    failures = runs.index(done) if done else len(runs)
    tried = runs[0].ended if runs else None
    come = unit.backups.target(target)
    behind = 0 if come is None or come.seq is None else unit.dump.behind(come.seq)
    return History(done.ended if done else None, tried, failures, behind, done.began if done else 0, hurried(unit))


def _due(unit: RunsUnit, row: Kept) -> bool:
    return due(Schedule(row.every, row.after_changes), history(unit, row.target), unit.now) is not None


def keep_rule(unit: RunsUnit, target: bytes) -> Callable[[Sequence[RunRow]], set[int]]:
    """Which of the backups at a target stay, by number: what the engine asks after each run."""
    use, zone = _place(unit, target), unit.settings.get(ZONE, "UTC")
    keep = Keep(use.keep_last, use.keep_daily, use.keep_weekly, use.keep_monthly)

    def stays(runs: Sequence[RunRow]) -> set[int]:
        return {runs[place].number for place in staying([run.began for run in runs], keep, zone)}

    return stays


def _place(unit: RunsUnit, target: bytes) -> Kept:
    row = unit.backup_targets.get(target)
    if row is None:
        raise NotFound("Your backups do not go there. See where they go with: gemstra backup targets list")
    return row


def not_drilled(run: RunRow) -> bool:
    """Whether nothing is known of it: never tried, or the place or the person kept the drill from its end."""
    return run.drilled is None or run.drill_code.startswith("target-") or run.drill_code in _NO_RESULT


def _view(run: RunRow, name: str) -> RunView:
    drill = "untried" if not_drilled(run) else "different" if run.drill_code else "equal"
    return RunView(
        run.id.hex(),
        run.target.hex(),
        name,
        run.began,
        run.ended or 0,
        run.state,
        run.code,
        run.detail,
        run.number,
        run.whole,
        run.put,
        run.bytes,
        run.rows,
        list(run.warnings),
        drill,
        run.drilled or 0,
        run.drill_code,
        run.drill_detail,
        bool(run.objects),
    )
