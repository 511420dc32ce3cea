"""Posted bodies, read as a stream into memory under a cap. Nothing is spooled: a temporary file would hold customers in clear."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from node.web.refusal import Refusal

FORM_LIMIT = 1024 * 1024
MOST_FIELDS = 1000
_CHUNK = 64 * 1024
_LIMIT, _OTHERWISE = "_gemstra_body_limit", "_gemstra_body_otherwise"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
AnyHandler = TypeVar("AnyHandler", bound=Handler)


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a form. `name` is what the browser claims: never a path to write to."""

    name: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """Fields by name (`form["email"]` is "" where absent), repeated ones by `all`, files by name."""

    pairs: tuple[tuple[str, str], ...] = ()
    files: dict[str, Upload] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return next((value for key, value in self.pairs if key == name), "")

    def all(self, name: str) -> list[str]:
        """Every value given under the name, in order."""
        return [value for key, value in self.pairs if key == name]


FORM: web.RequestKey[Form] = web.RequestKey("form", Form)


def takes_upload(limit: int, otherwise: str = "Send it in smaller parts.") -> Callable[[AnyHandler], AnyHandler]:
    """Mark a handler whose posted body may have up to `limit` bytes instead of `FORM_LIMIT`; `otherwise` says what to do with more."""

    def mark(handler: AnyHandler) -> AnyHandler:
        setattr(handler, _LIMIT, limit)
        setattr(handler, _OTHERWISE, otherwise)
        return handler

    return mark


def body_limit(request: web.Request) -> int:
    """The cap of the route that will answer, in bytes."""
    return int(getattr(request.match_info.handler, _LIMIT, FORM_LIMIT))


def form_of(request: web.Request) -> Form:
    """The form that the security rules read before the handler was called."""
    return request.get(FORM) or Form()


async def read_form(request: web.Request, limit: int, admit: Callable[[str], bool]) -> Form:
    """Read a form. `admit` judges the token, which comes first in a multipart body, before any file is read.

    Raises Refusal 403 (token), 413 (too large), 415 (not a form).
    """
    too_large = _too_large(request, limit)
    if (request.content_length or 0) > limit:
        raise too_large
    if request.content_type == "multipart/form-data":
        return await _read_multipart(request, limit, admit, too_large)
    if request.content_type != "application/x-www-form-urlencoded":
        raise Refusal(415, "not-a-form", "This page takes forms only.")
    body = bytearray()
    async for chunk in request.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > limit:
            raise too_large
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Refusal(400, "bad-form", "This form cannot be read. Go back and send it again.") from None
    form = Form(tuple((name, _lines(value)) for name, value in pairs))
    _admit(admit, form["_token"])
    return form


async def _read_multipart(request: web.Request, limit: int, admit: Callable[[str], bool], too_large: Refusal) -> Form:
    pairs: list[tuple[str, str]] = []
    files: dict[str, Upload] = {}
    left = limit
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader) or part.name is None or len(pairs) + len(files) >= MOST_FIELDS:
                raise Refusal(400, "bad-form", "This form cannot be read. Go back and send it again.")
            body = await _read_part(part, left, too_large)
            left -= len(body)
            if not pairs:
                _admit(admit, body.decode("utf-8", "replace") if part.name == "_token" else "")
            if part.filename is None:
                pairs.append((part.name, _lines(body.decode("utf-8"))))
            else:
                name = part.filename.encode("utf-8", "replace").decode("utf-8")  # bytes that are no UTF-8 came as lone surrogates
                files[part.name] = Upload(name, part.headers.get("Content-Type", ""), body)
    except (ValueError, AssertionError, HttpProcessingError):
        raise Refusal(400, "bad-form", "This form cannot be read. Go back and send it again.") from None
    _admit(admit, pairs[0][1] if pairs else "")
    return Form(tuple(pairs), files)


async def _read_part(part: BodyPartReader, left: int, too_large: Refusal) -> bytes:
    body = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        body += chunk
        if len(body) > left:
            raise too_large
    return bytes(body)


def _lines(value: str) -> str:
    """Browsers end a line of a text by two letters, whatever they were given: sent back as it was shown, a text is as it was."""
    return value.replace("\r\n", "\n")


def _admit(admit: Callable[[str], bool], token: str) -> None:
    if not admit(token):
        raise Refusal(403, "stale-form", "This page is out of date. Go back, reload it and send it again.")


def _too_large(request: web.Request, limit: int) -> Refusal:
    otherwise = getattr(request.match_info.handler, _OTHERWISE, "Send it in smaller parts.")
    return Refusal(413, "too-large", f"This is larger than {limit // (1024 * 1024)} MB. {otherwise}")
