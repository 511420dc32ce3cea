"""Rows of a feed's state on the wire: `[seq, noun, name, record]`, many in one CBOR list, in one bounded zstd frame.

It decides their form and bounds. It reads no record: whoever uses one checks it, and what proves the rows (a page's state hash, a pack's
name in a signed manifest) is the caller's (docs/protocol/17-catalog-sync.md). Read by hand rather than by the general decoder: nothing
but this one form is ever built from hostile bytes, at about the cost of building it.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import cbor2
import zstandard

from .encoding import encode
from .errors import LocalError, Malformed
from .operations import MAX_RECORD_BYTES, Noun

MAX_ROWS_BYTES = 900_000  # before compression, so that rows that do not shrink still fit a frame
MAX_PRESSED_BYTES = 910_000
MAX_ROWS = 65_535
MAX_NAME_BYTES = 1024
LIST_HEAD_BYTES = 3
_LEVEL = 3
_UINT, _BYTES, _TEXT, _LIST = 0x00, 0x40, 0x60, 0x80
_NOUNS = {encode(noun.value): noun for noun in Noun}


class Row(NamedTuple):
    """One entry: `record` is what is in the slot (noun, name) since entry `seq`, None when it was removed there."""

    seq: int
    noun: Noun
    name: str
    record: bytes | None


def read_rows(data: bytes) -> Iterator[Row]:
    """The rows in a list, one by one. Raises Malformed, also when some were read already: use none before all are there."""
    if len(data) > MAX_ROWS_BYTES:
        raise Malformed(f"{len(data)} bytes of rows where at most {MAX_ROWS_BYTES} are allowed", code="too-large")
    count, at = _length(data, 0, _LIST)
    if count > MAX_ROWS:
        raise Malformed(f"{count} rows where at most {MAX_ROWS} are allowed", code="too-large")
    for _ in range(count):
        row, at = _row(data, at)
        yield row
    if at != len(data):
        raise Malformed("bytes follow the rows")


def _row(data: bytes, at: int) -> tuple[Row, int]:
    if data[at : at + 1] != b"\x84":
        raise Malformed("a row is a list of four")
    seq, at = _length(data, at + 1, _UINT)
    end = at + 1 + (data[at] & 31 if at < len(data) else 0)
    noun = _NOUNS.get(data[at:end])
    if noun is None:
        raise Malformed("a row of no noun that is known here")
    size, at = _length(data, end, _TEXT)
    if size > MAX_NAME_BYTES:
        raise Malformed("a name is too long", code="too-large")
    try:
        name = data[at : at + size].decode()
    except UnicodeDecodeError as error:
        raise Malformed("a name is not UTF-8") from error
    at += size
    if data[at : at + 1] == b"\xf6":
        return Row(seq, noun, name, None), at + 1
    size, at = _length(data, at, _BYTES)
    if size > MAX_RECORD_BYTES:
        raise Malformed("a record is too long", code="too-large")
    end = at + size
    if end > len(data):
        raise Malformed("the rows end too early")
    return Row(seq, noun, name, data[at:end]), end


def _length(data: bytes, at: int, major: int) -> tuple[int, int]:
    """The shortest-form head of type `major` at `at`: its number and where it ends."""
    try:
        low = data[at] - major
        if 0 <= low < 24:
            return low, at + 1
        if not 24 <= low <= 27:
            raise Malformed("a row holds something of another type")
        width = 1 << (low - 24)
        number = int.from_bytes(data[at + 1 : at + 1 + width])
        if at + 1 + width > len(data):
            raise IndexError
    except IndexError:
        raise Malformed("the rows end too early") from None
    if number < (24 if width == 1 else 1 << (4 * width)):
        raise Malformed("a head is not in its shortest form", code="not-canonical")
    return number, at + 1 + width


# --- compressed


def press(data: bytes) -> bytes:
    """One zstd frame that states its size."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(data)


def unpress(data: bytes, *, most: int = MAX_ROWS_BYTES) -> bytes:
    """What is in the frame, at most `most` bytes, known before any is made. Raises Malformed `malformed`, `too-large`."""
    if len(data) > MAX_PRESSED_BYTES:
        raise Malformed(f"{len(data)} compressed bytes where at most {MAX_PRESSED_BYTES} are allowed", code="too-large")
    try:
        stated = zstandard.get_frame_parameters(data)
        if stated.content_size > most:  # also what states none: 2^64 - 1
            raise Malformed(f"rows that unpack to more than {most} bytes", code="too-large")
        made: bytes = zstandard.ZstdDecompressor().decompress(data, max_output_size=most, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise Malformed(f"not a zstd frame: {error}") from error
    return made


class Press:
    """Gathers rows up to what fits a frame, of which something else may take `taken` bytes."""

    def __init__(self, taken: int = 0) -> None:
        self._parts: list[bytes] = []
        self._room = MAX_ROWS_BYTES - taken
        self.size = LIST_HEAD_BYTES

    def __len__(self) -> int:
        return len(self._parts)

    def add(self, row: Row) -> bool:
        """Take the row, unless it no longer fits. Any row fits an empty one."""
        part = cbor2.dumps((row.seq, row.noun.value, row.name, row.record))
        if self.size + len(part) > self._room or len(self._parts) == MAX_ROWS:
            return False
        self._parts.append(part)
        self.size += len(part)
        return True

    def close(self) -> bytes:
        """The rows taken, as one frame."""
        return press(_head(len(self._parts)) + b"".join(self._parts))


def pressed(rows: Iterable[Row]) -> bytes:
    """`rows`, which must fit, as one frame."""
    made = Press()
    for row in rows:
        if not made.add(row):
            raise LocalError("more rows than fit a frame", code="too-large")
    return made.close()


def _head(count: int) -> bytes:
    if count < 24:
        return bytes([_LIST | count])
    return bytes([_LIST | 24, count]) if count < 256 else bytes([_LIST | 25]) + count.to_bytes(2)
