"""Find planted plaintext in bytes that must hold none: the proof that nothing leaks into files. It opens files, changes none."""

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MIN_LENGTH = 8
_PIECE = 4 << 20


@dataclass(frozen=True, slots=True)
class Hit:
    """`needle` was found as `form` at `offset` of `where`."""

    where: str
    needle: str
    form: str
    offset: int


def needles(values: Iterable[str]) -> list[str]:
    """The values worth searching, 8 or more characters or digits; telephone numbers also as digits alone."""
    found: dict[str, None] = {}
    for value in values:
        text = value.strip()
        if len(text) >= MIN_LENGTH:
            found[text] = None
        digits = re.sub(r"\D", "", text)
        if len(digits) >= MIN_LENGTH and not re.search(r"[^\d\s()+./-]", text):
            found[digits] = None
    return list(found)


def scan(where: str, data: bytes, values: Iterable[str]) -> list[Hit]:
    """Every form of every value found in `data`, at its first place: UTF-8, UTF-16, Latin-1, hex and base64, any letter case."""
    return _search(where, data, _patterns(values), 0)


def scan_files(paths: Iterable[Path], values: Iterable[str]) -> list[Hit]:
    """`scan` over files, read in pieces; folders are walked, links not followed."""
    patterns = _patterns(values)
    overlap = max((len(pattern) for _, _, pattern, _ in patterns), default=1) - 1
    hits: dict[tuple[str, str, str], Hit] = {}
    for path in _files(paths):
        with path.open("rb") as file:
            tail, offset = b"", 0
            while piece := file.read(_PIECE):
                data = tail + piece
                for hit in _search(str(path), data, patterns, offset - len(tail)):
                    hits.setdefault((hit.where, hit.needle, hit.form), hit)
                offset += len(piece)
                tail = data[-overlap:] if overlap else b""
    return list(hits.values())


_Pattern = tuple[str, str, bytes, bool]  # needle, form, bytes, whether letter case is ignored


def _patterns(values: Iterable[str]) -> list[_Pattern]:
    found: dict[bytes, _Pattern] = {}
    for needle in needles(values):
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
            try:
                raw, lower = needle.encode(encoding), needle.lower().encode(encoding)
            except UnicodeEncodeError:
                continue
            forms: list[_Pattern] = [(needle, encoding, raw, False)]
            forms += [(needle, encoding, variant.lower(), True) for variant in (raw, lower)]
            forms += [(needle, f"hex of {encoding}", variant.hex().encode(), True) for variant in (raw, lower)]
            forms += [(needle, f"base64 of {encoding}", text, False) for text in (*_base64(raw), *_base64(lower))]
            for form in forms:
                found.setdefault(form[2] + bytes([form[3]]), form)
    return list(found.values())


def _base64(raw: bytes) -> Iterator[bytes]:
    """The inner characters of `raw` in base64 at its three alignments, in both alphabets."""
    for shift in range(3):
        padded = bytes(shift) + raw
        whole = len(padded) * 8 // 6  # characters decided by our bytes alone
        skipped = -(-shift * 8 // 6)
        for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
            yield encode(padded)[skipped:whole]


def _search(where: str, data: bytes, patterns: list[_Pattern], start: int) -> list[Hit]:
    folded = data.lower()
    hits: dict[tuple[str, str], Hit] = {}
    for needle, form, pattern, ignore_case in patterns:
        at = (folded if ignore_case else data).find(pattern)
        if at >= 0:
            hits.setdefault((needle, form), Hit(where, needle, form, start + at))
    return list(hits.values())


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_symlink():
            continue
        if path.is_dir():
            yield from _files(sorted(path.iterdir()))
        elif path.is_file():
            yield path
