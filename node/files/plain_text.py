"""HTML of a product description → plain text. It keeps paragraphs and list points and drops everything else, scripts and styles whole.

Not for making HTML safe: what comes out is text and is escaped where it is shown. One pass, so that no input takes more than its length.
"""

import html
import re

MAX_TEXT = 10_000
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)\b[^<>]*>|<!--|<[!?][^<>]*>")
_BREAKS = frozenset(
    (
        "p",
        "div",
        "br",
        "li",
        "ul",
        "ol",
        "tr",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "section",
        "article",
        "blockquote",
        "hr",
        "dt",
        "dd",
    )
)
_SILENT = {tag: re.compile(rf"</{tag}\b", re.IGNORECASE) for tag in ("script", "style", "template", "iframe", "object")}
_SPACES = re.compile(r" ?[\t\r\f\v\u00a0][ \t\r\f\v\u00a0]*|  [ \t\r\f\v\u00a0]*")  # a single space stays as it is
_GAPS = re.compile(r"\n{3,}")


def plain_text(source: str) -> str:
    """The text of `source`, at most MAX_TEXT characters (a longer one ends in “…”)."""
    source = source[: MAX_TEXT * 10]
    if "\\" in source:  # what few texts have is looked for by one letter first, which is quick
        source = source.replace("\\n", "\n")  # WooCommerce writes line ends as a backslash and an n
    source = source.replace("\0", "")
    if "<" in source:
        source = _without_tags(source)
    if "&" in source:
        source = html.unescape(source)
    text = source.strip()
    if "  " in text or _is_wide(text):
        text = _SPACES.sub(" ", text)
    if "\n" in text:
        text = text.replace(" \n", "\n").replace("\n ", "\n")
        text = _GAPS.sub("\n\n", text) if "\n\n\n" in text else text
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1].rstrip() + "…"


def _is_wide(text: str) -> bool:
    return "\t" in text or "\r" in text or "\f" in text or "\v" in text or "\u00a0" in text


def as_html(text: str) -> str:
    """A description as the HTML that reads back as it: a paragraph a gap, a break a line."""
    parts = (html.escape(part, quote=False).replace("\n", "<br>") for part in text.split("\n\n") if part)
    return "".join(f"<p>{part}</p>" for part in parts)


def _without_tags(source: str) -> str:
    parts: list[str] = []
    place = 0
    while match := _TAG.search(source, place):
        parts.append(source[place : match.start()])
        place = match.end()
        closing, name = match[1], (match[2] or "").lower()
        if match[0] == "<!--":
            end = source.find("-->", place)
            place = end + 3 if end >= 0 else len(source)
        elif name in _SILENT and not closing:
            found = _SILENT[name].search(source, place)
            place = found.start() if found else len(source)
        elif name in _BREAKS:
            parts.append("\n• " if name == "li" and not closing else "\n")
    parts.append(source[place:])
    return "".join(parts)
