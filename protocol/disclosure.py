"""Delivery data: the fields of a person that can be disclosed, and a salted commitment to them that each field opens on its own.

An order carries the 32-byte commitment and nothing of the person. One salt makes a salt per field, so an answer about two fields proves
them without the others. Once the salt is erased the commitment says nothing (docs/protocol/08-grant.md).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .codec import key
from .errors import BadSignature, Malformed
from .ids import commitment, digest

SALT_BYTES = 32
LONGEST_VALUE = 500


class Field(StrEnum):
    """What can be asked for. The order here is the order in the commitment; a new field goes to the end and to a new version."""

    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    STREET = "street"
    POSTCODE = "postcode"
    CITY = "city"
    REGION = "region"
    COUNTRY = "country"


@dataclass(frozen=True, slots=True)
class Disclosed:
    """One field, opened."""

    field: Field = key(0)
    value: str = key(2, longest=LONGEST_VALUE)
    salt: bytes = key(4, size=SALT_BYTES)


@dataclass(frozen=True, slots=True)
class Hidden:
    """One field, closed."""

    field: Field = key(0)
    commitment: bytes = key(2, size=32)


def commit_delivery(salt: bytes, values: Mapping[Field, str]) -> bytes:
    """The commitment for an order: over every field of the enumeration, a missing one as the empty text."""
    return _join({field: _one(field, _salt(salt, field), values.get(field, "")) for field in Field})


def disclose(salt: bytes, values: Mapping[Field, str], fields: Iterable[Field]) -> tuple[tuple[Disclosed, ...], tuple[Hidden, ...]]:
    """`fields` opened, all others closed; both in the order of the enumeration."""
    wanted = set(fields)
    opened = tuple(Disclosed(field, values.get(field, ""), _salt(salt, field)) for field in Field if field in wanted)
    closed = tuple(Hidden(field, _one(field, _salt(salt, field), values.get(field, ""))) for field in Field if field not in wanted)
    return opened, closed


def check_disclosed(opened: Iterable[Disclosed], closed: Iterable[Hidden], order_commitment: bytes) -> dict[Field, str]:
    """The values, once they are those the order committed to. Raises Malformed, or BadSignature `wrong-commitment`."""
    opened, closed = tuple(opened), tuple(closed)
    parts = {item.field: _one(item.field, item.salt, item.value) for item in opened} | {item.field: item.commitment for item in closed}
    if len(parts) != len(Field) or len(opened) + len(closed) != len(Field):
        raise Malformed("an answer names each field once, open or closed")
    if _join(parts) != order_commitment:
        raise BadSignature("these are not the data the order committed to", code="wrong-commitment")
    return {item.field: item.value for item in opened}


def _salt(salt: bytes, field: Field) -> bytes:
    if len(salt) != SALT_BYTES:
        raise Malformed(f"a salt has {SALT_BYTES} bytes")
    return digest("field-salt", salt, field.value.encode())


def _one(field: Field, salt: bytes, value: str) -> bytes:
    return commitment(f"field/{field.value}", salt, value.encode())


def _join(parts: Mapping[Field, bytes]) -> bytes:
    return digest("delivery", *(parts[field] for field in Field))
