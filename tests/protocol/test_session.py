"""The session as scripts: bytes in → events and bytes out, at every truncation point and in every chunking."""

import importlib.util
import itertools
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.encoding import encode
from protocol.errors import LocalError, Malformed, RemoteError
from protocol.session import (
    HEADER_BYTES,
    MAX_BODY_BYTES,
    MAX_FRAME_BYTES,
    MAX_IN_FLIGHT,
    Ended,
    Limits,
    Refused,
    Replied,
    Requested,
    Session,
)

VECTORS = Path(__file__).parents[1] / "vectors"
FOUND = json.loads((VECTORS / "session.json").read_text())["vectors"]


def shown(event):
    match event:
        case Requested():
            return {"event": "requested", "id": event.id, "left_ms": event.left_ms, "body": event.body.hex()}
        case Replied():
            return {"event": "replied", "id": event.id, "body": event.body.hex()}
        case Refused():
            return {"event": "refused", "id": event.id, "code": event.code, "message": event.message}
        case Ended():
            return {"event": "ended", "code": event.code, "message": event.message}


def receiver(asked):
    session = Session()
    for _ in range(asked):
        session.request(b"", 1000)
    return session


def feed(session, chunks, *, end=False):
    events = []
    for chunk in chunks:
        if session.over:
            break
        events += session.receive(chunk)
    if end:
        session.end()
    return [shown(event) for event in events]


def test_the_vectors_are_what_the_generator_makes():
    spec = importlib.util.spec_from_file_location("make_session", VECTORS / "make_session.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.text() == (VECTORS / "session.json").read_text()


@pytest.mark.parametrize("vector", FOUND, ids=lambda vector: vector["comment"])
def test_vector(vector):
    given_ = vector["input"]
    session = receiver(given_["asked"])
    stream = bytes.fromhex(given_["stream"])
    if vector["expect"] == "ok":
        assert feed(session, [stream], end=given_["end"]) == vector["output"]
        return
    with pytest.raises(RemoteError) as error:
        feed(session, [stream], end=given_["end"])
    assert error.value.code == vector["expect"]
    assert session.over


@pytest.mark.parametrize("vector", FOUND, ids=lambda vector: vector["comment"])
def test_vector_byte_by_byte(vector):
    given_ = vector["input"]
    session = receiver(given_["asked"])
    stream = bytes.fromhex(given_["stream"])
    chunks = [stream[i : i + 1] for i in range(len(stream))]
    if vector["expect"] == "ok":
        assert feed(session, chunks, end=given_["end"]) == vector["output"]
        return
    with pytest.raises(RemoteError) as error:
        feed(session, chunks, end=given_["end"])
    assert error.value.code == vector["expect"]


def test_every_truncation_gives_the_events_before_it_and_no_other():
    asker, other = Session(), Session()
    script = b"".join(asker.request(bytes([n]) * n, 1000)[1] for n in range(1, 6))
    whole = Session().receive(script)
    for cut in range(len(script) + 1):
        other = Session()
        events = other.receive(script[:cut])
        assert events == whole[: len(events)]
        if other.midway:
            with pytest.raises(Malformed, match="inside a frame"):
                other.end()
            continue
        other.end()
        assert len(events) * (len(script) // 5) <= cut + 20


def test_a_conversation_with_answers_out_of_order():
    asker, answerer = Session(), Session()
    one, first = asker.request(b"one", 1000)
    two, second = asker.request(b"two", 2000)
    assert answerer.receive(first + second) == (Requested(one, 1000, b"one"), Requested(two, 2000, b"two"))
    assert (asker.asked, answerer.answering) == (2, 2)
    back = answerer.reply(two, b"zwei") + answerer.refuse(one, "expired", "too old")
    assert asker.receive(back) == (Replied(two, b"zwei"), Refused(one, "expired", "too old"))
    assert (asker.asked, answerer.answering) == (0, 0)


def test_both_sides_may_ask_with_the_same_ids():
    left, right = Session(), Session()
    number, frame = left.request(b"l", 1)
    same, back = right.request(b"r", 1)
    assert number == same == 1
    assert left.receive(back) == (Requested(1, 1, b"r"),)
    assert right.receive(frame) == (Requested(1, 1, b"l"),)
    assert right.receive(left.reply(1, b"")) == (Replied(1, b""),)


def test_a_side_that_answers_nothing_refuses_to_be_asked():
    asker = Session(Limits(answered=0))
    with pytest.raises(RemoteError) as error:
        asker.receive(Session().request(b"", 1)[1])
    assert error.value.code == "too-many"


def test_the_length_is_judged_before_the_frame_is_held():
    session = Session(Limits(frame_bytes=100))
    with pytest.raises(Malformed) as error:
        session.receive((101).to_bytes(HEADER_BYTES, "big"))
    assert error.value.code == "too-large"
    assert Session(Limits(frame_bytes=101)).receive((101).to_bytes(HEADER_BYTES, "big")) == ()


def test_the_largest_body_passes_and_one_more_byte_does_not_leave():
    asker, answerer = Session(), Session()
    number, frame = asker.request(bytes(MAX_BODY_BYTES), 600_000)
    assert len(frame) <= HEADER_BYTES + MAX_FRAME_BYTES
    (event,) = answerer.receive(frame)
    assert event.body == bytes(MAX_BODY_BYTES)
    with pytest.raises(LocalError) as error:
        asker.request(bytes(MAX_FRAME_BYTES), 1)
    assert error.value.code == "too-large"
    assert asker.asked == 1  # what was not sent is not waited for
    with pytest.raises(LocalError):
        answerer.reply(number, bytes(MAX_FRAME_BYTES))
    assert asker.receive(answerer.reply(number, b"")) == (Replied(number, b""),)


def test_we_do_not_ask_more_than_is_allowed_at_once():
    asker = Session()
    for _ in range(MAX_IN_FLIGHT):
        asker.request(b"", 1)
    with pytest.raises(LocalError) as error:
        asker.request(b"", 1)
    assert error.value.code == "too-many"


@pytest.mark.parametrize("left", [0, -1, 600_001])
def test_a_deadline_out_of_bounds_is_our_own_mistake(left):
    with pytest.raises(LocalError) as error:
        Session().request(b"", left)
    assert error.value.code == "bad-deadline"


def test_answers_are_given_once_and_to_what_was_asked():
    session = Session()
    session.receive(Session().request(b"", 1)[1])
    session.reply(1, b"")
    for again in (lambda: session.reply(1, b""), lambda: session.refuse(1, "busy", ""), lambda: session.reply(2, b"")):
        with pytest.raises(LocalError) as error:
            again()
        assert error.value.code == "unknown-id"


def test_a_breach_ends_the_session_and_the_peer_hears_the_code():
    asker, answerer = Session(), Session()
    asker.request(b"", 1)
    with pytest.raises(RemoteError) as error:
        answerer.receive(b"\x00\x00\x00\x01\xff")
    farewell = answerer.farewell(error.value)
    assert [type(event) for event in asker.receive(farewell)] == [Ended]
    for call in (lambda: answerer.receive(b""), lambda: answerer.request(b"", 1), lambda: asker.request(b"", 1)):
        with pytest.raises(LocalError) as after:
            call()
        assert after.value.code == "closed"
    answerer.end()  # an end after the end is nothing new


def test_a_long_message_is_cut_and_a_broken_one_mended():
    asker, answerer = Session(), Session()
    answerer.receive(asker.request(b"", 1)[1] + asker.request(b"", 1)[1])
    (first,) = asker.receive(answerer.refuse(1, "busy", "x" * 1000))
    assert len(first.message) == 500
    (second,) = asker.receive(answerer.refuse(2, "busy", "\ud800"))
    assert second.message == "?"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=40), st.integers(1, 600_000)), max_size=8), st.data())
def test_any_chunking_gives_the_same_events(requests, data):
    asker = Session()
    stream = b"".join(asker.request(body, left)[1] for body, left in requests)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    bounds = [0, *cuts, len(stream)]
    other = Session()
    events = [event for a, b in itertools.pairwise(bounds) for event in other.receive(stream[a:b])]
    assert [(event.body, event.left_ms) for event in events] == requests
    assert not other.midway


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_events_or_a_named_error(noise):
    session = receiver(1)
    with suppress(RemoteError):
        session.receive(noise)
        session.end()
        return
    assert session.over


TREES = st.recursive(
    st.integers() | st.binary(max_size=8) | st.text(max_size=8) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(st.integers(0, 12), TREES | st.integers(0, 3), max_size=6))
def test_any_map_gives_an_event_or_a_named_error(tree):
    session = receiver(3)
    try:
        payload = encode(tree)
    except LocalError:
        return
    with suppress(RemoteError):
        session.receive(len(payload).to_bytes(4, "big") + payload)


class Unframed(Session):
    """The control: a session that trusts the announced length."""

    def _next(self):
        size = int.from_bytes(self._buffer[:4], "big")
        if len(self._buffer) < HEADER_BYTES + size:
            return None
        return super()._next()


def test_control_a_session_without_the_cap_is_caught():
    with pytest.raises(pytest.fail.Exception), pytest.raises(Malformed):
        Unframed().receive(b"\xff\xff\xff\xff")
