"""Days on a person's calendar. It decides which day an instant falls on, what a person means by a day, and when a birthday is kept.

A day has no time and no zone: what is due on it is due wherever the person is, and a clock put forward or back moves nothing.
"""

from calendar import isleap
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FIRST, LAST = date(2000, 1, 1), date(2199, 12, 31)
WORDS = {"today": 0, "tomorrow": 1, "week": 7}
_LEAP_DAY = "02-29"
_KEPT_INSTEAD = "02-28"


def day_of(now: int, zone: str) -> date:
    """The day that the instant `now` (ms) falls on in `zone`."""
    return datetime.fromtimestamp(now / 1000, ZoneInfo(zone)).date()


def begins(day: date, zone: str) -> int:
    """The first instant of a day in `zone`, in ms. Where the clock skips midnight it is the instant that follows."""
    return int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp() * 1000)


def read_day(text: str, today: date) -> date | None:
    """A day as a person gives it: today, tomorrow, week (in seven days), +3, or 2026-12-03. None where it is no day of 2000 to 2199."""
    plain = text.strip().lower()
    if plain in WORDS:
        return today + timedelta(days=WORDS[plain])
    if plain.startswith("+") and plain[1:].isascii() and plain[1:].isdecimal() and len(plain) <= 5:
        found = today + timedelta(days=int(plain[1:]))
    else:
        try:
            found = date.fromisoformat(plain) if len(plain) == 10 else date.min
        except ValueError:
            return None
    return found if FIRST <= found <= LAST else None


def born_on(day: date) -> tuple[str, ...]:
    """The birthdays (MM-DD) that are kept on `day`: who was born on 29 February keeps it on the 28th in years without one."""
    plain = day.strftime("%m-%d")
    return (plain, _LEAP_DAY) if plain == _KEPT_INSTEAD and not isleap(day.year) else (plain,)


def span(first: date, days: int) -> Iterator[date]:
    """`first` and the `days` after it."""
    return (first + timedelta(days=number) for number in range(days + 1))


def turns(birthday: str, day: date) -> int | None:
    """How old who was born on `birthday` (YYYY-MM-DD, or --MM-DD) becomes in the year of `day`; None without a year."""
    year = birthday[:4]
    age = day.year - int(year) if year.isdecimal() else 0
    return age if age > 0 else None
