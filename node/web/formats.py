"""How values read: money, GMS, dates, numbers and ids by the reader's place and zone (Babel). Pure but for the reader.

Figures follow the reader's locale. What has words (dates, "2 hours ago", names of countries) is in the language of the page, so that no
sentence is in two: English, unless the pages are there in the reader's own.
"""

import re
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision
from markupsafe import Markup

GMS_DIGITS = 18
_SHOWN_GMS_DIGITS = 4
_DAY_MS = 86_400_000
_RELATIVE_DAYS = 7
_SPANS = ((_DAY_MS, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second"), (1, "millisecond"))
_LANGUAGES = frozenset({"en"})  # that the pages are there in
_REACH = re.compile(r"(?:tel|sms):[0-9+*#]+|mailto:[A-Za-z0-9@%+._-]+")
_LAST_MS = 253_402_214_400_000  # 31 December 9999, in every zone


@cache
def _locale(name: str) -> Locale:
    try:
        return Locale.parse(name.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale.parse("en")


@dataclass(frozen=True, slots=True)
class Reader:
    """Locale, zone and the instant of reading (ms)."""

    locale_name: str = "en"
    zone: str = "UTC"
    now: int = 0

    @property
    def locale(self) -> Locale:
        """The Babel locale of figures; English where the name is unknown."""
        return _locale(self.locale_name)

    @property
    def words(self) -> Locale:
        """The Babel locale of words: the reader's own where the pages are there in its language."""
        return self.locale if self.locale.language in _LANGUAGES else _locale("en")

    @property
    def language(self) -> str:
        """The page's, for the html element."""
        return str(self.words.language)

    @property
    def direction(self) -> str:
        """The page's writing direction, "ltr" or "rtl"."""
        return str(self.words.text_direction)

    def moment(self, ms: int) -> datetime:
        """An instant on the reader's clock."""
        return datetime.fromtimestamp(_seconds(ms), ZoneInfo(self.zone))


reader_var: ContextVar[Reader] = ContextVar("reader", default=Reader())  # noqa: B039 - frozen


def _money_parts(value: Any) -> tuple[int, str]:
    if isinstance(value, dict):
        return int(value["minor"]), str(value["currency"])
    if isinstance(value, (tuple, list)):
        return int(value[0]), str(value[1])
    return int(value.minor), str(value.currency)


def money(value: Any) -> str:
    """`{minor, currency}`, an object with both, or a pair → "$52.00"."""
    minor, currency = _money_parts(value)
    with localcontext(prec=60):
        amount = Decimal(minor).scaleb(-get_currency_precision(currency))
        return str(format_currency(amount, currency, locale=reader_var.get().locale))


def is_negative(value: Any) -> bool:
    """Whether an amount of money or of GMS takes away."""
    return (int(value) if isinstance(value, (int, str)) else _money_parts(value)[0]) < 0


def gms(base: int | str) -> str:
    """Base units → "14.2 GMS", rounded towards zero to four digits; what is smaller reads "< 0.0001 GMS"."""
    units = int(base)
    step = 10 ** (GMS_DIGITS - _SHOWN_GMS_DIGITS)
    if 0 < abs(units) < step:
        return f"< {_decimal(Decimal(1).scaleb(-_SHOWN_GMS_DIGITS), '0.0000')} GMS"
    with localcontext(prec=90):
        shown = Decimal(abs(units) // step).scaleb(-_SHOWN_GMS_DIGITS)
        return f"{_decimal(-shown if units < 0 else shown, '#,##0.####')} GMS"


def gms_exact(base: int | str) -> str:
    """All eighteen digits."""
    with localcontext(prec=90):
        return f"{_decimal(Decimal(int(base)).scaleb(-GMS_DIGITS), '#,##0.##################')} GMS"


def _decimal(value: Decimal, pattern: str) -> str:
    return str(format_decimal(value, pattern, locale=reader_var.get().locale))


def rate(base: int | str, currency: str) -> str:
    """GMS base units for the smallest coin → "$1.00 = 1 GMS"."""
    coins = 10 ** get_currency_precision(currency)
    return f"{money((coins, currency))} = {gms_exact(int(base) * coins)}"


def number(value: int) -> str:
    """1234 → "1,234"."""
    return str(format_decimal(value, locale=reader_var.get().locale))


def share(bps: int) -> str:
    """Hundredths of a percent → "12.5%"."""
    return str(format_percent(Decimal(bps) / 10_000, locale=reader_var.get().locale, decimal_quantization=False))


def percent(hundredths: int) -> str:
    """By how much something rose, in hundredths of a percent, to a tenth: "+12.5%", "-10%"."""
    return f"{'+' if hundredths > 0 else ''}{share(round(hundredths, -1))}"


def span(milliseconds: int) -> str:
    """A length of time to the last millisecond, in the largest unit that says it whole: "14 days", "90 minutes"."""
    size, name = next((size, name) for size, name in _SPANS if milliseconds % size == 0)
    count = milliseconds // size
    return f"{number(count)} {name}{'' if count == 1 else 's'}"


def date(ms: int) -> str:
    """A day: "3 December 2026"."""
    reader = reader_var.get()
    return str(format_date(reader.moment(ms).date(), "long" if reader.language != "en" else "d MMMM y", locale=reader.words))


def birthday(text: str) -> str:
    """The day as people write it: "1988-04-23" → "23 April 1988", "--04-23" → "23 April"; anything else as it is."""
    year, month, day = text[:-6], text[-5:-3], text[-2:]
    if not (month.isdecimal() and day.isdecimal()):
        return text
    try:
        then = datetime(2000 if year == "-" else int(year), int(month), int(day), tzinfo=UTC)
    except ValueError:
        return text
    return str(format_date(then.date(), "d MMMM" if year == "-" else "d MMMM y", locale=reader_var.get().words))


def month_name(month: int) -> str:
    """The month by name: 4 → "April"."""
    return str(format_date(datetime(2000, month, 1, tzinfo=UTC).date(), "LLLL", locale=reader_var.get().words))


def month_and_year(day: datetime) -> str:
    """A month: "December 2026"."""
    return str(format_date(day.date(), "LLLL y", locale=reader_var.get().words))


def datetime_text(ms: int) -> str:
    """A moment: "3 Dec, 14:20"; with the year where it is not this one."""
    reader = reader_var.get()
    then = reader.moment(ms)
    year = "" if then.year == reader.moment(reader.now).year else " y"
    pattern = f"d MMM{year}, HH:mm"
    return str(format_datetime(then, pattern, tzinfo=ZoneInfo(reader.zone), locale=reader.words))


def ago(ms: int) -> str:
    """How far off: "2 hours ago" or "in 3 days" within a week; the date beyond."""
    reader = reader_var.get()
    if abs(ms - reader.now) >= _RELATIVE_DAYS * _DAY_MS:
        return date(ms)
    return str(format_timedelta(timedelta(milliseconds=ms - reader.now), add_direction=True, locale=reader.words))


def iso(ms: int) -> str:
    """For the datetime attribute."""
    return datetime.fromtimestamp(_seconds(ms), UTC).isoformat(timespec="seconds")


def _seconds(ms: int) -> float:
    """Peers date things as they like: what no calendar here has is shown as its first or last day."""
    return min(max(ms, 0), _LAST_MS) / 1000


def short(identifier: str) -> str:
    """An id of 64 digits as its first and last four."""
    return identifier if len(identifier) <= 12 else f"{identifier[:6]}…{identifier[-4:]}"


def initials(name: str) -> str:
    """Up to two letters for a face."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper() or "·"


def local(href: str) -> str:
    """A path, query or fragment of this desk as it is; anything else (another site, a script) becomes "#"."""
    text = str(href)
    harmless = text.startswith(("/", "?", "#")) and not text.startswith(("//", "/\\"))
    return text if harmless and all(letter >= " " for letter in text) else "#"


def reach(href: str) -> str:
    """A link that dials, texts or writes as it is, by number or address only; anything else becomes "#"."""
    text = str(href)
    return text if _REACH.fullmatch(text) else "#"


def qr(text: str) -> Markup:
    """An inline SVG that carries its own white field."""
    import segno

    return Markup(segno.make(text, error="m", micro=False).svg_inline(border=0, omitsize=True, dark="#1d2521"))  # noqa: S704


FILTERS: dict[str, Callable[..., Any]] = {
    "money": money,
    "is_negative": is_negative,
    "gms": gms,
    "gms_exact": gms_exact,
    "number": number,
    "date": date,
    "datetime": datetime_text,
    "ago": ago,
    "iso": iso,
    "short": short,
    "initials": initials,
    "local": local,
    "reach": reach,
    "qr": qr,
}
