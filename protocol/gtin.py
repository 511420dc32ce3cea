"""GTINs, the numbers under a bar code: 8, 12, 13 or 14 digits, the last of which checks the others. It decides when two are one article."""

from .errors import Malformed

LENGTHS = frozenset({8, 12, 13, 14})


def is_gtin(text: str) -> bool:
    """Whether `text` is a GTIN-8, -12, -13 or -14 with a right check digit."""
    if len(text) not in LENGTHS or not text.isascii() or not text.isdigit():
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(text))) % 10 == 0


def check_gtin(text: str) -> None:
    """Raises Malformed `bad-gtin`."""
    if not is_gtin(text):
        raise Malformed(f"{text!r} is no GTIN: it has 8, 12, 13 or 14 digits, and the last one checks the others", code="bad-gtin")


def compared(text: str) -> str:
    """The 14 digits under which the same article is found, whichever of its lengths a merchant wrote."""
    return text.zfill(14)
