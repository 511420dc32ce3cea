"""Values of JSON-LD as authors write them: a text, a number, a list, an object with a name. It knows no product."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .amounts import grams, millimetres
from .listing import country

_UNITS = {
    "KGM": "kg", "GRM": "g", "LBR": "lb", "ONZ": "oz", "MMT": "mm", "CMT": "cm", "MTR": "m", "INH": "in", "YRD": "yd",
}  # fmt: skip
_LONGEST = 100_000
_MOST = 1000


def short(name: str) -> str:
    """A name without schema.org's address or prefix."""
    return name.removeprefix("schema:").removeprefix("http://schema.org/").removeprefix("https://schema.org/")


def node_types(item: Mapping[str, Any]) -> frozenset[str]:
    """The types of a node."""
    return frozenset(short(kind) for kind in many(item.get("@type")) if isinstance(kind, str))


def many(value: Any) -> list[Any]:
    """A value as a list, at most a thousand of one."""
    if value is None:
        return []
    return value[:_MOST] if isinstance(value, list) else [value]


def text_of(value: Any) -> str:
    """A text: of a list the first, of an object its value or name."""
    for _ in range(4):
        if isinstance(value, list):
            value = value[0] if value else None
        elif isinstance(value, dict):
            value = value.get("@value", value.get("value", value.get("name")))
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        return repr(value) if isinstance(value, float) or abs(value) < 10**30 else ""
    return value.strip()[:_LONGEST] if isinstance(value, str) else ""


def named(value: Any) -> str:
    """What an organisation or a brand is called."""
    first = value[0] if isinstance(value, list) and value else value
    return text_of(first.get("name")) if isinstance(first, dict) else text_of(first)


def category(item: Mapping[str, Any]) -> str:
    """The first category, by its code, its name or its text."""
    first = next(iter(many(item.get("category"))), None)
    if isinstance(first, dict):
        return text_of(first.get("codeValue")) or text_of(first.get("name"))
    return text_of(first)


def keywords(item: Mapping[str, Any]) -> Iterator[str]:
    """Tags: a list, or one text with commas."""
    for value in many(item.get("keywords")):
        for part in text_of(value).split(","):
            yield part.strip()


def origin(item: Mapping[str, Any]) -> str:
    """The country of origin, where it is given as two letters."""
    return country(named(item.get("countryOfOrigin")))


def addresses(value: Any, resolved: Callable[[Any], dict[str, Any] | None]) -> Iterator[str]:
    """Addresses of pictures: texts, ImageObjects, references to such."""
    for item in many(value):
        node = resolved(item) if isinstance(item, dict) else None
        found = next((node[key] for key in ("contentUrl", "url", "@id") if key in node), None) if node else item
        text = text_of(found)
        if text:
            yield text


def quantity(value: Any) -> tuple[str, str]:
    """Number and unit of a QuantitativeValue or of a text such as “1.2 kg”."""
    if isinstance(value, dict):
        unit = text_of(value.get("unitCode")) or text_of(value.get("unitText"))
        return text_of(value.get("value")), _UNITS.get(unit.upper(), unit)
    number, _, unit = text_of(value).partition(" ")
    return number, unit.strip()


def weight(item: Mapping[str, Any]) -> int | None:
    """Grams."""
    return grams(*quantity(item.get("weight")))


def size(item: Mapping[str, Any]) -> tuple[int, int, int] | None:
    """Millimetres: depth, width, height."""
    found = [millimetres(*quantity(item.get(name))) for name in ("depth", "width", "height")]
    whole = [side for side in found if side is not None]
    return (whole[0], whole[1], whole[2]) if len(whole) == 3 else None
