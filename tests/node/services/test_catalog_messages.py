"""Every message of following a catalog × what can be wrong with it: a named code, the catalog as before, and the genuine one taken next.

How bytes are read is tested with the protocol; this is what a node does with an answer it asked for, and with a question it did not expect.
"""

from dataclasses import replace

import pytest

from node.errors import NodeError, RemoteRefusal
from node.services import browse
from node.services import catalog_following as following
from protocol.anchor import Heads, ProofRequest
from protocol.catalog_sync import (
    EntriesRequest,
    HopsRequest,
    ManifestRequest,
    PackRequest,
    RangesRequest,
    SectionsRequest,
    SinceRequest,
    Unchanged,
)
from protocol.codec import to_bytes
from protocol.encoding import MAX_BYTES, decode, encode
from protocol.envelope import domain, verify
from protocol.errors import ProtocolError
from protocol.feed import CatalogChanged, FeedsRequest
from protocol.kinds import Topic
from protocol.log import sign_checkpoint, verify_checkpoint
from protocol.messages import pack
from protocol.packs import MANIFEST, Manifest
from protocol.reconcile import begin, numbers
from protocol.sections import Division
from tests.node.services import world as worlds

from .catalog_goods import feed_id, line, publish, same
from .test_catalog_sync import shop  # noqa: F401

BOUNDED = {
    "too-large", "malformed", "not-canonical", "unknown-kind", "unexpected-reply", "bad-signature", "wrong-pack", "bad-pack", "bad-page",
    "state-mismatch", "wrong-log", "rollback", "no-progress", "bad-proof", "future-dated", "wrong-author", "missing-key", "unknown-key",
    "wrong-writer", "not-live", "wrong-identity", "wrong-topic",
}  # fmt: skip
"""What a refusal may be called."""


def oversized(reply, _dice):
    return reply + bytes(MAX_BYTES)


def truncated(reply, dice):
    return reply[:dice]


def indefinite(reply, _dice):
    """The same tree in a form that isn't the shortest: its list without a length."""
    kind, body = decode(reply)
    return b"\x9f" + encode(kind) + encode(body) + b"\xff"


def loose(reply, _dice):
    """What is in it without a length, in its canonical list."""
    kind, body = decode(reply)
    tree = decode(body)
    if isinstance(tree, dict):
        return encode([kind, b"\xbf" + b"".join(encode(key) + encode(value) for key, value in tree.items()) + b"\xff"])
    return encode([kind, b"\x9f" + b"".join(map(encode, tree)) + b"\xff"])


def emptied(_reply, _dice):
    return b""


ATTACKS = {"oversized": oversized, "indefinite": indefinite, "loose": loose, "empty": emptied}
ANSWERED = ("catalog.feeds-answer", "catalog.page", "catalog.manifest", "catalog.pack")


def _tampering(patch, kind, change):
    """Every reply of a kind is changed on the way to whoever asked; how many were."""
    genuine, changed = worlds.Line.request, []

    async def request(line_, peer, addresses, topic, body, deadline):
        reply = await genuine(line_, peer, addresses, topic, body, deadline)
        if topic == Topic.CATALOG and isinstance(reply, bytes) and decode(reply)[0] == kind:
            changed.append(kind)
            return change(reply)
        return reply

    patch.setattr(worlds.Line, "request", request)
    return changed


def _held(node):
    return [(view.feed, view.size, view.products, view.offers, view.checkpoint) for view in node.read(browse.list_feeds)]


@pytest.fixture
def following_(world, shop, packed):  # noqa: F811
    """Ana has the first head; her file is lost and the next sync goes by packs; a change waits."""
    lumen, ana = shop
    publish(lumen)
    lumen.make_packs()
    world.deliver()
    assert same(ana, lumen)
    publish(lumen, line("late", "L1", "9.00"))
    return world, lumen, ana


def _again(world, ana, *, lost):
    """Everything is asked for anew; with `lost` from nothing."""
    if lost:
        ana.store.catalog.write_now(lambda writing: writing.forget(feed_id(ana)))
        ana.files.forget(feed_id(ana))
    ana.write(following.sync)
    world.sync(ana)


@pytest.mark.parametrize("kind", ANSWERED)
def test_an_answer_that_is_wrong_in_form_has_no_effect(following_, monkeypatch, kind):
    world, lumen, ana = following_
    lost = kind in ("catalog.manifest", "catalog.pack")
    if lost:
        _again(world, ana, lost=True)
    changes = [*((name, lambda reply, attack=attack: attack(reply, 0)) for name, attack in ATTACKS.items())]
    changes += [(f"cut at {at}", lambda reply, at=at: reply[: len(reply) * at // 7]) for at in range(7)]
    head = ana.read(lambda unit: unit.catalog.feed(feed_id(ana))).checkpoint_id
    for name, change in changes:
        with monkeypatch.context() as patch:
            changed = _tampering(patch, kind, change)
            before = _held(ana)
            _again(world, ana, lost=lost)
        found = ana.read(browse.list_feeds)[0]
        assert changed, name
        assert found.error in BOUNDED, (name, found.error)
        if not lost:
            assert _held(ana) == before, name
        assert ana.read(lambda unit: unit.catalog.feed(feed_id(ana))).checkpoint_id == head
    _again(world, ana, lost=lost)
    assert same(ana, lumen)  # the control: what was asked for, untouched


def _of_another(world, lumen):
    """What another merchant would give for its own feed, to whatever is asked."""
    other = world.node("other", "merchant")
    ben = world.node("ben")
    world.pair(other, ben)
    publish(other, line("x", "X1", "1.00"), line("y", "Y1", "2.00"))
    other.make_packs()
    del world.carried[:]
    world.deliver()
    return {decode(reply)[0]: reply for *_, body, reply in world.carried if isinstance(reply, bytes) and b"catalog." in body}


def test_answers_of_another_feed_replayed_ones_and_those_of_the_future_are_refused(following_, monkeypatch):
    world, lumen, ana = following_
    strange = _of_another(world, lumen)
    publish(lumen, line("later", "L2", "3.00"))
    head = ana.read(lambda unit: unit.catalog.feed(feed_id(ana)))
    ahead = replace(verify_checkpoint(head.checkpoint), size=head.size + 9, time=world.clock.now + 10**9)
    future = sign_checkpoint(lumen.keys.device, ahead).raw
    lies = {
        "another's page": ("catalog.page", lambda _: strange["catalog.page"]),
        "another's feeds": ("catalog.feeds-answer", lambda _: strange["catalog.feeds-answer"]),
        "a page for feeds": ("catalog.feeds-answer", lambda _: strange["catalog.page"]),
        "a page of the future": ("catalog.page", lambda reply: _with(reply, 0, future)),
        "the head it has, with other rows": ("catalog.page", lambda reply: _with(reply, 0, head.checkpoint)),
    }
    before = _held(ana)
    for name, (kind, change) in lies.items():
        with monkeypatch.context() as patch:
            changed = _tampering(patch, kind, change)
            _again(world, ana, lost=False)
        assert changed, name
        found = ana.read(browse.list_feeds)[0]
        assert found.error in BOUNDED, (name, found.error)
        assert _held(ana) == before, name
    _again(world, ana, lost=False)
    assert same(ana, lumen)


def _with(reply, number, value):
    kind, body = decode(reply)
    return encode([kind, encode({**decode(body), number: value})])


def test_valid_signatures_over_other_forms_of_the_same_bytes_are_refused(following_):
    """The signature is right; the envelope's map, or the record in it, is not in its one form. Control: the same, as it was signed."""
    postman, lumen, ana = following_
    raw = lumen.files.manifest(feed_id(ana))
    signed, signer = verify(raw, MANIFEST), lumen.keys.device
    content, body = decode(raw)[0], signed.envelope.body
    assert _signed_over(signer, content) == raw
    assert verify(raw, MANIFEST).read(Manifest)
    for change in (_without_length, lambda data: data + b"\0"):
        forms = [_signed_over(signer, change(content)), _signed_over(signer, to_bytes(replace(signed.envelope, body=change(body))))]
        for forged in forms:
            with pytest.raises(ProtocolError) as caught:
                verify(forged, MANIFEST).read(Manifest)
            assert caught.value.code in ("not-canonical", "malformed")
            lumen.files.publish(feed_id(ana), forged, frozenset())
            _again(postman, ana, lost=True)
            assert ana.read(browse.list_feeds)[0].offers == 0
    lumen.files.forget(feed_id(ana))
    lumen.make_packs()
    _again(postman, ana, lost=True)
    assert same(ana, lumen)


def _without_length(data):
    return b"\xbf" + data[1:] + b"\xff" if data[0] < 0xB8 else b"\xbf" + data[2:] + b"\xff"


def _signed_over(signer, content):
    """An envelope of whatever bytes, signed as any."""
    return encode([content, signer.sign(domain(MANIFEST) + content)])


def _questions(ana, feed):
    held = numbers([1, 2, 3])
    return {
        "feeds": FeedsRequest(),
        "since": SinceRequest(feed, 0, 0),
        "manifest": ManifestRequest(feed),
        "pack": PackRequest(feed, bytes(32)),
        "ranges": RangesRequest(feed, begin(held)),
        "entries": EntriesRequest(feed, (1, 2)),
        "hops": HopsRequest(feed, 1),
        "sections": SectionsRequest(feed, Division.BRAND),
        "proof": ProofRequest(feed, 1, 2),
        "heads": Heads((ana.read(lambda unit: unit.catalog.feed(feed)).checkpoint,)),
        "changed": CatalogChanged(feed, ana.read(lambda unit: unit.catalog.feed(feed)).checkpoint),
    }


@pytest.mark.parametrize("name", ["feeds", "since", "manifest", "pack", "ranges", "entries", "proof", "heads", "changed"])
def test_a_question_that_is_wrong_in_form_is_refused_and_changes_nothing(following_, name):
    world, lumen, ana = following_
    feed = feed_id(ana)
    question = pack(_questions(ana, feed)[name])
    receiver, sender = (ana, lumen) if name == "changed" else (lumen, ana)
    before = _held(receiver)
    wrong = [oversized(question, 0), indefinite(question, 0), loose(question, 0), *(question[: len(question) * at // 5] for at in range(5))]
    for body in wrong:
        with pytest.raises((ProtocolError, NodeError)) as caught:
            _ask(world, sender, receiver, body)
        assert caught.value.code in BOUNDED, caught.value.code
    assert _held(receiver) == before


@pytest.mark.parametrize("name", ["since", "manifest", "pack", "ranges", "entries", "proof"])
def test_a_question_for_another_feed_or_beyond_it_gets_a_code(following_, name):
    world, lumen, ana = following_
    question = _questions(ana, feed_id(ana))[name]
    log = "log" if name == "proof" else "feed"
    strange = [replace(question, **{log: bytes(32)})]
    if name == "since":
        strange += [replace(question, since=10**6), replace(question, known=10**6)]
    if name == "proof":
        strange += [replace(question, size=10**6)]
    for record in strange:
        with pytest.raises((ProtocolError, NodeError)) as caught:
            _ask(world, ana, lumen, pack(record))
        assert caught.value.code in ("unknown-feed", "no-manifest", "no-pack", "rollback", "too-different")


SERVED = ["since", "hops", "ranges", "entries", "sections"]


@pytest.mark.parametrize("name", [*SERVED, "proof"])
def test_whoever_neither_writes_nor_relays_a_feed_answers_nothing_of_it(following_, name):
    """Control: its writer answers, or says why not in another word."""
    world, lumen, ana = following_
    question = pack(_questions(ana, feed_id(ana))[name])
    ben = world.node("ben")
    world.pair(ana, ben)
    with pytest.raises(RemoteRefusal) as caught:
        _ask(world, ben, ana, question)
    assert caught.value.code == "unknown-feed"
    if name == "hops":
        with pytest.raises(RemoteRefusal, match="the writer shows one proof instead"):
            _ask(world, ana, lumen, question)
    else:
        assert _ask(world, ana, lumen, question)


@pytest.mark.parametrize("name", SERVED)
def test_a_catalog_file_that_is_behind_answers_nothing_yet(following_, name):
    """Control (above): once it is where the signed head says, the same question is answered."""
    world, lumen, ana = following_
    feed = feed_id(ana)

    def behind(writing):
        held = writing.held(feed)
        writing.advance(feed, held.size - 1, held.checkpoint)

    lumen.store.catalog.write_now(behind)
    with pytest.raises(RemoteRefusal) as caught:
        _ask(world, ana, lumen, pack(_questions(ana, feed)[name]))
    assert caught.value.code == "not-ready"


def test_nothing_is_unchanged_that_was_never_held(world, shop, monkeypatch):  # noqa: F811
    lumen, ana = shop
    publish(lumen)
    with monkeypatch.context() as patch:
        changed = _tampering(patch, "catalog.page", lambda _: pack(Unchanged()))
        world.deliver()
    row = ana.read(lambda unit: unit.catalog.feed(feed_id(ana)))
    assert changed
    assert (row.error, row.checkpoint, row.synced_at) == ("unexpected-reply", None, 0)
    _again(world, ana, lost=False)
    assert same(ana, lumen)


def _ask(world, sender, receiver, body):
    line_ = worlds.Line(world, sender)
    return worlds.finished(line_.request(receiver.peer, (), Topic.CATALOG, body, 5.0))
