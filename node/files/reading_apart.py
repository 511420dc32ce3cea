"""A large product file is read by a process of its own, while the node keeps and compares what was read (ADR 0080; reader_process.py is
that process). A small one is read here: starting a process takes longer.
"""

import logging
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from threading import Thread
from typing import IO

from node.errors import UserError
from node.model.listing import ProductRow, Skipped

from .decoding import Progress, Source
from .products import OpenProducts, open_products
from .reader_process import CHUNK, Asked, Cells, Done, Failed, Message, Opened, Rows, framed, received

log = logging.getLogger(__name__)
LARGE = 4 << 20
COMMAND = (sys.executable, "-P", "-m", "node.files.reader_process")


@dataclass(slots=True)
class OpenApart:
    """As OpenProducts, of a file that is read elsewhere."""

    name: str
    dialect: str
    currency: str
    header: tuple[str, ...]
    guess: tuple[str, ...]
    messages: Iterator[Message]

    def entries(self, targets: Sequence[str] = ()) -> Iterator[ProductRow | Skipped]:  # noqa: ARG002  an unknown table comes as it stands
        """Each product, and each row that is not sold."""
        for message in self.messages:
            if isinstance(message, Rows):
                self.currency = message.currency
                for product, skipped in message.rows:
                    entry = product or skipped
                    assert entry is not None
                    yield entry

    def originals(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Number and cells of each row of an unknown table."""
        for message in self.messages:
            if isinstance(message, Cells):
                yield from message.rows


@contextmanager
def open_file(
    source: Source, *, name: str, currency: str = "USD", now_ms: int, progress: Progress | None = None
) -> Iterator[OpenProducts | OpenApart]:
    """As `open_products`, and raises the same."""
    head = _head(source)
    process = _started() if len(head) >= LARGE else None
    if process is None:
        with open_products(_Begun(BytesIO(head), source), name=name, currency=currency, now_ms=now_ms, progress=progress) as found:
            yield found
        return
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked = framed(Asked(name, currency, now_ms))
        pouring = _Pouring(asked, head, source, process, process.stdin, progress)
        thread = Thread(target=pouring.run, name="product-file-source")
        thread.start()
        try:
            yield _opened(_messages(name, process.stdout, pouring), name)
        finally:
            process.kill()
            thread.join()


def _started() -> "subprocess.Popen[bytes] | None":
    """The process, out of reach of what a terminal sends to the node; None where there is no room for one."""
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    try:
        return subprocess.Popen(COMMAND, stdin=pipe, stdout=pipe, stderr=nothing, start_new_session=True)
    except OSError as error:
        log.warning("a large product file is read by the node itself: %s", error)
        return None


def _head(source: Source) -> bytes:
    """The first bytes; fewer than LARGE are all there are."""
    pieces, size = [], 0
    while size < LARGE and (piece := source.read(CHUNK)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A file of which the first bytes were read."""

    head: BytesIO
    source: Source

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""
        return self.head.read(size) or self.source.read(size)


@dataclass(slots=True)
class _Pouring:
    """Gives the process the file as it comes. What stops it on this side is raised by who reads."""

    asked: bytes
    head: bytes
    source: Source
    process: "subprocess.Popen[bytes]"
    into: IO[bytes]
    progress: Progress | None
    stopped: BaseException | None = field(default=None, init=False)

    def run(self) -> None:
        """All of it."""
        done, piece = 0, self.head
        try:
            self._give(self.asked)
            while piece and self._give(piece):
                done += len(piece)
                if self.progress:
                    self.progress(done)
                piece = self.source.read(CHUNK)
        except BaseException as error:  # noqa: BLE001  raised again where its rows are read
            self.stopped = error
            self.process.kill()
        finally:
            with suppress(BrokenPipeError):
                self.into.close()

    def _give(self, piece: bytes) -> bool:
        """Whether it takes it: one that doesn't has said why, or is no longer asked."""
        try:
            self.into.write(piece)
        except BrokenPipeError:
            return False
        return True


def _messages(name: str, source: IO[bytes], pouring: _Pouring) -> Iterator[Message]:
    """What the process says. Raises what it failed by, what stopped the file on its way; UserError `file-broken` where it ends unasked."""
    for message in received(source):
        if isinstance(message, Failed) and message.code:
            raise UserError(message.text, code=message.code)
        if isinstance(message, Failed):
            log.error("the reader of a product file failed: %s", message.text)
            break
        if isinstance(message, Done):
            return
        yield message
    if pouring.stopped is not None:
        raise pouring.stopped
    raise UserError(f"Reading “{name}” broke off. Export it again and import that file.", code="file-broken")


def _opened(messages: Iterator[Message], name: str) -> OpenApart:
    found = next(messages)
    assert isinstance(found, Opened)
    return OpenApart(name, found.dialect, found.currency, found.header, found.guess, messages)
