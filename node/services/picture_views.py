"""What pages, commands and the API say of pictures."""

from dataclasses import dataclass

from protocol.product import Product

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture that a product names by hash; `thumbnail` is its small form, empty where its writer made none."""

    hash: str
    thumbnail: str
    alt: str


def picture_views(product: Product) -> tuple[PictureView, ...]:
    """The pictures that a product names by hash, in its order."""
    named = [(image.hash, image.thumbnail, image.alt) for image in product.images if image.hash is not None]
    return tuple(PictureView(hash_.hex(), small.hex() if small else "", alt or "") for hash_, small, alt in named)


@dataclass(frozen=True, slots=True)
class PictureFailureView:
    """A picture that is not here, and why. `name` is the product's title or handle. Of our own `url` is where it should come from, tried
    `tries` times, last `at`, and next at `again` (ms).
    """

    name: str
    code: str
    reason: str
    url: str = ""
    at: int = 0
    tries: int = 0
    again: int = 0


@dataclass(frozen=True, slots=True)
class PicturesView:
    """Pictures of our own and those fetched from others, with their bytes and the `quota` of the latter.

    `waiting` are still to come from peers; while `running`, `done` of `total` addresses were looked at. `failures`: the latest.
    """

    own: int
    own_bytes: int
    kept: int
    kept_bytes: int
    quota: int
    waiting: int
    running: bool
    done: int
    total: int
    failures: tuple[PictureFailureView, ...]
