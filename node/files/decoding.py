"""Bytes of an outside file → lines of text. It decides the encoding while it reads; it knows no format and keeps no file in memory.

UTF-8 (with or without mark), UTF-16 (with mark, or recognised by its zero bytes) and, where a file is not UTF-8 from the first
letter beyond ASCII on, Windows-1252. Anything else is refused: guessing further would store damaged names.
"""

import codecs
import io
from collections.abc import Callable, Iterator
from typing import Protocol

from node.errors import UserError

CHUNK = 1 << 16
Progress = Callable[[int], None]

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WIDE_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_SAVE_AS = "Save it again as UTF-8 (in Excel: “CSV UTF-8”) and import that file."


class Source(Protocol):
    """What can be read forward once: an open file, an upload."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""
        ...


class _Utf8OrWindows:
    """UTF-8 until the first byte that is none; Windows-1252 from there, unless real UTF-8 letters came before."""

    def __init__(self, name: str, *, marked: bool) -> None:
        self._name = name
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._plain_so_far = not marked
        self._windows = False
        self._held = b""

    def decode(self, data: bytes, *, final: bool) -> str:
        if self._windows:
            return self._decode_windows(data)
        try:
            text = self._utf8.decode(data, final)
        except UnicodeDecodeError:
            whole = self._held + data
            if not self._plain_so_far or not _starts_beyond_utf8(whole):
                raise _bad_encoding(self._name, "it mixes UTF-8 with another encoding") from None
            self._windows = True
            return self._decode_windows(whole)
        self._held = self._utf8.getstate()[0]
        self._plain_so_far = self._plain_so_far and text.isascii()
        return text

    def _decode_windows(self, data: bytes) -> str:
        try:
            return data.decode("cp1252")
        except UnicodeDecodeError:
            raise _bad_encoding(self._name, "it is neither UTF-8, UTF-16 nor Windows-1252") from None


def _starts_beyond_utf8(data: bytes) -> bool:
    """Whether no well-formed UTF-8 letter stands before the first byte that is no UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as problem:
        return data[: problem.start].isascii()
    return data[:-3].isascii()  # only a cut letter at the very end


def unmarked(head: bytes) -> bytes:
    """The beginning of a file without the mark of its encoding."""
    return next((head[len(mark) :] for mark, _ in _MARKS if head.startswith(mark)), head)


def _bad_encoding(name: str, why: str) -> UserError:
    return UserError(f"The letters of “{name}” cannot be read: {why}. {_SAVE_AS}", code="file-encoding")


def _wide_without_mark(head: bytes) -> str | None:
    """UTF-16 of mostly Latin text has a zero in every other byte."""
    sample = head[:4096]
    if len(sample) < 4:
        return None
    half = len(sample) // 2
    if sample[1::2].count(0) > 0.6 * half and sample[::2].count(0) < 0.1 * half:
        return "utf-16-le"
    if sample[::2].count(0) > 0.6 * half and sample[1::2].count(0) < 0.1 * half:
        return "utf-16-be"
    return None


def _pieces(source: Source, name: str, progress: Progress | None) -> Iterator[str]:
    done = 0
    head = source.read(CHUNK)
    while head and len(head) < 4 and (more := source.read(CHUNK)):
        head += more
    if not head.strip():
        raise UserError(f"“{name}” is empty. Export it again and import that file.", code="file-empty")
    if head.startswith(_WIDE_MARKS):
        raise _bad_encoding(name, "it is UTF-32")
    mark, encoding = next(((m, e) for m, e in _MARKS if head.startswith(m)), (b"", _wide_without_mark(head)))
    wide = codecs.getincrementaldecoder(encoding)() if encoding and encoding != "utf-8" else None
    narrow = _Utf8OrWindows(name, marked=bool(mark))
    data = head[len(mark) :]
    while True:
        final = not data and done > 0
        try:
            text = wide.decode(data, final) if wide else narrow.decode(data, final=final)
        except UnicodeDecodeError:
            raise _bad_encoding(name, "it starts as UTF-16 but breaks off or changes") from None
        if "\0" in text:
            raise _bad_encoding(name, "it has zero bytes, so it is damaged or no text at all")
        yield text
        if final:
            return
        done += len(data) or 1
        if progress:
            progress(done)
        data = source.read(CHUNK)


def read_lines(source: Source, name: str, *, longest: int, progress: Progress | None = None) -> Iterator[str]:
    """Lines of `source` with every line end as one line feed; `progress` gets the bytes read so far and may raise to cancel.

    Raises UserError `file-empty`, `file-encoding`, and `file-limit` for a line of more than `longest` characters.
    """
    ends = io.IncrementalNewlineDecoder(None, translate=True)
    rest: list[str] = []
    held = 0
    for piece in _pieces(source, name, progress):
        first, *others = ends.decode(piece).split("\n")
        rest.append(first)
        held += len(first)
        if others:
            yield "".join(rest) + "\n"
            for line in others[:-1]:
                yield line + "\n"
            rest, held = [others[-1]], len(others[-1])
        if held > longest:
            message = f"“{name}” has a line of more than {longest:,} characters, so it is not the table or the cards it says."
            raise UserError(f"{message} Export it again.", code="file-limit")
    last = "".join(rest) + ends.decode("", final=True)
    if last:
        yield last


class Peeked:
    """A source whose first bytes were looked at and are read again."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.head = source.read(CHUNK)
        self._rest = self.head

    def read(self, size: int = CHUNK) -> bytes:
        """Up to `size` bytes."""
        if self._rest:
            given, self._rest = self._rest[:size], self._rest[size:]
            return given
        return self._source.read(size)


def read_byte_lines(source: Peeked, name: str, *, longest: int, progress: Progress | None = None) -> Iterator[bytes]:
    """Lines of `source` without their ends, as bytes: a card says for each property how its letters are written.

    UTF-16 is turned into UTF-8 first. A longer line than `longest` comes cut to one byte more.
    Raises UserError `file-encoding`.
    """
    marked = source.head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if marked or _wide_without_mark(source.head):
        for text in read_lines(source, name, longest=longest, progress=progress):
            yield text.rstrip("\n").encode("utf-8", "replace")
        return
    held: list[bytes] = []
    size = done = 0
    tail = b""
    while data := source.read(CHUNK):
        if b"\0" in data:
            raise _bad_encoding(name, "it has zero bytes, so it is damaged or no text at all")
        done += len(data)
        data, tail = _with_one_line_end(tail + data)
        first, *others = data.split(b"\n")
        if size <= longest:  # what comes beyond is read and not kept
            held.append(first)
        size += len(first)
        if others:
            yield _whole(held, size, longest)
            yield from (line.removeprefix(codecs.BOM_UTF8) for line in others[:-1]) if codecs.BOM_UTF8 in data else others[:-1]
            held, size = [others[-1]], len(others[-1])
        if progress:
            progress(done)
    yield _whole(held, size, longest)


def _with_one_line_end(data: bytes) -> tuple[bytes, bytes]:
    """`data` with every line end as one line feed, and what may be half of one at its end."""
    whole = data.rstrip(b"\r")
    tail = data[len(whole) :]
    if b"\r" in whole:
        whole = whole.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return whole, tail


def _whole(held: list[bytes], size: int, longest: int) -> bytes:
    """A line; of one that is too long so much that it is seen to be."""
    line = b"".join(held)
    return (line if size <= longest else line[: longest + 1]).removeprefix(codecs.BOM_UTF8)
