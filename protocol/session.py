"""One stream between two peers: requests multiplexed by id. Bytes in → events out; calls → bytes to send.

It decides framing, ids and bounds. It knows no socket, no clock and no topic; a body is bytes to it.
Spec: docs/protocol/session.md. A frame is a 4-byte big-endian length and a deterministic CBOR map:

    {0: kind, 2: id, 4: milliseconds left, 6: body, 8: code, 10: message}

    kind 0 request   2, 4, 6       kind 1 reply   2, 6       kind 2 error   2, 8, 10

Either side may ask on a stream. Ids are the asker's and grow; id 0 in an error frame speaks about the stream itself,
which then ends. A session that raised RemoteError is over: send `farewell(error)` and close the stream.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from .encoding import decode, encode
from .errors import Conflict, LocalError, Malformed, RemoteError

HEADER_BYTES = 4
MAX_FRAME_BYTES = 1 << 20
MAX_BODY_BYTES = MAX_FRAME_BYTES - 64  # room for the map around it
MAX_IN_FLIGHT = 64
MAX_DEADLINE_MS = 600_000
MAX_ID = (1 << 53) - 1  # exact in every JSON and JavaScript number
MAX_MESSAGE_CHARS = 500

REQUEST, REPLY, ERROR = 0, 1, 2
_KIND, _ID, _LEFT, _BODY, _CODE, _MESSAGE = 0, 2, 4, 6, 8, 10
_FIELDS = {REQUEST: {_LEFT, _BODY}, REPLY: {_BODY}, ERROR: {_CODE, _MESSAGE}}
_CODE_FORM = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_MAX_CODE_CHARS = 64
_MAX_FRAME_DEPTH = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one session. `asked` and `answered` count requests in flight, ours and theirs."""

    frame_bytes: int = MAX_FRAME_BYTES
    asked: int = MAX_IN_FLIGHT
    answered: int = MAX_IN_FLIGHT


@dataclass(frozen=True, slots=True)
class Requested:
    """The peer asks and waits `left_ms` milliseconds from now: answer with `reply` or `refuse`."""

    id: int
    left_ms: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Replied:
    """The answer to our request `id`."""

    id: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """The peer refused our request `id`; `code` is a term of the spec, `message` is for people."""

    id: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The peer ends the stream and says why. Nothing more will be answered."""

    code: str
    message: str


Event = Requested | Replied | Refused | Ended


class Session:
    """The state of one stream, from one side. Both sides run this class."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        """May be replaced at any time; it holds from the next frame or call on."""
        self._buffer = bytearray()
        self._asked: set[int] = set()
        self._answering: set[int] = set()
        self._last_asked = 0
        self._last_answered = 0
        self._over = False

    @property
    def asked(self) -> int:
        """Our requests the peer has not answered yet."""
        return len(self._asked)

    @property
    def answering(self) -> int:
        """The peer's requests we have not answered yet."""
        return len(self._answering)

    @property
    def midway(self) -> bool:
        """True while a frame has begun and not ended: a silent peer is then late."""
        return bool(self._buffer)

    @property
    def over(self) -> bool:
        """True after a breach or a farewell: nothing is accepted or sent any more."""
        return self._over

    def request(self, body: bytes, left_ms: int) -> tuple[int, bytes]:
        """A new request: its id and the bytes to send. LocalError `too-large`, `too-many`, `bad-deadline`, `closed`."""
        self._live()
        if not 1 <= left_ms <= MAX_DEADLINE_MS:
            raise LocalError(f"a deadline is 1 to {MAX_DEADLINE_MS} ms away, not {left_ms}", code="bad-deadline")
        if len(self._asked) >= self.limits.asked:
            raise LocalError(f"{len(self._asked)} requests are waiting already", code="too-many")
        number = self._last_asked + 1
        data = _frame({_KIND: REQUEST, _ID: number, _LEFT: left_ms, _BODY: body})
        self._last_asked = number
        self._asked.add(number)
        return number, data

    def reply(self, number: int, body: bytes) -> bytes:
        """The bytes that answer request `number`. LocalError `too-large`, `unknown-id` (not asked, or answered)."""
        self._live()
        self._known(number)
        data = _frame({_KIND: REPLY, _ID: number, _BODY: body})
        self._answering.discard(number)
        return data

    def refuse(self, number: int, code: str, message: str) -> bytes:
        """The bytes that refuse request `number`; the message is cut at 500 characters. LocalError `unknown-id`."""
        self._live()
        self._known(number)
        self._answering.discard(number)
        return _error(number, code, message)

    def farewell(self, error: RemoteError) -> bytes:
        """The last bytes of a stream whose peer broke a rule: its code, under id 0."""
        self._over = True
        return _error(0, error.code, str(error))

    def receive(self, data: bytes) -> tuple[Event, ...]:
        """Take bytes of the stream, give the events they complete, in order.

        Raises RemoteError: Malformed `too-large` (as soon as the length is known), `malformed`, `not-canonical`,
        `unknown-key`, `unknown-kind`; Conflict `duplicate-id`, `unknown-id`, `too-many`. Events before the breach in
        the same bytes are lost with the stream: their askers ask again elsewhere.
        """
        self._live()
        self._buffer += data
        events: list[Event] = []
        try:
            while not self._over and (payload := self._next()) is not None:
                events.append(self._accept(_parse(payload)))
        except RemoteError:
            self._over = True
            raise
        return tuple(events)

    def end(self) -> None:
        """The peer closed its direction. Raises Malformed `malformed` when a frame was cut."""
        if self._buffer and not self._over:
            self._over = True
            raise Malformed("the stream ended inside a frame")

    def _next(self) -> bytes | None:
        if len(self._buffer) < HEADER_BYTES:
            return None
        size = int.from_bytes(self._buffer[:HEADER_BYTES], "big")
        if size > self.limits.frame_bytes:
            message = f"a frame of {size} bytes where at most {self.limits.frame_bytes} are allowed"
            raise Malformed(message, code="too-large")
        if len(self._buffer) < HEADER_BYTES + size:
            return None
        payload = bytes(self._buffer[HEADER_BYTES : HEADER_BYTES + size])
        del self._buffer[: HEADER_BYTES + size]
        return payload

    def _accept(self, event: Event) -> Event:
        match event:
            case Requested():
                if event.id <= self._last_answered:
                    raise Conflict(f"request {event.id} was used before", code="duplicate-id")
                if len(self._answering) >= self.limits.answered:
                    raise Conflict(f"{len(self._answering)} requests are in flight already", code="too-many")
                self._last_answered = event.id
                self._answering.add(event.id)
            case Replied() | Refused():
                if event.id not in self._asked:
                    raise Conflict(f"an answer to request {event.id}, which is not waiting", code="unknown-id")
                self._asked.discard(event.id)
            case Ended():
                self._over = True
            case _ as never:
                assert_never(never)
        return event

    def _live(self) -> None:
        if self._over:
            raise LocalError("the stream is over", code="closed")

    def _known(self, number: int) -> None:
        if number not in self._answering:
            raise LocalError(f"request {number} is not waiting for an answer", code="unknown-id")


def _frame(tree: Mapping[int, Any]) -> bytes:
    payload = encode(dict(tree))
    if len(payload) > MAX_FRAME_BYTES:
        raise LocalError(f"a frame of {len(payload)} bytes; at most {MAX_FRAME_BYTES} may be sent", code="too-large")
    return len(payload).to_bytes(HEADER_BYTES, "big") + payload


def _error(number: int, code: str, message: str) -> bytes:
    sendable = message[:MAX_MESSAGE_CHARS].encode("utf-8", "replace").decode()  # lone surrogates have no UTF-8
    return _frame({_KIND: ERROR, _ID: number, _CODE: code, _MESSAGE: sendable})


def _parse(payload: bytes) -> Event:
    tree = decode(payload, max_bytes=MAX_FRAME_BYTES, max_depth=_MAX_FRAME_DEPTH)
    if not isinstance(tree, dict) or any(type(key) is not int for key in tree):
        raise Malformed("a frame is a map with integer keys")
    kind = tree.get(_KIND)
    if type(kind) is not int:
        raise Malformed("a frame names its kind")
    fields = _FIELDS.get(kind)
    if fields is None:
        raise Malformed(f"frames of kind {kind} are not known", code="unknown-kind")
    wanted = fields | {_KIND, _ID}
    unknown = [key for key in tree if key not in wanted and key % 2 == 0]
    if unknown:
        raise Malformed(f"key {unknown[0]} is not known in a frame of kind {kind}", code="unknown-key")
    missing = wanted - tree.keys()
    if missing:
        raise Malformed(f"key {min(missing)} is missing in a frame of kind {kind}")
    least = 0 if kind == ERROR else 1
    number = _integer(tree, _ID, least, MAX_ID)
    if kind == REQUEST:
        return Requested(number, _integer(tree, _LEFT, 1, MAX_DEADLINE_MS), _bytes(tree, _BODY))
    if kind == REPLY:
        return Replied(number, _bytes(tree, _BODY))
    code = _text(tree, _CODE, _MAX_CODE_CHARS)
    if not _CODE_FORM.fullmatch(code):
        raise Malformed("an error code is lower-case words joined by hyphens")
    message = _text(tree, _MESSAGE, MAX_MESSAGE_CHARS)
    return Refused(number, code, message) if number else Ended(code, message)


def _integer(tree: Mapping[int, Any], key: int, least: int, most: int) -> int:
    value = tree[key]
    if type(value) is not int or not least <= value <= most:
        raise Malformed(f"key {key} is an integer from {least} to {most}")
    return value


def _bytes(tree: Mapping[int, Any], key: int) -> bytes:
    value = tree[key]
    if type(value) is not bytes:
        raise Malformed(f"key {key} is a byte string")
    return value


def _text(tree: Mapping[int, Any], key: int, most: int) -> str:
    value = tree[key]
    if type(value) is not str or len(value) > most:
        raise Malformed(f"key {key} is a text of at most {most} characters")
    return value
