"""The exact record that our own cards may carry beside the lines other programs read, and which lines it belongs to.

Whoever changes a line of the card makes the record stale: the digest is no longer that of the lines, and they speak instead.
"""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import replace

import msgspec

from node.model.person import Contact

from .content_lines import unfold

PROPERTY = "X-GEMSTRA-EXACT"
_HEAD = PROPERTY.encode() + b";DIGEST="
_LONGEST = 16 << 20
_FRAME = (b"BEGIN:VCARD", b"END:VCARD")


def exact_line(lines: Iterable[bytes], person: Contact) -> str:
    """The content line, unfolded, that goes with the other `lines` of a card. The picture has its own line."""
    record = base64.b64encode(zlib.compress(msgspec.json.encode(replace(person, row=0, photo=None)))).decode()
    return f"{PROPERTY};DIGEST={_digest(unfold(lines, old=False))}:{record}"


def exact_person(lines: Iterable[bytes]) -> Contact | None:
    """The record in a card's lines, without its picture; None where there is none, or the lines were changed since."""
    card = tuple(lines)
    if not any(_HEAD.startswith(line[: len(_HEAD)]) for line in card):
        return None  # no line is its head or, where it was folded within that, the beginning of it
    whole = list(unfold(card, old=False))
    found = next((line for line in whole if line.startswith(_HEAD)), None)
    if found is None:
        return None
    given, _, record = found.removeprefix(_HEAD).partition(b":")
    if given.decode("ascii", "replace") != _digest(line for line in whole if line is not found):
        return None
    try:
        unpacked = zlib.decompressobj().decompress(base64.b64decode(record), _LONGEST)
        return msgspec.json.decode(unpacked, type=Contact)
    except (binascii.Error, zlib.error, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _digest(lines: Iterable[bytes]) -> str:
    kept = [line for line in lines if line.strip().upper() not in _FRAME]
    return hashlib.sha256(b"\n".join(kept)).hexdigest()[:32]
