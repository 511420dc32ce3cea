"""What backups put on the home page: tested and well, or what keeps them from it and what to do."""

from collections.abc import Iterable
from typing import Any

from node.model.backup import RunRow
from node.model.target import Kept, Kind

from . import today_setup
from .backup_hurry import hurried
from .backup_runs import history, not_drilled
from .today_items import DAY_MS, TodayItem

PATIENCE = 2
"""A place that answers nothing for so many intervals needs the person."""
_LOST = "target-lost-backups"
_LONG_AWAY_MS = 7 * DAY_MS
_NOW = ("target-credentials", "target-refused", "target-full", "not-a-target", "bad-target", "backup-foreign", "target-unreliable")
"""What no waiting mends."""


def backups(unit: Any) -> Iterable[TodayItem]:
    """One line a place; one where there is none."""
    found = unit.backup_targets.all()
    if not found and not today_setup.tasks(unit):  # its card has a step of its own for it
        text = "If this computer is lost, everything on your desk is lost with it."
        yield TodayItem("backup", "backup", "Your desk has no backup", text, "/backup/add", "Choose a place", unit.now, "")
    elsewhere = any(not row.same_disk and _latest(_runs(unit, row)) for row in found)
    for row in found:
        yield from _place(unit, row, elsewhere=elsewhere)


def _place(unit: Any, row: Kept, *, elsewhere: bool) -> Iterable[TodayItem]:
    runs = _runs(unit, row)
    if not runs:
        return
    href, newest = f"/backup/targets/{row.target.hex()}", runs[0]
    done = _latest(runs)
    drilled = next((run for run in runs if not not_drilled(run)), None)
    if drilled is not None and drilled.drill_code:
        title = f"A backup in {row.name} cannot be restored"
        yield TodayItem("backup", "backup", title, drilled.drill_detail, href, "Back up again", drilled.drilled or 0, row.name)
        return
    if newest.state == "failed" and _needs_you(unit, row, newest):
        since = done.ended if done and done.ended else row.added
        title = f"No backup in {row.name} {_for(unit.now - since)}" if done else f"The first backup in {row.name} failed"
        yield TodayItem("backup", "backup", title, newest.detail, href, "Look", newest.ended or newest.began, row.name)
        return
    if done is not None and _LOST in done.warnings:
        title, text = f"Backups in {row.name} had disappeared", "Somebody deleted them there. Everything was put there anew."
        yield TodayItem("backup", "backup", title, text, href, "Look", done.began, row.name)
    if done is not None and _owes_an_erasure(unit, row, done):
        title, text = f"An erasure has not reached {row.name}", "Since the backup there somebody was erased, or a grant was taken back. "
        text += "The older backups keep it until the next one is made there."
        yield TodayItem("backup", "backup", title, text, href, "Back up there now", hurried(unit), row.name)
    elif done is not None and drilled is not None and row.same_disk and not elsewhere:
        text = (
            "If this computer is lost or its disk fails, the backup is lost with it. Add a place elsewhere: another disk, an online folder."
        )
        title, at = "Backed up on this machine's own disk only", drilled.drilled or 0
        yield TodayItem("backup", "backup", title, text, "/backup/add", "Add a place", at, row.name)
    elif done is not None and drilled is not None:
        yield TodayItem("backup", "backup", "Backed up and tested", row.name, href, "", drilled.drilled or 0, row.name)


def _runs(unit: Any, row: Kept) -> list[RunRow]:
    return [run for run in unit.backups.recent(row.target, 50) if run.state != "running"]


def _latest(runs: list[RunRow]) -> RunRow | None:
    return next((run for run in runs if run.state == "done"), None)


def _owes_an_erasure(unit: Any, row: Kept, done: RunRow) -> bool:
    """A place that is backed up by hand only is hurried by nobody; another one is, but may be away."""
    return hurried(unit) >= done.began and (not row.every or unit.now - hurried(unit) > DAY_MS)


def _needs_you(unit: Any, row: Kept, run: RunRow) -> bool:
    if run.code == "backup-cancelled":
        return False
    if run.code in _NOW:
        return True
    past = history(unit, row.target)
    since = unit.now - (past.done if past.done is not None else row.added)
    patience: int = _LONG_AWAY_MS if row.kind == Kind.DISK else PATIENCE * max(row.every, DAY_MS)
    return bool(since > patience)


def _for(passed: int) -> str:
    days = passed // DAY_MS
    return "for a day" if days == 1 else f"for {days} days" if days else "today"
