"""Content lines of a vCard (RFC 6350 section 3.3, RFC 2426, vCard 2.1): folds, parameters, encodings; no property's meaning."""

import binascii
import codecs
import quopri
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

_PROPERTY = re.compile(rb"(?:[A-Za-z0-9-]+\.)?[A-Za-z][A-Za-z0-9-]*[;:]")
_WHOLE = re.compile(_PROPERTY.pattern + rb"(?:.*[^=\s])?\Z", re.DOTALL)  # begins a property and does not end softly
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]+={0,2}\s*\Z")
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_ENCODINGS = frozenset(("QUOTED-PRINTABLE", "BASE64", "B", "8BIT", "7BIT"))
_CHARSETS = re.compile(
    r"(utf-8|utf-16(-[lb]e)?|ascii|iso8859-\d+|cp\d+|koi8-[rut]|shift_jis\w*|euc_\w+|iso2022_\w+|gb\w+|big5\w*|mac-\w+|tis-620)\Z"
)
_LONGEST_SHARED = 200
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_OLD_ESCAPE = re.compile(r"\\([;,])")
_LIST = re.compile(r"(?<!\\)((?:\\\\)*),")
_COMPONENTS = re.compile(r"(?<!\\)((?:\\\\)*);")


@dataclass(slots=True)
class Property:
    """One content line. `value` is text still escaped (see `text`, `components`); `types` are lower case."""

    name: str
    group: str
    parameters: Mapping[str, str]
    types: tuple[str, ...]
    value: str
    head: str
    old: bool
    damaged: bool

    @property
    def is_base64(self) -> bool:
        """Whether the value is binary in base64."""
        return self.parameters.get("ENCODING", "").upper() in {"B", "BASE64"}


def begins_property(line: bytes) -> bool:
    """Whether a line is none that goes on with the one before."""
    return line[:1] not in {b" ", b"\t"} and _PROPERTY.match(line) is not None


def unfold(lines: Iterable[bytes], *, old: bool) -> Iterator[bytes]:
    """Whole content lines from the lines of one card. `old`: version 2.1, which keeps the space at a fold and breaks softly with `=`."""
    given = tuple(lines)
    if all(map(_WHOLE.match, given)):
        return iter(given)
    return _unfolded(given, old=old)


def _unfolded(lines: Iterable[bytes], *, old: bool) -> Iterator[bytes]:
    held: list[bytes] = []
    soft = quoted = base64 = False
    for line in lines:
        if soft and not line.upper().startswith(b"END:VCARD"):
            held.append(line)
        elif line[:1] in {b" ", b"\t"} and held:
            held.append(line if old and not base64 else line[1:])
        elif not line.strip():
            continue
        elif held and not _PROPERTY.match(line):
            held.append(line if base64 and _BASE64_LINE.match(line) else (b"\n" if old else b"\\n") + line)
        else:
            if held:
                yield b"".join(held)
            held = [line]
            quoted = base64 = False
            end = line.find(b":")
            if line.find(b";", 0, end) > 0:
                head = line[:end].upper()
                quoted = b"QUOTED-PRINTABLE" in head
                base64 = b"BASE64" in head or b"ENCODING=B" in head
        soft = quoted and held[-1].rstrip().endswith(b"=")
        if soft:
            held[-1] = held[-1].rstrip()[:-1]
    if held:
        yield b"".join(held)


def parse(line: bytes, *, old: bool) -> Property | None:
    """The property in an unfolded line, or None where it is none."""
    start, colon, value = line.partition(b":")
    if not colon:
        return None
    if b'"' in start:
        end = _value_start(line)
        start, value = line[:end], line[end + 1 :]
    name, group, parameters, types, head, damaged = (_head if len(start) <= _LONGEST_SHARED else _head.__wrapped__)(start)
    charset = ""
    if parameters:
        charset = parameters.get("CHARSET", "")
        if parameters.get("ENCODING", "").upper() == "QUOTED-PRINTABLE":
            value = quopri.decodestring(value.replace(b"=3B", rb"\;").replace(b"=3b", rb"\;"))
    text, broken = (value.decode(), False) if value.isascii() and not charset else _decode(value, charset)
    return Property(name, group, parameters, types, text.replace("\r\n", "\n"), head, old, damaged or broken)


@lru_cache(maxsize=2048)
def _head(line: bytes) -> tuple[str, str, Mapping[str, str], tuple[str, ...], str, bool]:
    """What stands before the value: cards of one program begin their lines alike."""
    head, damaged = _decode(line, "")
    name, *given = _outside_quotes(head, ";")
    group, _, name = name.rpartition(".")
    parameters, types = _parameters(given)
    return name.strip().upper(), group, MappingProxyType(parameters), types, head, damaged


def _value_start(line: bytes) -> int:
    """Where the colon is that is in no quotes; the first one where they have no end."""
    quoted = False
    for place, byte in enumerate(line[:20_000]):
        if byte == 0x22:
            quoted = not quoted
        elif byte == 0x3A and not quoted:
            return place
    return line.find(b":")


def _outside_quotes(text: str, separator: str) -> list[str]:
    if '"' not in text:
        return text.split(separator)
    parts, quoted, start = [], False, 0
    for place, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        elif letter == separator and not quoted:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def _parameters(given: list[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    found: dict[str, str] = {}
    types: list[str] = []
    for part in given:
        key, equals, value = part.partition("=")
        key = key.strip().upper()
        value = value.strip().replace("^n", "\n").replace("^'", '"').replace("^^", "^")
        if not equals:
            if key in _ENCODINGS:
                found["ENCODING"] = key
            else:
                types.append(key.lower())
        elif key == "TYPE":
            types += [kind.strip().lower() for kind in value.replace('"', "").split(",")]
        else:
            found.setdefault(key, value.strip('"'))
    return found, tuple(dict.fromkeys(kind for kind in types if kind))


def _decode(data: bytes, charset: str) -> tuple[str, bool]:
    """Text, and whether letters had to be replaced. Without a usable charset: UTF-8, else Windows-1252."""
    for name in (_codec(charset), "utf-8", "cp1252") if charset else ("utf-8", "cp1252"):
        if name is None:
            continue
        try:
            return data.decode(name), False
        except (UnicodeDecodeError, UnicodeError):
            if charset and name != "cp1252":
                return data.decode(name, "replace"), True
    return data.decode("utf-8", "replace"), True


def _codec(charset: str) -> str | None:
    try:
        name = codecs.lookup(charset.strip('"')[:40]).name
    except (LookupError, ValueError, UnicodeError):
        return None
    return name if _CHARSETS.match(name) else None


def text(prop: Property, value: str | None = None) -> str:
    """The value (or a component of it) without its escapes."""
    source = prop.value if value is None else value
    if "\\" not in source:
        return source.strip()
    pattern = _OLD_ESCAPE if prop.old else _ESCAPE
    return pattern.sub(lambda match: "\n" if match[1] in "nN" else match[1], source).strip()


def components(prop: Property) -> list[str]:
    """The parts of a structured value, still escaped."""
    return _split(_COMPONENTS, prop.value, ";")


def listed(value: str) -> list[str]:
    """The parts of a list, still escaped."""
    return _split(_LIST, value, ",")


def _split(pattern: re.Pattern[str], value: str, separator: str) -> list[str]:
    if "\\" not in value:
        return value.split(separator)
    pieces = pattern.split(value)  # text, backslashes before the separator, text, …
    return [a + b for a, b in zip(pieces[::2], [*pieces[1::2], ""], strict=True)]


def binary(value: str) -> bytes | None:
    """Base64 as programs write it: spaces inside, padding forgotten, a letter too many. None where nothing is left."""
    letters = _NO_BASE64.sub("", value)
    letters = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
    try:
        return binascii.a2b_base64(letters + "=" * (-len(letters) % 4)) or None
    except binascii.Error:
        return None
