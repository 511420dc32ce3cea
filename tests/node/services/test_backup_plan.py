"""When a backup is due and which stay: tables of cases, and laws over anything."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.services.backup_plan import FIRST_PAUSE_MS, LEAST_GAP_MS, LONGEST_PAUSE_MS, History, Keep, Schedule, due, next_try, staying

HOUR = 3_600_000
DAY = 24 * HOUR
NOW = 1_800_000_000_000
DAILY = Schedule(DAY, 200)
KEEP = Keep(3, 7, 4, 12)


def history(done=None, tried=None, failures=0, behind=0):
    return History(None if done is None else NOW - done, None if tried is None else NOW - tried, failures, behind)


@pytest.mark.parametrize(
    ("schedule", "seen", "why"),
    [
        (DAILY, history(), "first"),
        (DAILY, history(done=DAY), "time"),
        (DAILY, history(done=DAY - 1), None),
        (DAILY, history(done=30 * DAY), "time"),  # slept through
        (DAILY, history(done=HOUR, behind=200), "changes"),
        (DAILY, history(done=HOUR, behind=199), None),
        (DAILY, history(done=LEAST_GAP_MS - 1, behind=10**6), None),
        (Schedule(DAY, 0), history(done=HOUR, behind=10**6), None),
        (Schedule(0, 200), history(), None),
        (Schedule(0, 200), history(done=90 * DAY, behind=10**6), None),
        (DAILY, history(tried=1, failures=1), None),
        (DAILY, history(tried=FIRST_PAUSE_MS, failures=1), "first"),
        (DAILY, history(done=2 * DAY, tried=FIRST_PAUSE_MS, failures=2), None),
        (DAILY, history(done=2 * DAY, tried=2 * FIRST_PAUSE_MS, failures=2), "time"),
        (DAILY, history(done=2 * DAY, tried=LONGEST_PAUSE_MS, failures=10**6), "time"),
        (DAILY, history(done=-DAY), "time"),  # the clock was set back
        (DAILY, history(done=-1000), None),
        (DAILY, History(NOW - 1000, NOW - 1000, 0, 0, NOW - 2000, NOW - 1500), "hurry"),
        (DAILY, History(NOW - 1000, NOW - 1000, 0, 0, NOW - 2000, NOW - 2001), None),
        (DAILY, History(NOW - DAY // 2, NOW - 1000, 1, 0, NOW - DAY, NOW - 1500), None),
        (Schedule(0, 200), History(NOW - 1000, NOW - 1000, 0, 0, NOW - 2000, NOW - 1500), None),
    ],
)
def test_due(schedule, seen, why):
    assert due(schedule, seen, NOW) == why


@given(st.integers(1, 10**6), st.integers(0, 10**9))
def test_a_pause_grows_and_has_an_end(failures, tried):
    first, later = (next_try(History(None, tried, count, 0)) for count in (failures, failures + 1))
    assert tried + FIRST_PAUSE_MS <= first <= later <= tried + LONGEST_PAUSE_MS


def at(text, zone="UTC"):
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def stay(moments, keep, zone="UTC"):
    times = [at(moment, zone) for moment in moments]
    return [moments[place] for place in sorted(staying(times, keep, zone))]


def test_the_last_of_each_day():
    moments = ["2026-03-01T08:00", "2026-03-01T20:00", "2026-03-02T09:00", "2026-03-04T10:00"]
    assert stay(moments, Keep(1, 2, 0, 0)) == ["2026-03-02T09:00", "2026-03-04T10:00"]
    assert stay(moments, Keep(1, 9, 0, 0)) == moments[1:]


def test_days_are_those_of_the_persons_clock():
    moments = ["2026-03-01T22:30", "2026-03-01T23:30"]
    assert stay(moments, Keep(1, 2, 0, 0)) == moments[1:]
    times = [at(moment) for moment in moments]
    assert staying(times, Keep(1, 2, 0, 0), "Europe/Madrid") == {0, 1}


def test_weeks_and_months_over_the_end_of_a_year():
    moments = ["2025-12-28T12:00", "2025-12-29T12:00", "2026-01-04T12:00", "2026-01-05T12:00"]
    assert stay(moments, Keep(1, 0, 3, 0)) == ["2025-12-28T12:00", "2026-01-04T12:00", "2026-01-05T12:00"]
    assert stay(moments, Keep(1, 0, 0, 2)) == ["2025-12-29T12:00", "2026-01-05T12:00"]


def test_hourly_for_two_years():
    start = at("2024-01-01T00:00")
    times = [start + hour * HOUR for hour in range(2 * 365 * 24)]
    found = staying(times, KEEP)
    assert len(found) <= 3 + 7 + 4 + 12
    oldest = datetime.fromtimestamp(times[min(found)] / 1000, UTC)
    assert (oldest.year, oldest.month) == (2025, 1)
    assert len(times) - 1 in found


@given(st.lists(st.integers(0, 2 * 365 * DAY), max_size=60), st.builds(Keep, *[st.integers(0, 5)] * 4))
def test_laws(times, keep):
    found = staying(times, keep)
    assert len(found) <= max(1, keep.last) + keep.daily + keep.weekly + keep.monthly
    newest = sorted(times, reverse=True)[: max(1, keep.last)]
    assert {times[place] for place in found} >= set(newest)
    again = [times[place] for place in sorted(found)]
    assert {again[place] for place in staying(again, keep)} == set(again)  # what stays today stays when asked again
