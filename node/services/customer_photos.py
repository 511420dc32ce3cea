"""The picture of a customer: put there, shown, taken away. What is a picture was decided by the reader (node/files/picture.py)."""

from dataclasses import dataclass, replace
from typing import Protocol

from node.errors import NotFound
from node.model.photo import Photo, media_type

from .customers import CustomerBook, CustomersUnit, KeptView, find


class PhotoBook(CustomerBook, Protocol):
    """Customers with their pictures (node/store/customers.py says what each does)."""

    def photo(self, customer: bytes) -> bytes | None: ...  # noqa: D102
    def shown_photo(self, customer: bytes) -> bytes | None: ...  # noqa: D102
    def keep_photo(self, customer: bytes, picture: bytes, shown: bytes | None) -> None: ...  # noqa: D102


class PhotosUnit(CustomersUnit, Protocol):
    """A unit that knows pictures of customers."""

    @property
    def customers(self) -> PhotoBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class PhotoView:
    """A picture as it came; `content` is base64 in JSON."""

    type: str
    content: bytes


def get_photo(unit: PhotosUnit, customer: bytes) -> PhotoView:
    """The picture as it came. Raises NotFound."""
    picture = unit.customers.photo(customer)
    if picture is None:
        raise NotFound("There is no picture of this customer.")
    return PhotoView(media_type(picture), picture)


def shown_photo(unit: PhotosUnit, customer: bytes) -> bytes | None:
    """The small picture (node/model/photo.py names its type); None where it is still to be made from the one that came."""
    return unit.customers.shown_photo(customer)


def keep_photo(unit: PhotosUnit, customer: bytes, photo: Photo) -> KeptView:
    """Put a picture in place of the one there is."""
    found = find(unit, customer)
    person = replace(found.person, photo=photo.original)
    unit.customers.keep(replace(found, person=person, updated=max(unit.now, found.updated + 1), source=None))
    unit.customers.keep_photo(customer, photo.original, photo.shown)
    unit.touched("changes")
    return KeptView(customer.hex())


def keep_shown(unit: PhotosUnit, customer: bytes, original: bytes, shown: bytes) -> None:
    """Keep the small form of a picture that came with a file, unless another came meanwhile. Empty: it is no picture."""
    if unit.customers.photo(customer) == original:
        unit.customers.keep_photo(customer, original, shown)


def remove_photo(unit: PhotosUnit, customer: bytes) -> KeptView:
    """Take the picture away."""
    found = find(unit, customer)
    if found.person.photo is None:
        raise NotFound("There is no picture of this customer.")
    unit.customers.keep(replace(found, person=replace(found.person, photo=None), updated=max(unit.now, found.updated + 1), source=None))
    unit.touched("changes")
    return KeptView(customer.hex())
