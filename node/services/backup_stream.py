"""Rows as a stream of bytes, cut into parts, and back. It decides the frames (docs/backup.md); it knows no target and no table.

A frame is its length (4 bytes) and a MessagePack array:

    [0, table, [columns], [key]]   what follows concerns this table
    [1, [values]]                  a row; values in the order of the columns
    [2, slot, sealed]              a row, compressed and sealed under the key in this slot
    [3, [key values]]              the row with this key is gone
    [4, slot, sealed]              the same, sealed
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
import zstandard

from node.errors import IntegrityError
from node.model.backup import PART_BYTES, Batch, Key, Owned, Row

TABLE, ROW, SEALED_ROW, GONE, SEALED_GONE = range(5)
LEVEL = 3
_LENGTH = 4
_MOST_FRAME = 1 << 30
_MOST_ROWS = 2_000
_READY = PART_BYTES * 6 // 7
_Heading = tuple[str, tuple[str, ...], tuple[str, ...]]


class RowSeal(Protocol):
    """Sealing one customer's rows."""

    def seal_row(self, secret: bytes, table: str, plaintext: bytes) -> bytes:
        """`plaintext` under the customer's key, bound to the table."""

    def open_row(self, secret: bytes, table: str, sealed: bytes) -> bytes:
        """What was sealed. Raises IntegrityError."""


def damaged(what: str) -> IntegrityError:
    """What lies at the target is not what was put there."""
    return IntegrityError(
        f"This backup is damaged: {what}. Make a new one, or restore an earlier one or from another target.", code="backup-damaged"
    )


def digest(table: str, values: Row) -> bytes:
    """32 bytes that stand for a row in the state hash."""
    return hashlib.blake2b(msgspec.msgpack.encode([table, values]), digest_size=32).digest()


class Packer:
    """Batches in, parts out. `rows` counts what went in."""

    def __init__(self, seal: RowSeal) -> None:
        self._seal = seal
        self._buffer = bytearray()
        self._table: tuple[Any, ...] = ()
        self._zstd = zstandard.ZstdCompressor(level=LEVEL)
        self.rows = 0

    def add(self, batch: Batch) -> None:
        """Append rows, and then what is gone."""
        if not (batch.rows or batch.gone):
            return
        heading = (batch.table, batch.columns, batch.key)
        if heading != self._table:
            self._frame([TABLE, *heading])
            self._table = heading
        for row in batch.rows:
            self._append(row, batch.table, ROW, SEALED_ROW)
        for row in batch.gone:
            self._append(row, batch.table, GONE, SEALED_GONE)
        self.rows += len(batch.rows) + len(batch.gone)

    def take(self, *, end: bool = False) -> list[bytes]:
        """Parts, compressed, once there is enough for one; at the `end` whatever is there. The next begins with its table's name."""
        if not self._buffer or (len(self._buffer) < _READY and not end):
            return []
        whole = bytes(self._buffer)
        self._buffer.clear()
        self._table = ()
        pieces = -(-len(whole) // PART_BYTES)
        size = -(-len(whole) // pieces)
        return [self._zstd.compress(whole[start : start + size]) for start in range(0, len(whole), size)]

    def _append(self, row: Owned, table: str, plain: int, sealed: int) -> None:
        if row.slot is None or row.secret is None:
            self._frame([plain, row.values])
            return
        packed = self._zstd.compress(msgspec.msgpack.encode(row.values))
        self._frame([sealed, row.slot, self._seal.seal_row(row.secret, table, packed)])

    def _frame(self, content: list[Any]) -> None:
        encoded = msgspec.msgpack.encode(content)
        self._buffer += len(encoded).to_bytes(_LENGTH, "big")
        self._buffer += encoded


@dataclass(frozen=True, slots=True)
class Read:
    """A run of rows of one table, or of keys that are gone. `slots` tells whose each is; `withheld` could not be opened any more."""

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    rows: list[Row]
    gone: list[Key]
    slots: list[int | None]
    withheld: int


class Unpacker:
    """Parts in, rows out, in order. `secrets`: slot → key; a slot that is missing is an erased customer's."""

    def __init__(self, seal: RowSeal, secrets: Mapping[int, bytes], only: Callable[[int | None], bool] = lambda _: True) -> None:
        self._seal = seal
        self._secrets = secrets
        self._only = only
        self._zstd = zstandard.ZstdDecompressor()

    def read(self, parts: Iterable[bytes]) -> Iterator[Read]:
        """The rows behind compressed parts. Raises IntegrityError `backup-damaged`."""
        heading: _Heading | None = None
        run = _Run()
        for kind, content in _frames(parts):
            gone = kind in (GONE, SEALED_GONE)
            if heading is not None and (kind == TABLE or run.full(gone=gone)):
                yield from run.given(heading)
                run = _Run()
            if kind == TABLE:
                table, columns, key = content
                heading = (table, tuple(columns), tuple(key))
                continue
            if heading is None:
                raise damaged("rows stand before their table")
            slot, values = self._open(kind, content, heading[0])
            run.add(slot, values, gone=gone, wanted=self._only(slot))
        if heading is not None:
            yield from run.given(heading)

    def _open(self, kind: int, content: list[Any], table: str) -> tuple[int | None, Row | None]:
        if kind in (ROW, GONE):
            return None, tuple(content[0])
        slot, sealed = content
        secret = self._secrets.get(slot)
        if secret is None or not self._only(slot):
            return slot, None
        packed = _inflated(self._zstd, self._seal.open_row(secret, table, sealed), _MOST_FRAME)
        return slot, tuple(msgspec.msgpack.decode(packed))


class _Run:
    """What has been read since the last run was given out."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._gone: list[Key] = []
        self._slots: list[int | None] = []
        self._withheld = 0

    def full(self, *, gone: bool) -> bool:
        """Whether the run must be given out first: enough, or rows and what is gone would mix (a row may go and come back)."""
        return len(self._slots) >= _MOST_ROWS or bool(self._gone and not gone) or bool(self._rows and gone)

    def add(self, slot: int | None, values: Row | None, *, gone: bool, wanted: bool) -> None:
        """One more; `values` None: it could not be opened."""
        if values is None:
            self._withheld += wanted
        elif wanted:
            (self._gone if gone else self._rows).append(values)
            self._slots.append(slot)

    def given(self, heading: _Heading) -> Iterator[Read]:
        """The run, unless it is empty."""
        if self._slots or self._withheld:
            yield Read(*heading, self._rows, self._gone, self._slots, self._withheld)


def inflated(part: bytes) -> bytes:
    """What a part holds, at most `PART_BYTES`. Raises IntegrityError `backup-damaged`."""
    return _inflated(zstandard.ZstdDecompressor(), part, PART_BYTES)


def _inflated(zstd: zstandard.ZstdDecompressor, data: bytes, most: int) -> bytes:
    try:
        if zstandard.frame_content_size(data) > most:
            raise damaged("a part is larger than it can be")
        return zstd.decompress(data, max_output_size=most)
    except zstandard.ZstdError as error:
        raise damaged("a part can't be unpacked") from error


def _frames(parts: Iterable[bytes]) -> Iterator[tuple[int, list[Any]]]:
    """The frames of a stream; a long one may lie in several parts."""
    rest = b""
    for part in parts:
        data, at = rest + inflated(part), 0
        while (frame := _frame(data, at)) is not None:
            content, at = frame
            yield content[0], content[1:]
        rest = data[at:]
    if rest:
        raise damaged("it ends in the middle of a row")


def _frame(data: bytes, at: int) -> tuple[list[Any], int] | None:
    """The frame that begins at `at` and where the next one does; None when it isn't all here."""
    begin = at + _LENGTH
    if len(data) < begin:
        return None
    length = int.from_bytes(data[at:begin], "big")
    if length > _MOST_FRAME:
        raise damaged("a row is longer than it can be")
    if len(data) < begin + length:
        return None
    try:
        content = msgspec.msgpack.decode(memoryview(data)[begin : begin + length])
        if not (isinstance(content, list) and len(content) in (2, 3, 4) and content[0] in range(SEALED_GONE + 1)):
            raise damaged("a row of no known kind")
    except msgspec.DecodeError as error:
        raise damaged("a row can't be read") from error
    return content, begin + length
