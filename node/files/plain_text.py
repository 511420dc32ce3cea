"""HTML of a product description → plain text. It keeps paragraphs and list points and drops everything else, scripts and styles whole."""

import html
import re
from html.parser import HTMLParser

MAX_TEXT = 10_000
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
        "header",
        "footer",
        "blockquote",
        "hr",
        "dt",
        "dd",
    )
)
_SILENT = frozenset(("script", "style", "template", "iframe", "object"))
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_GAPS = re.compile(r"\n{3,}")
_SHORTCODE_BREAKS = re.compile(r"\\n")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base class's signature
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BREAKS:
            self.parts.append("\n• " if tag == "li" else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BREAKS and tag != "br":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def plain_text(source: str) -> str:
    """The text of `source`, at most MAX_TEXT characters (a longer one ends in “…”)."""
    source = _SHORTCODE_BREAKS.sub("\n", source[: MAX_TEXT * 10])
    if "<" in source:
        parser = _Text()
        parser.feed(source)
        parser.close()
        source = "".join(parser.parts)
    elif "&" in source:
        source = html.unescape(source)
    lines = (_SPACES.sub(" ", line).strip() for line in source.replace("\0", "").split("\n"))
    text = _GAPS.sub("\n\n", "\n".join(lines)).strip()
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1].rstrip() + "…"
