"""What a merchant types for products and offers, one thing a line, and the records' inputs it stands for; and back again."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from node.errors import FieldError, FieldErrors, UserError
from node.model.record_words import words_of
from node.services.product_merging import amount
from node.web.catalog_parts import TOO_LARGE, is_too_large
from node.web.page import GATE
from protocol.errors import ProtocolError
from protocol.money import Money, exponent
from protocol.offer import Promotion, RankPrice
from protocol.product import Size, Translation, Variant

T = TypeVar("T")
_AMOUNT = re.compile(r"-?[0-9]{1,12}(?:[.,][0-9]{1,4})?")
_BREAK = " ⏎ "  # stands for a new line within one line's field


class Fields:
    """A form read field by field: what is wrong with each is kept, so that all of it is said at once, each beside its field."""

    def __init__(self, form: Mapping[str, str]) -> None:
        self._form = form
        self._faults: list[FieldError] = []

    def read(self, name: str, read: Callable[..., Any], *beside: Any) -> Any:
        """What `read` makes of a field; None where it is wrong."""
        try:
            return read(self._form[name], *beside)
        except (UserError, ProtocolError) as error:
            self._faults.append(FieldError(words_of(error), code=error.code, field=name))
            return None

    def check(self) -> None:
        """Raises FieldErrors where a field is wrong."""
        if self._faults:
            raise FieldErrors(self._faults)


def errors_of(error: UserError) -> dict[str, str]:
    """What a form shows of an error: beside each field that is named, above all of them where none is."""
    if isinstance(error, FieldErrors):
        return {fault.field: str(fault) for fault in error.faults}
    return {error.field if isinstance(error, FieldError) else "": str(error)}


def zone_of(request: web.Request) -> ZoneInfo:
    """The zone of the person's clock."""
    viewer = request.app[GATE].viewer()
    return ZoneInfo(viewer.zone if viewer else "UTC")


def lines(text: str) -> list[str]:
    """What stands on each line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def parts(line: str, least: int, most: int, like: str) -> list[str]:
    """The fields of a line, all of them. Raises UserError with what a line looks like."""
    found = [part.strip() for part in line.split("|")]
    if not least <= len(found) <= most:
        raise UserError(f"{line[:60]!r}: write each line like “{like}”.", code="bad-line")
    return found + [""] * (most - len(found))


def each(text: str, read: Callable[[str], T]) -> tuple[T, ...]:
    """Every line read. Raises UserError for the first that cannot be."""
    try:
        return tuple(read(line) for line in lines(text))
    except ProtocolError as error:
        raise UserError(words_of(error), code=error.code) from error


# --- numbers, amounts, times


def whole(text: str, what: str) -> int | None:
    """A whole number; None where nothing stands. Raises UserError."""
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise UserError(f"{what}: enter a whole number, or nothing.", code="bad-number")
    return int(text)


def money(text: str, currency: str) -> Money:
    """An amount such as 9.90. Raises UserError `bad-amount`."""
    if is_too_large(text):
        raise UserError(f"{text[:20]!r}: {TOO_LARGE}", code="bad-amount")
    if not _AMOUNT.fullmatch(text):
        raise UserError(f"{text[:20]!r}: enter an amount in {currency}, such as 9.90.", code="bad-amount")
    minor = Decimal(text.replace(",", ".")).scaleb(exponent(currency))
    if minor % 1:
        raise UserError(f"{text}: {currency} has no smaller coin than {exponent(currency)} places.", code="bad-amount")
    return Money(int(minor), currency)


def plain(value: Money) -> str:
    """An amount as it is typed."""
    return amount(value).partition(" ")[0]


def amounts(text: str) -> tuple[Money, ...]:
    """“9.90 EUR; 10.90 USD”. Raises UserError."""
    found = [item.split() for item in text.split(";") if item.strip()]
    if any(len(item) != 2 for item in found):
        raise UserError("Write an amount and its currency, such as: 9.90 EUR; 10.90 USD", code="bad-amount")
    return tuple(money(value, code.upper()) for value, code in found)


def plain_amounts(values: Sequence[Money]) -> str:
    """Amounts as they are typed."""
    return "; ".join(amount(value) for value in values)


def moment(text: str, zone: ZoneInfo) -> int | None:
    """A day, or a day and a time, of the person's clock in ms; None where nothing stands. Raises UserError `bad-time`."""
    if not text:
        return None
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise UserError(f"{text[:30]!r}: enter a day and a time like 2026-12-03 14:30.", code="bad-time") from None


def moment_over(text: str, before: int | None, zone: ZoneInfo) -> int | None:
    """A time as `moment` reads it; one that stands as it was shown is the one before, to the millisecond."""
    return before if before and text == typed_moment(before, zone) else moment(text, zone)


def typed_moment(at: int | None, zone: ZoneInfo) -> str:
    """A time as it is typed."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M") if at else ""


# --- parts of products


def variant(line: str) -> Variant:
    """“SKU | name | value / value | GTIN | grams | maker's number | size | suggested prices | qualified volume | ingredients”."""
    found = parts(
        line, 2, 10, "SOAP-1 | Small | S | 4006381333931 | 120 | maker's number | 90 x 60 x 25 | 9.90 EUR | 5.00 EUR | ingredients"
    )
    sku, title, values, gtin, grams, mpn, measured, suggested, volume, ingredients = found
    given = tuple(value.strip() for value in values.split("/")) if values else ()
    return Variant(
        sku,
        title,
        given,
        gtin or None,
        amounts(volume) or None,
        mpn or None,
        whole(grams, "Weight"),
        size(measured),
        amounts(suggested) or None,
        _broken(ingredients) or None,
    )


def typed_variant(item: Variant) -> str:
    """A variant as it is typed."""
    sums = (plain_amounts(item.suggested or ()), plain_amounts(item.volume or ()))
    values = (item.sku, item.title, " / ".join(item.values), item.gtin or "", str(item.weight or ""), item.mpn or "", typed_size(item.size))
    return _line((*values, *sums, _unbroken(item.ingredients)))


def picture(line: str) -> tuple[str, str]:
    """“address | what it shows”."""
    url, alt = parts(line, 1, 2, "https://shop.example/soap.jpg | A soap on a dish")
    return url, alt


def typed_picture(url: str, alt: str) -> str:
    """A picture as it is typed."""
    return _line((url, alt))


def _broken(text: str) -> str:
    """Text of one line with its new lines."""
    return text.replace(_BREAK.strip(), "\n").replace(" \n ", "\n")


def _unbroken(text: str | None) -> str:
    return (text or "").replace("\r", "").replace("\n", _BREAK)


def translation(line: str) -> Translation:
    """“language | title | description | care | ingredients | warning; warning”."""
    found = parts(line, 2, 6, "de | Seife | Feine Seife")
    language, title, description, care, ingredients, warnings = map(_broken, found)
    said = tuple(item.strip() for item in warnings.split(";") if item.strip())
    return Translation(language, title or None, description or None, care or None, ingredients or None, said or None)


def typed_translation(item: Translation) -> str:
    """A translation as it is typed."""
    values = (item.language, item.title, item.description, item.care, item.ingredients, "; ".join(item.warnings or ()))
    return _line([_unbroken(value) for value in values])


def size(text: str) -> Size | None:
    """“length x width x height” in millimetres."""
    if not text:
        return None
    found = [item.strip() for item in text.lower().replace("×", "x").split("x")]
    if len(found) != 3 or not all(item.isascii() and item.isdigit() and len(item) < 9 for item in found):
        raise UserError("Enter length x width x height in millimetres, such as 100 x 60 x 25.", code="bad-size")
    try:
        return Size(*(int(item) for item in found))
    except ProtocolError as error:
        raise UserError(words_of(error), code=error.code) from error


def typed_size(value: Size | None) -> str:
    """A size as it is typed."""
    return f"{value.length} x {value.width} x {value.height}" if value else ""


# --- parts of offers


def rank_price(line: str, currency: str) -> RankPrice:
    """“rank | price”."""
    rank, price = parts(line, 2, 2, "2 | 8.50")
    return RankPrice(whole(rank, "Rank") or 0, money(price, currency))


def promotion(line: str, currency: str, zone: ZoneInfo, before: Sequence[Promotion]) -> Promotion:
    """“name | price | from | to”; one that stands as it was shown is the one before."""
    same = next((item for item in before if typed_promotion(item, zone) == line), None)
    if same is not None:
        return same
    name, price, start, end = parts(line, 4, 4, "Summer | 7.00 | 2026-06-01 | 2026-06-30 18:00")
    return Promotion(name, money(price, currency), moment(start, zone) or 0, moment(end, zone) or 0)


def typed_promotion(item: Promotion, zone: ZoneInfo) -> str:
    """A promotion as it is typed."""
    return f"{item.name} | {plain(item.price)} | {typed_moment(item.start, zone)} | {typed_moment(item.end, zone)}"


def _line(values: Sequence[Any]) -> str:
    return " | ".join(str(value) for value in values).rstrip(" |")


def query(**values: str) -> str:
    """The end of an address."""
    return urlencode(values)
