"""Google's product feed as XML: RSS 2.0 (`item`) or Atom (`entry`). A document type, and with it every entity of its own, is refused.

Read in pieces; an item is dropped once it was given on. Depth, lengths and counts are bounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from node.errors import UserError
from node.model.listing import ProductRow, Skipped

from . import google_names, items
from .decoding import CHUNK, Progress, Source
from .prices import Prices
from .table import MAX_ROWS

DIALECT = "google-xml"
_GOOGLE = "http://base.google.com/ns/1.0"
_ROOTS = frozenset(("rss", "feed", "rdf"))
_OTHERS = {
    "urlset": "a sitemap", "sitemapindex": "a list of sitemaps", "html": "a web page", "svg": "a picture", "opml": "a list of feeds",
    "bmecat": "a BMEcat catalog", "yml_catalog": "a Yandex catalog", "wordprocessing": "a Word document", "workbook": "an Excel workbook",
}  # fmt: skip
_DEEPEST = 32
_LONGEST = 100_000
_MOST_VALUES = 400
_MOST_BEHIND = 1 << 20  # bytes of one tag or comment that the parser has to hold
_DOCTYPE = "It has a document type, which could make a small file huge or read other files: such files are refused. Export a plain feed."


@dataclass(slots=True)
class _Reading:
    name: str
    open: list[str] = field(default_factory=list)
    values: dict[str, list[str]] = field(default_factory=dict)
    plain: dict[str, list[str]] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    length: int = 0
    inside: int = 0
    """Depth of the item that is open, 0 outside of one."""
    count: int = 0
    held: int = 0
    ready: list[items.Item] = field(default_factory=list)


def read(source: Source, name: str, prices: Prices, now_ms: int, progress: Progress | None = None) -> Iterator[ProductRow | Skipped]:
    """Products and skipped items, counted from 1. Raises UserError `file-dialect`, `file-broken`, `file-limit`, `file-unsafe`."""
    return items.read(_items(source, name, progress), prices, now_ms, "g:item_group_id")


def _items(source: Source, name: str, progress: Progress | None) -> Iterator[items.Item]:
    reading = _Reading(name)
    parser = _parser(reading)
    done = 0
    try:
        while piece := source.read(CHUNK):
            parser.Parse(piece, False)
            done += len(piece)
            if done - parser.CurrentByteIndex > _MOST_BEHIND + CHUNK:
                raise UserError(f"“{name}” has a tag or comment of more than 1 MB. Export it again.", code="file-limit")
            if progress:
                progress(done)
            yield from reading.ready
            reading.ready.clear()
        parser.Parse(b"", True)
    except expat.ExpatError as problem:
        text = f"“{name}” is no whole XML: {expat.ErrorString(problem.code)} in line {problem.lineno}. Export it again."
        raise UserError(text, code="file-broken") from None
    except (LookupError, ValueError):  # the declared encoding is none that Python knows, or one of several bytes a letter
        raise UserError(f"The letters of “{name}” are in an encoding we do not read. Export it in UTF-8.", code="file-encoding") from None
    yield from reading.ready


def _parser(reading: _Reading) -> expat.XMLParserType:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise UserError(f"“{reading.name}” is not read. {_DOCTYPE}", code="file-unsafe")

    def text(piece: str) -> None:
        if reading.inside and reading.length < _LONGEST:
            reading.text.append(piece)
            reading.length += len(piece)

    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.StartElementHandler = lambda name, _attributes: _start(reading, name)
    parser.EndElementHandler = lambda name: _end(reading, name)
    parser.CharacterDataHandler = text
    return parser


def _start(reading: _Reading, name: str) -> None:
    local = name.rpartition(" ")[2].casefold()
    if not reading.open and local not in _ROOTS:
        what = _OTHERS.get(local, f"XML that begins with “{local[:40]}”")
        text = f"“{reading.name}” looks like {what}, not like a product feed (RSS or Atom). Export the feed for Google Merchant."
        raise UserError(text, code="file-dialect")
    if len(reading.open) >= _DEEPEST:
        raise UserError(f"“{reading.name}” is nested more than {_DEEPEST} deep, so it is no product feed.", code="file-limit")
    reading.open.append(name)
    reading.text, reading.length = [], 0
    if not reading.inside and local in {"item", "entry"}:
        reading.inside, reading.values, reading.plain, reading.held = len(reading.open), {}, {}, 0


def _end(reading: _Reading, name: str) -> None:
    depth = len(reading.open)
    reading.open.pop()
    space, _, local = name.rpartition(" ")
    if reading.inside and depth == reading.inside + 1 and reading.held < _MOST_VALUES:
        found = reading.values if space == _GOOGLE else reading.plain
        found.setdefault(google_names.name_of(local), []).append("".join(reading.text)[:_LONGEST].strip())
        reading.held += 1
    elif depth == reading.inside:
        reading.inside = 0
        reading.count += 1
        if reading.count > MAX_ROWS:
            raise UserError(f"“{reading.name}” has more than {MAX_ROWS:,} items. Split it into several files.", code="file-limit")
        whole = {**reading.plain, **reading.values}
        values = {key: told[0] for key, told in whole.items() if told and told[0]}
        values.setdefault("description", values.get("summary", "") or values.get("content", ""))
        reading.ready.append(google_names.item(reading.count, values, google_names.pictures_of(whole)))
    reading.text, reading.length = [], 0
