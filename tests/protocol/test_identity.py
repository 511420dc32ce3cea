from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parts import NOW, Key, flipped, named

from protocol import identity as m
from protocol.codec import to_bytes
from protocol.envelope import sign
from protocol.errors import ProtocolError

ROOT, NEXT, AFTER, PHONE, LAPTOP, THIEF = (Key(name) for name in ("root", "next", "after", "phone", "laptop", "thief"))
INCEPTION = m.Inception(ROOT.public, named("recovery"), m.root_commitment(NEXT.public), m.Role.SELLER, NOW)
START = m.begin(INCEPTION)


def certificate(device, **changes):
    return replace(m.DeviceCertificate(INCEPTION.identity, device.public, named("x25519"), "Ana's phone", NOW), **changes)


def added(device, **changes):
    return m.DeviceAdded(certificate(device, **changes))


def grow(state, root, *entries):
    raws = []
    for entry in entries:
        raws.append(m.sign_entry(state, root, entry, created=NOW).raw)
        state = m.append(state, raws[-1])
    return state, raws


def code(call, *given_, **named_):
    with pytest.raises(ProtocolError) as caught:
        call(*given_, **named_)
    return caught.value.code


def test_devices_come_and_go():
    state, raws = grow(START, ROOT, added(PHONE), added(LAPTOP), m.DeviceRevoked(PHONE.public, "lost"))
    assert state.require_live(LAPTOP.public).device_public == LAPTOP.public
    assert code(state.require_live, PHONE.public) == "not-live"
    assert (state.seq, state.role, state.identity) == (3, m.Role.SELLER, INCEPTION.identity)
    assert m.replay(to_bytes(INCEPTION), raws) == state
    assert code(m.sign_entry, state, ROOT, added(PHONE), created=NOW) == "device-revoked"
    assert code(m.sign_entry, state, ROOT, added(LAPTOP), created=NOW) == "device-known"
    assert code(m.sign_entry, state, ROOT, m.DeviceRevoked(PHONE.public), created=NOW) == "not-live"
    assert code(m.sign_entry, state, ROOT, added(THIEF, identity=named("other")), created=NOW) == "wrong-identity"


def test_only_the_root_writes():
    assert code(m.sign_entry, START, THIEF, added(THIEF), created=NOW) == "not-root"
    state, _ = grow(START, ROOT, added(PHONE))
    assert code(m.sign_entry, state, PHONE, added(THIEF), created=NOW) == "not-root"


def test_a_root_rotates_to_the_key_it_committed_to():
    rotation = m.RootRotated(NEXT.public, m.root_commitment(AFTER.public))
    state, _ = grow(START, ROOT, added(PHONE))
    rotated, _ = grow(state, NEXT, rotation)
    assert rotated.identity == state.identity
    assert rotated.require_live(PHONE.public)
    assert code(m.sign_entry, rotated, ROOT, added(LAPTOP), created=NOW) == "not-root"
    assert grow(rotated, NEXT, added(LAPTOP))[0].require_live(LAPTOP.public)
    assert code(m.sign_entry, state, ROOT, rotation, created=NOW) == "not-root"
    assert code(m.sign_entry, state, THIEF, m.RootRotated(THIEF.public, named("x")), created=NOW) == "not-root"


def test_generations_count_up():
    state, _ = grow(START, ROOT, m.GenerationStarted(1, named("seals")), m.GenerationStarted(2, named("seals")))
    assert state.generation == 2
    assert code(m.sign_entry, state, ROOT, m.GenerationStarted(2, named("seals")), created=NOW) == "generation"


def test_entries_in_another_order_or_log():
    _, raws = grow(START, ROOT, added(PHONE), added(LAPTOP))
    inception = to_bytes(INCEPTION)
    assert code(m.replay, inception, raws[::-1]) == "out-of-order"
    assert code(m.replay, inception, [raws[0], raws[0]]) == "replayed"
    assert code(m.replay, inception, raws[1:]) == "out-of-order"
    assert code(m.replay, to_bytes(replace(INCEPTION, created=NOW + 1)), raws) == "wrong-log"
    assert code(m.replay, inception, [flipped(raws[0])]) == "bad-signature"
    assert code(m.replay, inception, [sign(ROOT, "test.note", {}, created=NOW).raw]) == "unknown-type"
    other = m.sign_entry(START, ROOT, added(THIEF), created=NOW).raw
    assert code(m.replay, inception, [other, raws[1]]) == "equivocation"
    assert code(m.replay, flipped(inception, 0), raws) == "malformed"


def test_bounds():
    state = START
    for number in range(m.MAX_DEVICES):
        state = m.append(state, m.sign_entry(state, ROOT, added(Key(f"device {number}")), created=NOW).raw)
    assert code(m.sign_entry, state, ROOT, added(THIEF), created=NOW) == "too-many-devices"
    for number in range(m.MAX_ENTRIES - state.seq):
        state = m.append(state, m.sign_entry(state, ROOT, m.GenerationStarted(number + 1, named("s")), created=NOW).raw)
    assert code(m.sign_entry, state, ROOT, m.DeviceRevoked(Key("device 0").public), created=NOW) == "too-large"
    assert code(m.replay, to_bytes(INCEPTION), [b""] * 65) == "too-large"


def test_a_presentation_is_held_against_the_channel_and_against_what_was_known():
    old, _ = grow(START, ROOT, added(PHONE))
    new, raws = grow(START, ROOT, added(PHONE), added(LAPTOP))
    shown = m.Presentation(to_bytes(INCEPTION), tuple(raws))
    assert shown.check(LAPTOP.public) == new
    assert code(shown.check, THIEF.public) == "not-live"
    new.require_extends(old.seq, old.head)
    new.require_extends(0, START.head)
    assert code(old.require_extends, new.seq, new.head) == "rollback"
    assert code(new.require_extends, 1, named("another entry")) == "equivocation"


@given(
    st.lists(
        st.sampled_from(["add", "revoke", "generation"]).flatmap(lambda verb: st.tuples(st.just(verb), st.integers(0, 3))), max_size=12
    )
)
def test_no_revoked_device_is_ever_live(steps):
    state = START
    for verb, number in steps:
        device = Key(f"device {number}")
        entry = {
            "add": added(device),
            "revoke": m.DeviceRevoked(device.public),
            "generation": m.GenerationStarted(number + 1, named("s")),
        }[verb]
        try:
            state = m.append(state, m.sign_entry(state, ROOT, entry, created=NOW).raw)
        except ProtocolError:
            continue
        live = {item.device_public for item in state.devices}
        assert not live & set(state.revoked)
        assert len(live) == len(state.devices)
