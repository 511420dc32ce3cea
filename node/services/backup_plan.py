"""When a backup is due at a place, and which of those that lie there stay. Pure: times come in, decisions go out.

A run that was missed, because the computer slept or the disk was away, is due as soon as anybody looks again. One that failed is tried
again after a pause that doubles. Of a day, a week and a month the last backup stays, for as many of each as were asked for; periods
without a backup do not count.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

FIRST_PAUSE_MS = 5 * 60_000
LONGEST_PAUSE_MS = 6 * 3_600_000
LEAST_GAP_MS = 10 * 60_000
"""However much changes, two backups are so far apart."""

Why = Literal["first", "time", "changes", "hurry"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """`every` in ms, 0: by hand only; `after_changes` 0: never sooner."""

    every: int
    after_changes: int


@dataclass(frozen=True, slots=True)
class History:
    """How it went so far. `failures`: attempts that failed since the last one that was done; `behind`: changes it does not have.

    `hurried`: when something was erased or taken back that the backup begun at `begun` may not know of.
    """

    done: int | None
    tried: int | None
    failures: int
    behind: int
    begun: int = 0
    hurried: int = -1


@dataclass(frozen=True, slots=True)
class Keep:
    """How many stay."""

    last: int
    daily: int
    weekly: int
    monthly: int


def due(schedule: Schedule, history: History, now: int) -> Why | None:
    """Why a backup is due now; None when none is."""
    if not schedule.every or now < next_try(history):
        return None
    if history.done is None:
        return "first"
    passed = now - history.done
    if passed >= schedule.every or passed < -LEAST_GAP_MS:  # a clock that was set back has no say
        return "time"
    if history.hurried >= history.begun:
        return "hurry"
    if schedule.after_changes and history.behind >= schedule.after_changes and passed >= LEAST_GAP_MS:
        return "changes"
    return None


def next_try(history: History) -> int:
    """Not before this; 0 when nothing failed since the last one that was done."""
    if not history.failures or history.tried is None:
        return 0
    return history.tried + min(FIRST_PAUSE_MS << min(history.failures - 1, 20), LONGEST_PAUSE_MS)


def staying(times: Sequence[int], keep: Keep, zone: str = "UTC") -> set[int]:
    """Which of the backups made at `times` (ms) stay, as places in `times`."""
    newest = sorted(range(len(times)), key=lambda place: (times[place], place), reverse=True)
    stay = set(newest[: max(1, keep.last)])
    for period, count in ((_day, keep.daily), (_week, keep.weekly), (_month, keep.monthly)):
        stay |= _last_of_each(newest, times, period, count, ZoneInfo(zone))
    return stay


def _last_of_each(
    newest: Sequence[int], times: Sequence[int], period: Callable[[datetime], tuple[int, ...]], count: int, zone: ZoneInfo
) -> set[int]:
    found: dict[tuple[int, ...], int] = {}
    for place in newest:
        if len(found) >= count:
            break
        found.setdefault(period(datetime.fromtimestamp(times[place] / 1000, zone)), place)
    return set(found.values()) if count else set()


def _day(then: datetime) -> tuple[int, ...]:
    return then.year, then.month, then.day


def _week(then: datetime) -> tuple[int, ...]:
    return then.isocalendar()[:2]


def _month(then: datetime) -> tuple[int, ...]:
    return then.year, then.month
