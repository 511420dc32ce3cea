"""A picture from anywhere → one that may be shown. It decides what is a picture, and never believes a file's own word on that.

A small file can unfold to billions of pixels: the size is read from its head and judged before a pixel is.
"""

import io
import struct
import warnings
import zlib
from typing import BinaryIO

from node.errors import UserError
from node.model.media import FULL_SIDE, THUMBNAIL_SIDE, Pictured
from node.model.photo import MOST_BYTES, Photo
from protocol.media import MOST_BYTES as MOST_MEDIA
from protocol.media import MediaForm

MOST_PIXELS = 40_000_000
LONGEST_SIDE = 512
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_QUALITY = 82
_SIDES = {MediaForm.FULL: FULL_SIDE, MediaForm.THUMBNAIL: THUMBNAIL_SIDE}
# What the decoders of the formats above raise on broken bytes (tests/node/files/test_picture.py breaks some thousands).
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    TypeError,
    IndexError,
    KeyError,
    AttributeError,
    OverflowError,
    struct.error,
    zlib.error,
)


def read_picture(source: BinaryIO) -> Photo:
    """The picture in `source` and its small form. Raises UserError `photo-too-large`, `not-a-picture`."""
    content = _read(source)
    return Photo(content, _small(content, LONGEST_SIDE))


def read_product(source: BinaryIO) -> Pictured:
    """The picture in `source` as a catalog shows it, large and small. Raises as `read_picture`."""
    content = _read(source)
    return Pictured(redrawn(content, MediaForm.FULL), redrawn(content, MediaForm.THUMBNAIL))


def redrawn(content: bytes, form: MediaForm) -> bytes:
    """A picture in our own encoding, within what one of this form may have: nothing of the bytes that came is left."""
    quality = _QUALITY
    while len(made := _small(content, _SIDES[form], quality)) > MOST_MEDIA[form]:
        quality //= 2  # noise; a picture stays far below
    return made


def _read(source: BinaryIO) -> bytes:
    pieces = bytearray()
    while piece := source.read(1 << 16):
        pieces += piece
        if len(pieces) > MOST_BYTES:
            raise UserError(f"The picture has more than {MOST_BYTES >> 20} MB. Make it smaller and try again.", code="photo-too-large")
    return bytes(pieces)


def _small(content: bytes, side: int, quality: int = _QUALITY) -> bytes:
    from PIL import Image  # a large library, read only when there is a picture

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd bytes beside the pixels; MOST_PIXELS is stricter than what it warns of
            return _drawn(content, side, quality)
    except Image.DecompressionBombError:
        raise _too_many_pixels() from None
    except _BROKEN as error:
        raise UserError("That is no picture, or it is broken. Choose a JPEG, PNG or WebP file.", code="not-a-picture") from error


def _drawn(content: bytes, side: int, quality: int) -> bytes:
    from PIL import Image, ImageOps

    Image.init()  # else formats beyond the commonest are not known
    opened = Image.open(io.BytesIO(content), formats=_FORMATS)
    if opened.width * opened.height > MOST_PIXELS:
        raise _too_many_pixels()
    opened.draft("RGB", (side * 2, side * 2))
    upright = ImageOps.exif_transpose(opened)
    clear = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    clear.thumbnail((side, side))
    plain = Image.new(clear.mode, clear.size)
    plain.paste(clear)  # a new picture knows nothing of the camera
    made = io.BytesIO()
    plain.save(made, "WEBP", quality=quality)
    return made.getvalue()


def _too_many_pixels() -> UserError:
    millions = MOST_PIXELS // 1_000_000
    return UserError(f"The picture has more than {millions} million pixels. Make it smaller and try again.", code="photo-too-large")
