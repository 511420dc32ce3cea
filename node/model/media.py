"""Pictures of products, as the node made them and keeps them."""

from dataclasses import dataclass
from enum import StrEnum

TYPE = "image/webp"
FULL_SIDE = 1_600
THUMBNAIL_SIDE = 400


class Shelf(StrEnum):
    """Where a picture lies: made here (never removed by itself), as it came (to be passed on), made from that for our own pages."""

    OWN = "own"
    CAME = "came"
    SHOWN = "shown"


@dataclass(frozen=True, slots=True)
class Pictured:
    """A picture for a catalog: both WebP, upright, without what a camera wrote into it."""

    full: bytes
    thumbnail: bytes


@dataclass(frozen=True, slots=True)
class Named:
    """The names of both, as a product's record has them."""

    full: bytes
    thumbnail: bytes


@dataclass(frozen=True, slots=True)
class Usage:
    """How many pictures there are, and their bytes: our own, and those fetched from others."""

    own: int
    own_bytes: int
    kept: int
    kept_bytes: int
