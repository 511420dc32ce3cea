"""What one product of a catalog feed can hold (protocol/product.py: record of 64 KiB, lengths). It decides what is cut."""

from collections.abc import Collection

LONGEST_SKU = 128
MOST_VARIANTS = 500
MOST_OPTIONS = 8
_MOST_TAGS, _MOST_IMAGES = 250, 50
_RECORD = 60_000  # bytes; the rest of 64 KiB is for what frames them
_FRAME = 24  # bytes around one text, at most, with its share of the list


def cut(text: str, longest: int) -> str:
    """`text` with at most `longest` characters; a longer one ends in “…”."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def weight(*texts: str) -> int:
    """Bytes that `texts` take in a record."""
    whole = "".join(texts)
    return (len(whole) if whole.isascii() else len(whole.encode("utf-8", "replace"))) + _FRAME * len(texts)


class Room:
    """The bytes left in the record of one product. What matters most asks first."""

    def __init__(self) -> None:
        self._left = _RECORD

    def take(self, *texts: str) -> bool:
        """Whether `texts` fit; then they are counted."""
        needed = weight(*texts)
        if needed > self._left:
            return False
        self._left -= needed
        return True

    def fitting(self, texts: Collection[str], *, longest: int, most: int) -> tuple[str, ...]:
        """The first `most` different of `texts` that are not too long and fit."""
        if not texts:
            return ()
        found = [text for text in dict.fromkeys(texts) if text and len(text) <= longest][:most]
        return tuple([text for text in found if self.take(text)])

    def tags(self, tags: Collection[str]) -> tuple[str, ...]:
        """Tags that fit."""
        return self.fitting(tags, longest=200, most=_MOST_TAGS)

    def images(self, images: Collection[str]) -> tuple[str, ...]:
        """Addresses of pictures that fit; pictures written into the address itself are too long."""
        return self.fitting(images, longest=2000, most=_MOST_IMAGES)

    def text(self, text: str, longest: int) -> str:
        """`text`, cut to what is left."""
        short = cut(text, longest)
        if not self.take(short):
            short = cut(short, max(1, (self._left - _FRAME) // 4))
            return short if self.take(short) else ""
        return short
