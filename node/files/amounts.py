"""Numbers as shops write them. It decides what is an amount of money and refuses to guess or to round."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from node.errors import UserError
from protocol.errors import ProtocolError
from protocol.money import exponent

MAX_MINOR = 10**12
_MOST_DIGITS = 15  # more than MAX_MINOR has: what is longer is too large, and not worth reckoning with
_OFTEN = 20  # characters: what is longer is not remembered
_PLAIN = re.compile(r"\d+(?:\.\d{1,8})?\Z")
_GROUPED = {
    ",": re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d{1,8})?\Z"),
    ".": re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d{1,8})?\Z"),
}
_COMMA = re.compile(r"\d+,\d{1,8}\Z")
_THREE_DIGITS = re.compile(r"[1-9]\d{0,2}([.,])\d{3}\Z")  # 1.234: a bit more than one, or a thousand and more?
_GRAMS = {"g": 1.0, "kg": 1000.0, "lb": 453.59237, "lbs": 453.59237, "oz": 28.349523125}
_MILLIMETRES = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "in": 25.4, "yd": 914.4}
_NUMBER = re.compile(r"-?\d{1,15}(?:[.,]\d{1,12})?\Z", re.ASCII)
_MEASURE = re.compile(r"\s*([\d.,]{1,20})\s*([a-zA-Z]{1,4})\s*\Z")


class BadAmount(ValueError):
    """Not an amount; the message is a reason for a person, the code one of node/model/listing.py."""

    def __init__(self, reason: str, code: str = "bad-price") -> None:
        super().__init__(reason)
        self.code = code


def decimals_of(currency: str) -> int:
    """Decimals of `currency`. Raises UserError `currency` when the code is none."""
    try:
        return exponent(currency)
    except ProtocolError as problem:
        raise UserError(f"{problem}. Give the currency of the prices as three capitals, for example USD.", code="currency") from None


def minor_units(text: str, decimals: int, currency: str) -> int:
    """`text` in minor units. "1.234,56", "1,234.56", "18", "18.00", "18,5" are read; more decimals than the currency has are refused."""
    return (_often if len(text) <= _OFTEN else _minor_units)(text, decimals, currency)


def _minor_units(text: str, decimals: int, currency: str) -> int:
    compact = text.strip().lstrip("'").replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
    if compact.startswith("-") and compact[1:2].isdigit():
        raise BadAmount(f"The price “{_short(text)}” is negative.")
    point = _point(compact, decimals)
    if point is None:
        raise BadAmount(f"The price “{_short(text)}” is not a number.")
    whole, _, part = point.partition(".")
    whole = whole.lstrip("0")
    if len(whole) > _MOST_DIGITS:
        raise BadAmount(f"The price “{_short(text)}” is too large.")
    if len(part.rstrip("0")) > decimals:
        raise BadAmount(f"The price “{_short(text)}” has more decimals than {currency} has ({decimals}).")
    minor = int(whole + part[:decimals].ljust(decimals, "0"))
    if minor > MAX_MINOR:
        raise BadAmount(f"The price “{_short(text)}” is too large.")
    return minor


_often = lru_cache(maxsize=8192)(_minor_units)
"""The same prices stand in a file again and again."""


def _point(compact: str, decimals: int) -> str | None:
    """The number with a decimal point and no groups, or None."""
    if not compact.isascii():
        return None
    doubtful = _THREE_DIGITS.match(compact)
    if doubtful and not (decimals == 3 and doubtful[1] == ".") and not (decimals == 0 and doubtful[1] == ","):
        digits = compact.replace(doubtful[1], "")
        raise BadAmount(f"The price “{compact}” has more decimals than the currency ({decimals}). If it means {digits}, write {digits}.")
    if _PLAIN.match(compact):
        return compact
    if _GROUPED[","].match(compact):
        return compact.replace(",", "")
    if _GROUPED["."].match(compact):
        return compact.replace(".", "").replace(",", ".")
    return compact.replace(",", ".") if _COMMA.match(compact) else None


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


def count(text: str) -> int | None:
    """A whole number of pieces ("12", "12.0", "-3"), or None where the cell holds none."""
    number = _number(text)
    return int(number) if number is not None and abs(number) < 10**12 else None


def grams(text: str, unit: str) -> int | None:
    """A weight in whole grams; `unit` is g, kg, lb(s) or oz. None where there is none."""
    number = _number(text)
    factor = _GRAMS.get(unit.casefold())
    if number is None or factor is None or not 0 < number * factor < 10**9:
        return None
    return round(number * factor)


def millimetres(text: str, unit: str) -> int | None:
    """A length in whole millimetres; `unit` is mm, cm, m, in or yd. None where there is none."""
    number = _number(text)
    factor = _MILLIMETRES.get(unit.casefold())
    if number is None or factor is None or not 0 < number * factor < 10**6:
        return None
    return max(1, round(number * factor))


def measure(text: str) -> tuple[str, str]:
    """Number and unit of “1.2 kg”; two empty texts where it is no such thing."""
    found = _MEASURE.match(text)
    return (found[1], found[2]) if found else ("", "")


def _number(text: str) -> float | None:
    compact = text.strip().lstrip("'")
    if not compact or not _NUMBER.match(compact):
        return None
    return float(compact.replace(",", "."))


def moment(text: str, *, end_of_day: bool = False) -> int | None:
    """A date or date and time (taken as UTC) in ms; a bare date is its first, or with `end_of_day` its last millisecond. None: no date."""
    compact = text.strip()
    if not compact.isascii() or not compact[:4].isdigit():
        return None
    try:
        found = datetime.fromisoformat(_two_digit_hour(compact))
    except ValueError:
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    start = int(found.timestamp() * 1000)
    return start + 86_399_999 if end_of_day and len(compact) <= 10 else start


def _two_digit_hour(text: str) -> str:
    return re.sub(r"^(\d{4}-\d\d-\d\d)[ T](\d):", r"\1 0\2:", text)
