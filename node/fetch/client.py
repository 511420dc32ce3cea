"""GET from an address that somebody else wrote: a product file's picture, a watched file.

The name is looked up once, every address it leads to must be public, and such a one is connected to: a name that leads elsewhere a moment
later gains nothing. Each redirect is judged anew. No cookies, no passwords, no proxy, nothing unpacked; bounded in bytes and time.
"""

import asyncio
import hashlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urljoin, urlsplit

from node.errors import Unavailable, UserError

from .address import is_public

if TYPE_CHECKING:
    from aiohttp import AddrInfoType, ClientResponse, ClientSession
    from aiohttp.abc import AbstractResolver, ResolveResult

MOST_REDIRECTS: Final = 3
MOST_ADDRESSES: Final = 4
_PIECE: Final = 1 << 16
_ONWARD: Final = frozenset({301, 302, 303, 307, 308})
_LONGEST: Final = 4_000
_LONGEST_VERSION: Final = 200
_PLACE: Final = 16  # hex digits that tell one address from another
_CONDITION: Final = {"E": "If-None-Match", "M": "If-Modified-Since"}
_CONDITIONS: Final = frozenset(_CONDITION.values())
_WRONG: Final = {
    9: "it is not valid yet (is this computer's clock right?)",
    10: "it has expired",
    18: "the server signed it itself",
    19: "the server signed it itself",
    62: "it is another name's",
    64: "it is another name's",
}

Resolve = Callable[[str, int], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came. `url` is where it was in the end, `type` what the server called it, which is no proof.

    `version`: how the server tells it from what is there later, and at which address, to be handed back. `unchanged`: it is that version
    still, at that address; no body came.
    """

    body: bytes
    url: str
    type: str
    version: str = ""
    unchanged: bool = False


async def look_up(host: str, port: int) -> list[str]:
    """The addresses of a name, by the system. Raises Unavailable `no-such-host`."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unavailable(f"There is no server called {host}, or this computer is offline.", code="no-such-host") from None
    return list(dict.fromkeys(str(row[4][0]) for row in found))


class GuardedClient:
    """The way out to addresses of others. `resolve` and `allowed` are the system's and `is_public`; tests put others in their place."""

    def __init__(self, *, resolve: Resolve = look_up, allowed: Callable[[str], bool] = is_public) -> None:
        self._resolve = resolve
        self._allowed = allowed

    async def get(
        self, url: str, *, most_bytes: int, seconds: float, accept: str = "*/*", known: str = "", secure: bool = False
    ) -> Fetched:
        """What is at `url`, within `seconds` in all. `known`: the version that is here already; `secure`: over https all the way.

        Raises UserError `bad-address`, `private-address`, `too-many-redirects`, `too-large`, `not-served`, `bad-certificate`; Unavailable
        `no-such-host`, `server-unreachable`.
        """
        headers = {"Accept": accept, "Accept-Encoding": "identity", "User-Agent": "gemstra"}
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(url, most_bytes, headers, known, secure=secure)
        except TimeoutError:
            raise Unavailable(f"The server did not answer whole within {seconds:g} seconds.", code="server-unreachable") from None

    async def _follow(self, url: str, most_bytes: int, headers: dict[str, str], known: str, *, secure: bool) -> Fetched:
        for _ in range(MOST_REDIRECTS + 1):
            parts = checked(url)
            if secure and parts.scheme != "https":
                raise UserError(f"It leads on to {parts.hostname} without https: anybody on the way could change it.", code="bad-address")
            asked = headers | _unless(known, _plain(parts))
            found = await self._once(parts, await self._addresses(parts), most_bytes, asked)
            if isinstance(found, Fetched):
                return found
            url = urljoin(url, found)
        raise UserError(f"That address leads on more than {MOST_REDIRECTS} times.", code="too-many-redirects")

    async def _addresses(self, parts: SplitResult) -> list[str]:
        host = parts.hostname or ""
        found = await self._resolve(host, port_of(parts))
        if not found or not all(self._allowed(address) for address in found):
            raise UserError(f"{host} leads into a private network: nothing is fetched from there.", code="private-address")
        return found[:MOST_ADDRESSES]

    async def _once(self, parts: SplitResult, addresses: list[str], most_bytes: int, headers: dict[str, str]) -> Fetched | str:
        """What is there, or where it leads on."""
        import aiohttp  # a large library, read only when something is fetched

        def opened(info: "AddrInfoType") -> socket.socket:
            """The last look, before a connection is begun: whatever the library made of the address, it is one that was judged."""
            if info[4][0] not in addresses:
                raise OSError(f"{info[4][0]} was not looked up")
            return socket.socket(*info[:3])

        connector = aiohttp.TCPConnector(
            resolver=_fixed(addresses), use_dns_cache=False, limit=1, force_close=True, happy_eyeballs_delay=None, socket_factory=opened
        )
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(connector=connector, cookie_jar=jar, trust_env=False, auto_decompress=False) as session:
            try:
                return await _got(session, parts, headers, most_bytes)
            except ssl.SSLCertVerificationError as error:  # aiohttp's own is one
                raise _bad_certificate(parts.hostname or "", error) from None
            except (aiohttp.ClientError, OSError, ValueError):
                raise Unavailable(f"{parts.hostname} cannot be reached, or it breaks off.", code="server-unreachable") from None


async def _got(session: "ClientSession", parts: SplitResult, headers: dict[str, str], most_bytes: int) -> Fetched | str:
    url = _plain(parts)
    async with session.get(url, headers=headers, allow_redirects=False) as answer:
        if answer.status in _ONWARD and "Location" in answer.headers:
            return answer.headers["Location"][:_LONGEST]
        if answer.status == 304 and _CONDITIONS & headers.keys():
            return Fetched(b"", url, answer.content_type, unchanged=True)
        if answer.status != 200:
            raise _refused(answer.status)
        if answer.headers.get("Content-Encoding", "identity").lower() not in {"identity", ""}:
            raise UserError("The server sends it packed, which was not asked for.", code="not-served")
        body = await _read(answer, most_bytes)
        return Fetched(body, url, answer.content_type, _version(answer.headers, url))


def _refused(status: int) -> UserError:
    if status in {401, 402, 403, 407, 451}:
        return UserError(f"The server lets nobody read it without signing in, or not from here ({status}).", code="not-served")
    if status == 429:
        return UserError(f"The server is asked too often ({status}).", code="not-served")
    if status >= 500:
        return UserError(f"The server has trouble of its own ({status}).", code="not-served")
    return UserError(f"The server has nothing to give there ({status}).", code="not-served")


def _plain(parts: SplitResult) -> str:
    """An address as it is asked for."""
    return parts._replace(fragment="").geturl()


def _version(headers: Mapping[str, str], url: str) -> str:
    """The stronger of what a server tells versions by, with a mark of its address; nothing where it is too long to be kept."""
    for name, mark in (("ETag", "E"), ("Last-Modified", "M")):
        value = headers.get(name, "")
        if value and len(value) <= _LONGEST_VERSION and value.isprintable() and value.isascii():
            return mark + _place(url) + value
    return ""


def _unless(known: str, url: str) -> dict[str, str]:
    """The condition under which something is sent: `known` is what `_version` said. Only the address that said it is told, since
    another's date or mark means nothing there: what is older at one place may be what is new.
    """
    kind, place, value = known[:1], known[1 : 1 + _PLACE], known[1 + _PLACE :]
    return {_CONDITION[kind]: value} if kind in _CONDITION and place == _place(url) and value else {}


def _place(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:_PLACE]


def _bad_certificate(host: str, error: ssl.SSLCertVerificationError) -> UserError:
    """Named by what is wrong (the numbers are OpenSSL's), since what to do about each differs."""
    # aiohttp wraps what was thrown, and its own has no number
    inner = getattr(error, "certificate_error", error)
    why = _WRONG.get(getattr(inner, "verify_code", 0), "nobody this computer trusts has signed it")
    return UserError(
        f"The certificate of {host} does not hold: {why}. Nothing was read, since it may be another server.", code="bad-certificate"
    )


async def _read(answer: "ClientResponse", most_bytes: int) -> bytes:
    body = bytearray()
    if (answer.content_length or 0) > most_bytes:
        raise _too_large(most_bytes)
    async for piece in answer.content.iter_chunked(_PIECE):
        body += piece
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
    return bytes(body)


def _too_large(most_bytes: int) -> UserError:
    return UserError(f"It has more than {most_bytes >> 20} MB.", code="too-large")


def checked(url: str) -> SplitResult:
    """An address that may be fetched from, so far as its text tells. Raises UserError `bad-address`."""
    try:
        parts = urlsplit(url)
        _ = parts.port, (parts.hostname or "").encode("idna")
    except ValueError:  # UnicodeError is one
        raise _bad() from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or len(url) > _LONGEST or not url.isprintable() or " " in url:
        raise _bad()
    if parts.username is not None or parts.password is not None:
        raise UserError("An address to fetch from holds no name and no password.", code="bad-address")
    return parts


def _bad() -> UserError:
    return UserError("That is no address to fetch from: it begins with https:// or http://", code="bad-address")


def port_of(parts: SplitResult) -> int:
    """The port an address means."""
    return parts.port or (443 if parts.scheme == "https" else 80)


def _fixed(addresses: list[str]) -> "AbstractResolver":
    """A resolver that knows only what was judged."""
    from aiohttp.abc import AbstractResolver as Resolver

    class Fixed(Resolver):
        async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> "list[ResolveResult]":
            del family
            return [
                {
                    "hostname": host,
                    "host": address,
                    "port": port,
                    "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                    "proto": 0,
                    "flags": socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                }
                for address in addresses
            ]

        async def close(self) -> None:
            """Nothing is held."""

    return Fixed()
