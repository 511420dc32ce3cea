"""Pictures of our own products: which are named by address only, and how a product comes to name one by hash, in a batch of its own."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from node.errors import ConflictError, NotFound, UserError
from node.model.catalog import FeedRow, Span
from node.model.catalog_batch import Batch
from node.model.media import Named
from node.model.picture_failure import PictureFailure
from protocol.codec import from_bytes, to_bytes
from protocol.errors import ProtocolError
from protocol.operations import Noun, Operation, put
from protocol.product import Image, Product, product_id

from .catalog import require_writer
from .catalog_batches import BatchesUnit, publish_batch
from .catalog_whole import is_whole, require_whole
from .product_merging import found

MOST_PICTURES = 50  # of one product
Place = tuple[str, str]
"""A product's handle, and an address."""


class FailureBook(Protocol):
    """Pictures that did not come, as this service keeps them (node/store/picture_failures.py says what each does)."""

    def keep(self, failures: Iterable[PictureFailure]) -> None: ...  # noqa: D102
    def drop(self, feed: bytes, places: Iterable[Place]) -> None: ...  # noqa: D102
    def all(self, limit: int) -> Sequence[PictureFailure]: ...  # noqa: D102
    def of(self, feed: bytes) -> Sequence[PictureFailure]: ...  # noqa: D102
    def due(self, now: int) -> bool: ...  # noqa: D102
    def hasten(self, url: str) -> int: ...  # noqa: D102


class PicturesUnit(BatchesUnit, Protocol):
    """A unit that knows batches, and which pictures did not come."""

    @property
    def picture_failures(self) -> FailureBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A product of ours with the addresses of pictures that it doesn't name by hash."""

    handle: str
    title: str
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NamedView:
    """The batch (empty: nothing was to change), how many products it changed, and which cannot take their pictures, and why.

    `product` is the id that a single one has now.
    """

    batch: str
    products: int
    product: str
    refused: dict[str, str]


def own_feeds(unit: BatchesUnit) -> list[FeedRow]:
    """The feeds that this node writes. Raises UserError `not-a-merchant`."""
    require_writer(unit)
    require_whole(unit)
    return list(unit.catalog.feeds(own=True))


def unnamed(unit: BatchesUnit, feed: bytes, after: str, limit: int) -> tuple[list[Unnamed], str]:
    """Of the `limit` products after the handle `after`, those with such pictures; and where to go on, empty at the end."""
    rows: list[Unnamed] = []
    for number, entry in enumerate(unit.catalog.slots(feed, Span(low=(Noun.PRODUCT, after)))):
        if entry.noun is not Noun.PRODUCT or entry.record is None:
            break
        if number == limit:
            return rows, after
        after = entry.name
        product = from_bytes(Product, entry.record)
        urls = tuple(image.url for image in product.images if image.url and image.hash is None and not image.url.startswith("/"))
        if urls:
            rows.append(Unnamed(product.handle, product.title, urls))
    return rows, ""


def due_places(unit: PicturesUnit, feed: bytes) -> frozenset[Place]:
    """What is to be tried again by now."""
    return frozenset((item.handle, item.url) for item in unit.picture_failures.of(feed) if item.again <= unit.now)


def is_due(unit: PicturesUnit) -> bool:
    """Whether a picture that did not come is to be tried again by now."""
    return unit.me.role != "seller" and unit.picture_failures.due(unit.now) and is_whole(unit)


def note_tries(unit: PicturesUnit, feed: bytes, failures: Sequence[tuple[Place, str, str]], came: Collection[Place]) -> None:
    """Keep what did not come (its place, code and reason), to be tried again later; let go of what came."""
    unit.picture_failures.drop(feed, came)
    unit.picture_failures.keep(PictureFailure(feed, handle, url, code, reason[:500], unit.now) for (handle, url), code, reason in failures)


def forget_gone(unit: PicturesUnit, feed: bytes, asked: Collection[Place]) -> None:
    """Let go of failures that no product asks for any more."""
    unit.picture_failures.drop(feed, [place for item in unit.picture_failures.of(feed) if (place := (item.handle, item.url)) not in asked])


def list_failures(unit: PicturesUnit, limit: int) -> Sequence[PictureFailure]:
    """The latest that did not come."""
    return unit.picture_failures.all(limit)


def hasten(unit: PicturesUnit, url: str = "") -> int:
    """Have an address tried again now, or all that did not come. Raises ConflictError `nothing-to-do`."""
    require_writer(unit)
    count = unit.picture_failures.hasten(url)
    if not count:
        raise ConflictError("No picture of yours failed to come from there. See them on Pictures.", code="nothing-to-do")
    return count


def name_pictures(unit: BatchesUnit, feed: bytes, made: Mapping[str, Mapping[str, Named]]) -> NamedView:
    """Have products name pictures by hash: handle → address → names. What changed of a product meanwhile stays."""
    row = unit.catalog.feed(feed)
    assert row is not None
    goods: list[tuple[str, list[Operation]]] = []
    refused: dict[str, str] = {}
    for handle, names in made.items():
        held = found(unit.catalog, feed, handle)
        if held is None:
            continue
        images = tuple(_named(image, names) for image in held.product.images)
        try:
            goods.append((handle, _operations(unit, feed, handle, images)))
        except ProtocolError as error:
            refused[handle] = f"The product's record cannot hold its pictures' names: {error}."
    return _published(unit, row, goods, "Pictures fetched", refused)


def add_picture(unit: BatchesUnit, product: bytes, named: Named, alt: str = "") -> NamedView:
    """Put a picture first among those of a product of ours. Raises NotFound, UserError `too-many-pictures`."""
    row, known = _own(unit, product)
    others = tuple(image for image in known.images if image.hash != named.full)
    if len(others) >= MOST_PICTURES:
        raise UserError(f"A product has at most {MOST_PICTURES} pictures. Take one away first.", code="too-many-pictures")
    image = Image(hash=named.full, alt=alt.strip()[:500] or None, thumbnail=named.thumbnail)
    goods = [(known.handle, _operations(unit, row.feed, known.handle, (image, *others)))]
    return _published(unit, row, goods, f"Picture of {known.title}"[:200], {})


def remove_picture(unit: BatchesUnit, product: bytes, picture: bytes) -> NamedView:
    """Take a picture away from a product of ours. Raises NotFound."""
    row, known = _own(unit, product)
    left = tuple(image for image in known.images if image.hash != picture)
    if len(left) == len(known.images):
        raise NotFound("The product has no such picture.")
    goods = [(known.handle, _operations(unit, row.feed, known.handle, left))]
    return _published(unit, row, goods, f"Picture of {known.title} taken away"[:200], {})


def _own(unit: BatchesUnit, product: bytes) -> tuple[FeedRow, Product]:
    require_writer(unit)
    record = unit.catalog.product(product)
    row = unit.catalog.feed(record.feed) if record else None
    if record is None or row is None or not row.own:
        raise NotFound("There is no such product in your own catalog. It may have changed meanwhile: look for its title.")
    return row, record.product


def _named(image: Image, names: Mapping[str, Named]) -> Image:
    known = names.get(image.url or "") if image.hash is None else None
    return image if known is None else replace(image, hash=known.full, thumbnail=known.thumbnail)


def _operations(unit: BatchesUnit, feed: bytes, handle: str, images: tuple[Image, ...]) -> list[Operation]:
    """The product with these pictures, and its offers, which name the product by its record."""
    held = found(unit.catalog, feed, handle)
    assert held is not None
    product = replace(held.product, images=images)
    operation = put(product)
    operation.read()  # it fits into a record, as whoever receives it checks
    name = product_id(to_bytes(product))
    return [operation, *(put(replace(offer, product=name)) for offer in held.offers.values())]


def _published(
    unit: BatchesUnit, row: FeedRow, goods: Sequence[tuple[str, list[Operation]]], name: str, refused: dict[str, str]
) -> NamedView:
    if not goods:
        return NamedView("", 0, "", refused)
    batch = Batch(unit.random(32), row.feed, "pictures", name, unit.now, 0, 0, {"changed": len(goods)})
    done, _ = publish_batch(unit, row.currency, goods, batch)
    record = goods[0][1][0].record
    only = product_id(record).hex() if record is not None and len(goods) == 1 else ""
    return NamedView(done.batch.hex() if done.last >= done.first else "", len(goods), only, refused)
