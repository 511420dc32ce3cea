"""HTTP to one server: bounded, with deadlines, never to another host. It knows verbs and passwords, not what is stored.

An unanswered request on a connection kept from before is sent once more on a new one; what failed on a new one is not.
"""

import http.client
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from node.errors import NodeError

from . import outcomes
from .credentials import Credentials

CONNECT_SECONDS: Final = 15.0
CALL_SECONDS: Final = 600.0
_PIECE = 1 << 16
_MOST_REDIRECTS = 3
_IN_PATHS = "/%:@!$&'()*+,;="  # what a path holds unquoted (RFC 3986), and what is quoted already
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said. `headers` with names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def base_of(url: str) -> SplitResult:
    """The address of a folder on a server. Raises UserError `bad-target` unless it is https, or http on this machine."""
    try:
        parts = urlsplit(url.strip())
        _ = parts.port, (parts.hostname or "").encode("idna")
    except ValueError:  # UnicodeError is one
        raise outcomes.bad_target("This is no address. Enter one such as https://cloud.example/backups") from None
    if not parts.hostname or parts.scheme not in ("https", "http") or parts.query or parts.fragment:
        raise outcomes.bad_target("This is no address. Enter one such as https://cloud.example/backups")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise outcomes.bad_target("Backups go over https only: the password would cross the network in clear. Enter the https address.")
    if parts.username is not None or parts.password is not None:
        raise outcomes.bad_target("Enter name and password in their own fields, not in the address.")
    return parts


class Server:
    """Requests below one address."""

    def __init__(self, url: str, user: str, secret: str, *, seconds: float = CONNECT_SECONDS, call_seconds: float = CALL_SECONDS) -> None:
        self._base = base_of(url)
        if not (user + secret).isprintable():
            raise outcomes.bad_target("Name and password hold no line breaks and no other characters that cannot be seen.")
        self.where = self._base.hostname or ""
        self.path = unquote(self._base.path).rstrip("/")
        """The path of the address, without a slash at its end."""
        self._credentials = Credentials(user, secret)
        self._seconds = seconds
        self._call_seconds = call_seconds
        self._kept: http.client.HTTPConnection | None = None

    def call(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, *, most: int = 1 << 20) -> Answer:
        """The answer to a request for `path` (below the host, not quoted), of at most `most` bytes.

        Raises Unavailable `target-unreachable`, UserError `target-credentials`, `target-refused`, `not-a-target`.
        """
        target, asked = quote(path), dict(headers or {})
        for _ in range(_MOST_REDIRECTS):
            answer = self._authorized(method, target, body, asked, most)
            if answer.status not in (301, 302, 307, 308):
                break
            target = self._onward(answer.headers.get("location", ""))
        if answer.status == 403:
            raise outcomes.refused(self.where, "the server forbids it")
        if answer.status in (507, 413):
            raise outcomes.full(self.where)
        if answer.status >= 500 or answer.status == 429:
            raise outcomes.unreachable(self.where, f"it has trouble of its own ({answer.status})")
        return answer

    def url_of(self, path: str) -> str:
        """The whole address of a path."""
        return f"{self._base.scheme}://{self._base.netloc}{quote(path)}"

    def close(self) -> None:
        """End the kept connection."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()

    def _authorized(self, method: str, target: str, body: bytes, headers: dict[str, str], most: int) -> Answer:
        answer = self._sent(method, target, body, {**headers, **self._credentials.header(method, target)}, most)
        if answer.status == 401 and self._credentials.learn(answer.headers.get("www-authenticate", ""), encrypted=self._encrypted):
            answer = self._sent(method, target, body, {**headers, **self._credentials.header(method, target)}, most)
        if answer.status == 401:
            raise outcomes.wrong_credentials(self.where)
        return answer

    @property
    def _encrypted(self) -> bool:
        return self._base.scheme == "https" or self._base.hostname in _LOOPBACK

    def _sent(self, method: str, target: str, body: bytes, headers: Mapping[str, str | bytes], most: int) -> Answer:
        with self._named():
            if self._kept is not None:
                try:
                    return self._once(self._kept, method, target, body, headers, most)
                except (ConnectionError, http.client.BadStatusLine):  # the server had ended it meanwhile
                    self.close()
            self._kept = self._connection()
            return self._once(self._kept, method, target, body, headers, most)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """What fails ends the connection, so that nothing of this request is taken for an answer to the next, and has a name."""
        try:
            yield
        except NodeError:
            self.close()
            raise
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise outcomes.unreachable(self.where, "its certificate is not valid") from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise outcomes.unreachable(self.where, _why(error)) from None  # its text may hold what was sent

    def _once(
        self, connection: http.client.HTTPConnection, method: str, target: str, body: bytes, headers: Mapping[str, str | bytes], most: int
    ) -> Answer:
        connection.request(method, target or "/", body or None, {"Content-Length": str(len(body)), **headers})
        with connection.getresponse() as response:
            told = {name.lower(): value for name, value in response.getheaders()}
            content = b"" if method == "HEAD" else self._read(response, told, most)
            if response.will_close:
                self.close()
            return Answer(response.status, told, content)

    def _read(self, response: http.client.HTTPResponse, told: Mapping[str, str], most: int) -> bytes:
        expected = told.get("content-length", "")
        whole = int(expected) if expected.isascii() and expected.isdigit() else None
        if whole is not None and whole > most:
            self.close()
            return b"\0" * (most + 1)  # more than wanted: not read, and told by its length
        end = time.monotonic() + self._call_seconds
        content = bytearray()
        while piece := response.read(min(_PIECE, most + 1 - len(content))):
            content += piece
            if len(content) > most:
                self.close()
                return bytes(content)
            if time.monotonic() > end:
                raise outcomes.unreachable(self.where, "it answers too slowly")
        if whole is not None and len(content) < whole and response.status != 304:
            raise outcomes.unreachable(self.where, "it broke off in the middle of an answer")
        return bytes(content)

    def _connection(self) -> http.client.HTTPConnection:
        assert self._base.hostname
        if self._base.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self._base.hostname, self._base.port, timeout=self._seconds, context=context)
        return http.client.HTTPConnection(self._base.hostname, self._base.port, timeout=self._seconds)

    def _onward(self, location: str) -> str:
        """A redirect's path on this same server. Raises UserError `not-a-target` for one to another."""
        try:
            parts = urlsplit(location)
        except ValueError:
            raise outcomes.no_target(self.where, "it sends us on to nowhere") from None
        if (parts.scheme or parts.netloc) and (parts.scheme, parts.netloc) != (self._base.scheme, self._base.netloc):
            raise outcomes.no_target(
                self.where, f"it sends us on to {parts.hostname or 'another server'}; if that is yours, enter its address"
            )
        if not parts.path.startswith("/"):
            raise outcomes.no_target(self.where, "it sends us on to nowhere")
        return quote(parts.path.encode("latin-1"), safe=_IN_PATHS)  # bytes of any kind, as headers hand them over


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    if isinstance(error, http.client.HTTPException):
        return "it broke off in the middle of an answer"
    return getattr(error, "strerror", None) or "the connection ended"
