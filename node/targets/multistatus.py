"""A WebDAV server's list of a folder (RFC 4918 multistatus): what is in it and how large. Entities and document types are refused."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit
from xml.parsers import expat

_DAV = "DAV: "
_DEEPEST = 32
_LONGEST = 4096


class NotXml(Exception):
    """The answer is no multistatus."""


@dataclass(slots=True)
class Row:
    """One thing listed. `path` is its path on the server, not quoted, without a slash at the end."""

    path: str = ""
    size: int = 0
    folder: bool = False


@dataclass(slots=True)
class _Reading:
    rows: list[Row] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    text: str = ""
    row: Row = field(default_factory=Row)
    size: str = ""
    folder: bool = False
    fine: bool = True


def rows_of(body: bytes) -> list[Row]:
    """The rows of a multistatus. Raises NotXml."""
    seen = _Reading()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise NotXml("it holds a document type")

    def start(name: str, _: object) -> None:
        if len(seen.open) >= _DEEPEST:
            raise NotXml("it is nested too deeply")
        if not seen.open and name != _DAV + "multistatus":
            raise NotXml("it is no list of a folder")
        seen.open.append(name)
        seen.text = ""
        _begun(seen, name)

    def end(name: str) -> None:
        seen.open.pop()
        _ended(seen, name)

    def text(piece: str) -> None:
        seen.text = (seen.text + piece)[:_LONGEST]

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise NotXml("it is no XML") from error
    return seen.rows


def _begun(seen: _Reading, name: str) -> None:
    match name.removeprefix(_DAV):
        case "response":
            seen.row = Row()
        case "propstat":
            seen.size, seen.folder, seen.fine = "", False, True
        case "collection":
            seen.folder = True


def _ended(seen: _Reading, name: str) -> None:
    told = seen.text.strip()
    match name.removeprefix(_DAV):
        case "href" if seen.open and seen.open[-1] == _DAV + "response":
            seen.row.path = unquote(urlsplit(told).path).rstrip("/")
        case "getcontentlength":
            seen.size = told
        case "status" if seen.open and seen.open[-1] == _DAV + "propstat":
            seen.fine = " 200" in told
        case "propstat" if seen.fine:
            seen.row.folder = seen.row.folder or seen.folder
            if seen.size.isascii() and seen.size.isdigit() and len(seen.size) <= 18:
                seen.row.size = int(seen.size)
        case "response":
            seen.rows.append(seen.row)
    seen.text = ""
