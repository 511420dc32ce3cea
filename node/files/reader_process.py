"""The process that reads a large product file: `python -m node.files.reader_process`. What is asked comes by the standard input, and then
the file; what was read goes by the standard output, some rows at a time. Both are frames of msgpack, but for the file.
"""

import gc
import signal
import sys
from collections.abc import Iterator
from itertools import islice
from typing import IO, TypeVar

import msgspec

from node.errors import UserError
from node.model.listing import ProductRow, Skipped

from .products import OpenProducts, open_products

T = TypeVar("T")
CHUNK = 1 << 16
AT_ONCE = 512
_LENGTH = 4


class Asked(msgspec.Struct, frozen=True):
    """The file's name, the currency of its prices where it names none, and which time it is."""

    name: str
    currency: str
    now_ms: int


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """What kind of file it is."""

    dialect: str
    currency: str
    header: tuple[str, ...]
    guess: tuple[str, ...]


class Rows(msgspec.Struct, frozen=True, tag="rows"):
    """Products, or rows that are not sold: one of each pair. `currency`: of the prices so far."""

    rows: list[tuple[ProductRow | None, Skipped | None]]
    currency: str


class Cells(msgspec.Struct, frozen=True, tag="cells"):
    """Rows of an unknown table."""

    rows: list[tuple[int, tuple[str, ...]]]


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """What is wrong with the file; without a `code`, with the program."""

    code: str
    text: str


class Done(msgspec.Struct, frozen=True, tag="done"):
    """All of it was read."""


Message = Opened | Rows | Cells | Failed | Done


def received(source: IO[bytes]) -> Iterator[Message]:
    """What a process says, to its end or where it breaks off."""
    decode = msgspec.msgpack.Decoder(Message).decode
    while (raw := _frame(source)) is not None:
        yield decode(raw)


def _frame(source: IO[bytes]) -> bytes | None:
    """The next one, if it is there whole."""
    head = source.read(_LENGTH)
    raw = source.read(int.from_bytes(head)) if len(head) == _LENGTH else b""
    return raw if raw and len(raw) == int.from_bytes(head) else None


def framed(message: Message | Asked) -> bytes:
    """As it is sent."""
    raw = msgspec.msgpack.encode(message)
    return len(raw).to_bytes(_LENGTH) + raw


def _said(found: OpenProducts) -> Iterator[Message]:
    yield Opened(found.dialect, found.currency, found.header, found.guess)
    if found.header:
        for cells in _pieces(found.originals()):
            yield Cells(cells)
        return
    for entries in _pieces(found.entries()):
        yield Rows([_either(entry) for entry in entries], found.currency)


def _either(entry: ProductRow | Skipped) -> tuple[ProductRow | None, Skipped | None]:
    return (entry, None) if isinstance(entry, ProductRow) else (None, entry)


def _pieces(found: Iterator[T]) -> Iterator[list[T]]:
    while piece := list(islice(found, AT_ONCE)):
        yield piece


def _say(message: Message) -> None:
    sys.stdout.buffer.write(framed(message))
    sys.stdout.buffer.flush()


def _main() -> None:
    gc.disable()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # who stops a service sends it to all its processes: the node ends this one
    raw = _frame(sys.stdin.buffer)
    if raw is None:
        return
    asked = msgspec.msgpack.decode(raw, type=Asked)
    try:
        with open_products(sys.stdin.buffer, name=asked.name, currency=asked.currency, now_ms=asked.now_ms) as found:
            for message in _said(found):
                _say(message)
        _say(Done())
    except UserError as error:
        _say(Failed(error.code, str(error)))
    except BrokenPipeError:
        return  # nobody wants it any more
    except Exception as error:  # noqa: BLE001  told to the node, which logs it: what it is, not what stands in the file
        _say(Failed("", type(error).__name__))


if __name__ == "__main__":
    _main()
