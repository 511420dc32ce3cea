"""A picture of a person: the one that came, which is kept for export, and the small one that pages show."""

from dataclasses import dataclass

MOST_BYTES = 5 << 20
SHOWN_TYPE = "image/webp"
_MAGIC = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF8", "image/gif"), (b"BM", "image/bmp"))
_RIFF = (b"RIFF", b"WEBP")


@dataclass(frozen=True, slots=True)
class Photo:
    """`original` as it came; `shown` is WebP, upright, at most 512 pixels, without what a camera wrote into it (place, owner)."""

    original: bytes
    shown: bytes


def media_type(picture: bytes) -> str:
    """The type that a picture's first bytes tell."""
    if (picture[:4], picture[8:12]) == _RIFF:
        return "image/webp"
    return next((kind for magic, kind in _MAGIC if picture.startswith(magic)), "application/octet-stream")
