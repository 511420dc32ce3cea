"""Pictures of a catalog: asked for by hash, sent in pieces, believed once the whole has the hash that its product names.

It decides which pictures a product names, how large each may be and when the pieces make one. It knows no picture's format
(docs/protocol/20-media.md).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .codec import key
from .errors import BadSignature, Malformed
from .kinds import Kind, Topic
from .product import Product

PIECE_BYTES = 900_000  # fits a frame
MOST_PIECES = 64  # of one picture: each is a question


class MediaForm(StrEnum):
    """A picture for a list, or for looking at."""

    THUMBNAIL = "thumbnail"
    FULL = "full"


MOST_BYTES: Mapping[MediaForm, int] = {MediaForm.THUMBNAIL: 131_072, MediaForm.FULL: 4_194_304}


@dataclass(frozen=True, slots=True)
class MediaRequest:
    """The bytes from `offset` on of a picture that `product` names in this form under `hash`."""

    OPEN_ENDED = True
    product: bytes = key(0, size=32)
    hash: bytes = key(2, size=32)
    form: MediaForm = key(4)
    offset: int = key(6, high=MOST_BYTES[MediaForm.FULL])


@dataclass(frozen=True, slots=True)
class Media:
    """Bytes of a picture that has `size` of them."""

    OPEN_ENDED = True
    size: int = key(0, low=1, high=MOST_BYTES[MediaForm.FULL])
    data: bytes = key(2, longest=PIECE_BYTES)


def names(product: Product, hash_: bytes, form: MediaForm) -> bool:
    """Whether the product names a picture of this form under this hash."""
    named = (image.thumbnail if form is MediaForm.THUMBNAIL else image.hash for image in product.images)
    return hash_ in named


def piece(content: bytes, offset: int) -> Media:
    """The answer: what follows `offset`, as much as fits. Raises Malformed `bad-media` for a place beyond the end."""
    if not 0 <= offset < len(content):
        raise Malformed("the picture ends before that", code="bad-media")
    return Media(len(content), content[offset : offset + PIECE_BYTES])


@dataclass(slots=True)
class Gathering:
    """The pieces of one picture on their way, on the asking side."""

    hash: bytes
    form: MediaForm
    size: int = 0
    content: bytearray = field(default_factory=bytearray)
    pieces: int = 0

    def add(self, answer: Media) -> bool:
        """Take the piece that follows; whether more is due.

        Raises Malformed (`too-large`: more than a picture of this form may have; `bad-media`: the pieces don't fit together).
        """
        if answer.size > MOST_BYTES[self.form]:
            raise Malformed(f"a {self.form} has at most {MOST_BYTES[self.form]} bytes", code="too-large")
        if self.size and answer.size != self.size:
            raise Malformed("the picture changes its size on the way", code="bad-media")
        if not answer.data or len(self.content) + len(answer.data) > answer.size:
            raise Malformed("a piece holds something, and no more than is due", code="bad-media")
        self.pieces += 1
        if self.pieces == MOST_PIECES and len(self.content) + len(answer.data) < answer.size:
            raise Malformed(f"the picture comes in more than {MOST_PIECES} pieces", code="bad-media")
        self.size = answer.size
        self.content += answer.data
        return len(self.content) < self.size

    def whole(self) -> bytes:
        """The picture. Raises BadSignature `wrong-media` where it isn't the one that the product names."""
        content = bytes(self.content)
        if len(content) != self.size or media_hash(content) != self.hash:
            raise BadSignature("these are not the bytes of the picture that was asked for", code="wrong-media")
        return content


def media_hash(content: bytes) -> bytes:
    """The name of a picture: the SHA-256 of its bytes."""
    return hashlib.sha256(content).digest()


KINDS = (Kind("catalog.media-request", Topic.CATALOG, MediaRequest), Kind("catalog.media", Topic.CATALOG, Media))
