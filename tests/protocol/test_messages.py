import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parts import NOW, Key, flipped, named

from protocol import grant, messages
from protocol.encoding import decode, encode
from protocol.envelope import sign
from protocol.errors import ProtocolError, RemoteError, Unauthorized
from protocol.kinds import Topic
from protocol.messages import KINDS, Ack, Nack, pack, refusal, unpack

ANA = Key("ana")
REVOKE = sign(ANA, grant.REVOKED, grant.Revoke(named("grant"), NOW, "done"), created=NOW)


def code(call, *given_):
    with pytest.raises(ProtocolError) as caught:
        call(*given_)
    return caught.value.code


def test_plain_and_signed():
    assert unpack(Topic.TEAM, pack(Ack(named("x")))).record == Ack(named("x"))
    found = unpack(Topic.GRANT, pack(REVOKE))
    assert found.record == grant.Revoke(named("grant"), NOW, "done")
    assert found.signed == REVOKE


def test_what_is_refused():
    body = pack(REVOKE)
    assert code(unpack, Topic.TEAM, body) == "unknown-kind"
    assert code(unpack, Topic.GRANT, encode(["nonsense", b""])) == "unknown-kind"
    assert code(unpack, Topic.GRANT, encode({0: 1})) == "malformed"
    name, raw = decode(body)
    assert code(unpack, Topic.GRANT, encode([name, flipped(raw)])) == "bad-signature"
    assert code(unpack, Topic.GRANT, encode([grant.DENIED, raw])) == "wrong-domain"


def test_refusals_carry_the_code():
    error = Unauthorized("revoked " * 200, code="revoked")
    assert refusal(named("x"), error) == Nack(named("x"), "revoked", str(error)[:500])
    assert unpack(Topic.GRANT, pack(refusal(named("x"), error))).record.code == "revoked"


@given(st.sampled_from(Topic), st.sampled_from(list(KINDS)), st.binary(max_size=60))
def test_any_body_gives_a_declared_error_or_a_message(topic, name, body):
    for data in (body, encode([name, body])):
        try:
            unpack(topic, data)
        except RemoteError:
            continue


def test_names_are_unique_and_each_unsigned_record_has_one():
    unsigned = [kind.record for kind in KINDS.values() if not kind.signed]
    assert len(set(unsigned)) == len(unsigned)
    assert all(kind.name == name for name, kind in KINDS.items())
    assert messages.VERSION == 1
    assert Topic.CATALOG.protocol_id == "/gemstra/catalog/1"


def test_each_kind_about_catalogs_has_a_vector_that_is_taken_and_some_that_are_not():
    """What comes to the wire comes to the vectors."""
    taken, refused = set(), set()
    for vector in json.loads((Path(__file__).parents[1] / "vectors/message.json").read_text()):
        (taken if vector["expect"] == "ok" else refused).add(vector["comment"].split(maxsplit=1)[0].rstrip(","))
    wire = {kind.name for kind in KINDS.values() if kind.topic is Topic.CATALOG}
    assert len(wire) > 20
    assert wire - taken == set()
    assert wire - refused == set()
