"""Prices of one file, which are in one currency. It decides which, and when a sale is on; what a number is, amounts.py does."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from node.errors import UserError
from node.model.listing import Sale

from .amounts import BadAmount, decimals_of, minor_units

LAST_MS = 253_402_300_799_999  # of the year 9999
_MIDNIGHT, _DAYS_END = "T00:00:00.000", "T23:59:59.999"
_CODE = re.compile(r"(?:([A-Za-z]{3})\s*([\d.,'\s-]+)|([\d.,'\s-]+?)\s*([A-Za-z]{3}))\Z")
_DOLLARS = ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "TWD", "BRL", "ARS", "CLP", "COP")
_SIGNS = {
    "€": ("EUR",), "£": ("GBP",), "$": _DOLLARS, "¥": ("JPY", "CNY"), "₹": ("INR",), "₩": ("KRW",), "₺": ("TRY",), "₽": ("RUB",),
    "zł": ("PLN",),
    "₴": ("UAH",), "₱": ("PHP",), "₫": ("VND",), "฿": ("THB",), "₪": ("ILS",), "R$": ("BRL",), "US$": ("USD",), "CA$": ("CAD",),
    "A$": ("AUD",),
}  # fmt: skip
_SIGN = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True))
_SIGNED = re.compile(rf"({_SIGN})\s*(-?[\d.,'\s]+)\Z|(-?[\d.,'\s]+?)\s*({_SIGN})\Z")


@dataclass(slots=True)
class Prices:
    """The currency of a file: the first that a price names, else `currency`. Raises UserError `currency` when that is no code."""

    currency: str
    named: bool = False
    """Whether the file itself named it."""
    read_any: bool = False
    decimals: int = 0

    def __post_init__(self) -> None:
        self.decimals = decimals_of(self.currency)

    def minor(self, text: str) -> int:
        """A price in minor units: a number, one with a code (“12.34 EUR”) or a sign (“€ 12.34”). Raises BadAmount."""
        compact = text.strip().lstrip("'").replace("\u00a0", " ").replace("\u202f", " ")
        if compact[:1].isdigit() and compact[-1:].isdigit():  # most do: nothing at either end names a currency
            number = compact
        elif found := _CODE.match(compact):
            code, number = (found[1] or found[4]).upper(), found[2] or found[3]
            self.settle(code, text)
        elif signed := _SIGNED.match(compact):
            number = self._without_sign(signed[1] or signed[4], signed[2] or signed[3], text)
        else:
            number = compact
        value = minor_units(number, self.decimals, self.currency)
        self.read_any = True
        return value

    def settle(self, code: str, text: str) -> None:
        """The file names this currency. Raises BadAmount for another one than it had before."""
        if code == self.currency:
            self.named = True
            return
        try:
            decimals = decimals_of(code)
        except UserError:
            raise BadAmount(f"The price “{text[:40]}” names no currency.", "currency") from None
        if self.named or self.read_any:
            raise BadAmount(
                f"The price “{text[:40]}” is in {code}, the others are in {self.currency}. Import each currency by itself.", "currency"
            )
        self.currency, self.decimals, self.named = code, decimals, True

    def _without_sign(self, sign: str, number: str, text: str) -> str:
        if self.currency not in _SIGNS[sign]:
            raise BadAmount(
                f"The price “{text[:40]}” has the sign of another currency than {self.currency}. Choose the file's currency.", "currency"
            )
        return number


def on_sale(regular: int, sale: int | None, starts: int, ends: int | None, now_ms: int) -> tuple[int, int | None, Sale | None]:
    """(price now, price before it, the sale with its days). A sale that is not lower or is over is none; without days none is kept."""
    if ends is not None and ends < starts:
        raise BadAmount("Its sale ends before it begins.", "bad-sale")
    if sale is None or sale >= regular or (ends is not None and ends < now_ms):
        return regular, None, None
    dated = Sale(sale, starts, ends) if starts or ends is not None else None
    return (sale, regular, dated) if starts <= now_ms else (regular, None, dated)


def days_of(sale: Sale) -> tuple[str, str]:
    """When a sale begins and ends, in UTC, as it is read again: whole days as dates, "" for one without a beginning or an end."""
    return _moment(sale.starts, _MIDNIGHT) if sale.starts else "", "" if sale.ends is None else _moment(sale.ends, _DAYS_END)


def _moment(at: int, whole_day: str) -> str:
    text = datetime.fromtimestamp(min(at, LAST_MS) / 1000, UTC).isoformat(timespec="milliseconds")
    return text[:10] if text[10:].startswith(whole_day) else text
