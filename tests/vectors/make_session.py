"""Makes session.json: streams as their receiver sees them. `python tests/vectors/make_session.py`.

`input.asked` requests (bodies empty) were sent before by the receiver, which answers nothing meanwhile; `input.stream`
is what then arrives, in hex; with `input.end` the sender has closed its direction. `output` lists the events. One
failure per vector, `expect` is its code. The frames of a valid vector are also what a sender has to write.
"""

import json
from pathlib import Path
from typing import Any

from protocol.encoding import encode
from protocol.session import MAX_BODY_BYTES, MAX_DEADLINE_MS, MAX_FRAME_BYTES, MAX_ID, MAX_IN_FLIGHT

Vector = dict[str, Any]


def raw(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + payload


def frame(*pairs: tuple[int, Any]) -> bytes:
    return raw(encode(dict(pairs)))


def request(number: int, body: bytes = b"hi", left: int = 5000, *more: tuple[int, Any]) -> bytes:
    return frame((0, 0), (2, number), (4, left), (6, body), *more)


def reply(number: int, body: bytes = b"yes") -> bytes:
    return frame((0, 1), (2, number), (6, body))


def refusal(number: int, code: str = "not-paired", message: str = "pair first") -> bytes:
    return frame((0, 2), (2, number), (8, code), (10, message))


def vector(comment: str, expect: str, stream: bytes, output: list[Any] | None = None, *, asked: int = 0, end: bool = False) -> Vector:
    found: Vector = {"comment": comment, "expect": expect, "input": {"asked": asked, "end": end, "stream": stream.hex()}}
    if output is not None:
        found["output"] = output
    return found


def requested(number: int, body: bytes = b"hi", left: int = 5000) -> Vector:
    return {"event": "requested", "id": number, "left_ms": left, "body": body.hex()}


def good() -> list[Vector]:
    return [
        vector("a request", "ok", request(1), [requested(1)]),
        vector("an empty body, the longest deadline, the largest id", "ok", request(MAX_ID, b"", MAX_DEADLINE_MS), [requested(MAX_ID, b"", MAX_DEADLINE_MS)]),
        vector("ids may leave gaps", "ok", request(3) + request(9), [requested(3), requested(9)]),
        vector("a reply", "ok", reply(1), [{"event": "replied", "id": 1, "body": b"yes".hex()}], asked=1),
        vector("replies in another order", "ok", reply(2) + reply(1), [{"event": "replied", "id": number, "body": b"yes".hex()} for number in (2, 1)], asked=2),
        vector("a refusal", "ok", refusal(1), [{"event": "refused", "id": 1, "code": "not-paired", "message": "pair first"}], asked=1),
        vector("the end of the stream, with its reason; nothing after it is read", "ok", refusal(0, "too-fast", "") + b"\xff\xff\xff\xff", [{"event": "ended", "code": "too-fast", "message": ""}]),
        vector("an odd key nobody knows is ignored", "ok", request(1, b"hi", 5000, (7, "new")), [requested(1)]),
        vector("nothing at all", "ok", b"", [], end=True),
        vector("as many requests in flight as are allowed", "ok", b"".join(request(n, b"", 1) for n in range(1, MAX_IN_FLIGHT + 1)), [requested(n, b"", 1) for n in range(1, MAX_IN_FLIGHT + 1)]),
    ]  # fmt: skip


def bad_frames() -> list[Vector]:
    bare = {0: 0, 2: 1, 4: 5000, 6: b"hi"}
    return [
        vector("a length above 1 MiB, refused before a byte of it arrives", "too-large", (MAX_FRAME_BYTES + 1).to_bytes(4, "big")),
        vector("the largest length there is", "too-large", b"\xff\xff\xff\xff"),
        vector("a frame without a byte", "malformed", raw(b"")),
        vector("no CBOR", "malformed", raw(b"\xff")),
        vector("the item is cut within its frame", "malformed", raw(encode(bare)[:-1])),
        vector("a byte after the item", "malformed", raw(encode(bare) + b"\x00")),
        vector("the stream ends in the length", "malformed", b"\x00\x00", end=True),
        vector("the stream ends in the frame", "malformed", request(1)[:-1], end=True),
        vector("keys out of order", "not-canonical", raw(bytes.fromhex("a40201000004191388064268 69".replace(" ", "")))),
        vector("an integer longer than needed", "not-canonical", raw(bytes.fromhex("a4000002180104191388064268 69".replace(" ", "")))),
        vector("a key twice", "not-canonical", raw(bytes.fromhex("a500000000020104191388064268 69".replace(" ", "")))),
        vector("an indefinite length", "malformed", raw(bytes.fromhex("bf0000ff"))),
        vector("a float for the deadline", "malformed", raw(bytes.fromhex("a40000020104f945000642686 9".replace(" ", "")))),
        vector("a list instead of a map", "malformed", raw(encode([0, 1, 5000, b"hi"]))),
        vector("a text key", "malformed", raw(encode(bare | {"x": 1}))),
        vector("nested deeper than a frame is", "too-large", raw(encode(bare | {7: [[[1]]]}))),
    ]  # fmt: skip


def bad_fields() -> list[Vector]:
    bare = {0: 0, 2: 1, 4: 5000, 6: b"hi"}
    missing = [
        vector(f"a request without key {key}", "malformed", raw(encode({k: v for k, v in bare.items() if k != key}))) for key in bare
    ]
    return [
        *missing,
        vector("an even key nobody knows", "unknown-key", request(1, b"hi", 5000, (12, 0))),
        vector("a key of another kind of frame", "unknown-key", request(1, b"hi", 5000, (8, "code"))),
        vector("a kind nobody knows", "unknown-kind", frame((0, 3), (2, 1))),
        vector("true is no kind", "malformed", frame((0, True), (2, 1), (6, b""))),
        vector("id 0 in a request", "malformed", request(0)),
        vector("id 0 in a reply", "malformed", reply(0), asked=1),
        vector("a negative id", "malformed", request(-1)),
        vector("an id above 2^53 - 1", "malformed", request(MAX_ID + 1)),
        vector("no time left", "malformed", request(1, b"hi", 0)),
        vector("more than ten minutes", "malformed", request(1, b"hi", MAX_DEADLINE_MS + 1)),
        vector("a body that is text", "malformed", frame((0, 0), (2, 1), (4, 5000), (6, "hi"))),
        vector("a code in capitals", "malformed", refusal(1, "NotPaired"), asked=1),
        vector("an empty code", "malformed", refusal(1, ""), asked=1),
        vector("a code of 65 characters", "malformed", refusal(1, "a" * 65), asked=1),
        vector("a message of 501 characters", "malformed", refusal(1, "busy", "x" * 501), asked=1),
    ]  # fmt: skip


def bad_order() -> list[Vector]:
    return [
        vector("the same id twice", "duplicate-id", request(1) + request(1)),
        vector("an id lower than the one before", "duplicate-id", request(2) + request(1)),
        vector("a reply to nothing", "unknown-id", reply(1)),
        vector("a reply to a request not made yet", "unknown-id", reply(2), asked=1),
        vector("two replies to one request", "unknown-id", reply(1) + reply(1), asked=1),
        vector("a refusal after the reply", "unknown-id", reply(1) + refusal(1), asked=1),
        vector("one request in flight too many", "too-many", b"".join(request(n, b"", 1) for n in range(1, MAX_IN_FLIGHT + 2))),
    ]  # fmt: skip


def document() -> Vector:
    return {
        "bounds": {"body": MAX_BODY_BYTES, "deadline_ms": MAX_DEADLINE_MS, "frame": MAX_FRAME_BYTES, "in_flight": MAX_IN_FLIGHT},
        "vectors": [*good(), *bad_frames(), *bad_fields(), *bad_order()],
    }  # fmt: skip


def text() -> str:
    return json.dumps(document(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("session.json").write_text(text())
