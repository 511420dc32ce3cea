"""Every answer of the catalog topic × the seven ways it can be wrong, on its way to whoever asked: a named code, few questions, the catalog as before.

The cells are written as those of test_catalog_questions.py.
"""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from node.errors import NodeError
from node.files.picture import redrawn
from node.model.catalog import Span
from node.model.media import Shelf
from node.services import brand_relays, catalog, catalog_apply, catalog_choice
from node.services import catalog_following as following
from node.services.catalog_heads import ASK_AGAIN_MS
from node.services.media_exchange import MediaExchange, Wanted
from protocol import rows
from protocol.anchor import Heads
from protocol.catalog_sync import (
    EntriesRequest,
    ManifestRequest,
    Pack,
    PackRequest,
    Page,
    RangesRequest,
    SinceRequest,
)
from protocol.codec import to_bytes
from protocol.encoding import decode, encode
from protocol.envelope import sign, verify
from protocol.errors import ProtocolError
from protocol.feed import FeedsRequest
from protocol.kinds import Topic
from protocol.log import CHECKPOINT, SECTIONS, sign_checkpoint, verify_checkpoint
from protocol.media import MediaForm
from protocol.messages import KINDS, pack
from protocol.operations import Noun, element
from protocol.packs import MANIFEST, Manifest
from protocol.reconcile import begin, numbers
from protocol.sections import SectionsHead

from . import world as worlds
from .catalog_scene import ANY, CASES, DAY, bomb, got, longer, other_rows, put, signed_loosely
from .shop import file
from .test_catalog_questions import QUESTIONS


@contextmanager
def tampering(scene, kind, change, sender):
    """Every answer of a kind that a peer gives Ana is changed on its way; (how many were asked, how many changed)."""
    asked, changed = [], []
    genuine, carried, given = worlds.Line.request, worlds.World.carry, Giving.request

    def altered(reply):
        if isinstance(reply, bytes) and decode(reply)[0] == kind:
            changed.append(kind)
            return change(reply)
        return reply

    async def request(line_, peer, *rest):
        asked.append(peer)
        reply = await genuine(line_, peer, *rest)
        return altered(reply) if peer == sender.peer and line_.node is scene.ana else reply

    def carry(world, node, row):
        return altered(carried(world, node, row)) if row.peer == sender.peer else carried(world, node, row)

    async def give(line_, *rest):
        asked.append(rest)
        return altered(await given(line_, *rest))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worlds.Line, "request", request)
        patch.setattr(worlds.World, "carry", carry)
        patch.setattr(Giving, "request", give)
        yield asked, changed


def caught(scene, kind, of=None):
    """A genuine answer of that kind, as Nova, or whoever else, gives it."""
    nova = of or scene.nova
    del scene.world.carried[:]
    nova.make_packs()
    feed = scene.row(nova).feed
    for record in (
        SinceRequest(feed, 0, 0),
        ManifestRequest(feed),
        RangesRequest(feed, begin(numbers())),
        EntriesRequest(feed, (1, 2)),
        FeedsRequest(),
    ):
        scene.hand(scene.ana, nova, pack(record))
    manifest = verify(nova.files.manifest(feed), MANIFEST).read(Manifest)
    scene.hand(scene.ana, nova, pack(PackRequest(feed, manifest.packs[0].hash)))
    return next(reply for *_, reply in scene.world.carried if isinstance(reply, bytes) and decode(reply)[0] == kind)


def record_loosely(found):
    """Rows whose last record is the same in another form."""
    return [*found[:-1], found[-1]._replace(record=longer(found[-1].record))]


def truly_signed(scene, body):
    """A page with a record in another form, under a head that says so: its writer's signature and the state hash are right."""
    found = list(rows.read_rows(rows.unpress(got(body, 4))))
    state = scene.row(scene.lumen, scene.lumen).state
    old, new = ([element((row.noun, row.name), row.record)] for row in (found[-1], record_loosely(found)[-1]))
    head = scene.head(scene.lumen, state_hash=state.change(added=new, removed=old).digest)
    return put(other_rows(body, 4, record_loosely), 0, head)


def under(scene, number=0):
    """What can be wrong with the head in an answer."""
    lumen = scene.lumen
    return {
        "future-dated": [lambda body: put(body, number, scene.future(lumen))],
        "not canonical": [lambda body, raw=raw: put(body, number, raw) for raw in signed_loosely(scene.head(lumen), lumen.keys.device)],
    }


def pages(scene):
    scene.grow("8.00")
    scene.world.deliver()
    early = next(reply for *_, reply in reversed(scene.world.carried) if isinstance(reply, bytes) and decode(reply)[0] == "catalog.page")
    scene.grow("8.50")
    scene.world.deliver()
    scene.grow()
    theirs, heads = caught(scene, "catalog.page"), under(scene)
    return scene.again, scene.error, {
        "oversized": [lambda body: put(body, 4, bomb())],
        "truncated": [lambda body: put(body, 4, got(body, 4)[:-1])],
        "out of order": [lambda body: other_rows(body, 4, lambda found: found[::-1])],
        "replayed": [lambda _: early],
        "another feed": [lambda _: theirs],
        "future-dated": heads["future-dated"],
        "not canonical": [*heads["not canonical"], lambda body: truly_signed(scene, body)],
    }  # fmt: skip


def feeds(scene):
    def renamed(body):
        return put(body, 0, [*got(body, 0), decode(to_bytes(scene.row(scene.nova).record))])

    early = caught(scene, "catalog.feeds-answer", scene.lumen)
    item = scene.lumen.read(brand_relays.relayed)[0]
    bounds = signed_loosely(item.plans[0], scene.solis.keys.device)
    return scene.again, scene.error, {
        "oversized": [lambda body: put(body, 0, got(body, 0) * 65)],
        "out of order": [lambda body: put(body, 0, got(body, 0) * 2)],
        "replayed": [lambda _: early],
        "another feed": [renamed],
        "future-dated": [lambda body: put(body, 1, [decode(to_bytes(replace(item, plans=(dated(scene, item.plans[0]),))))])],
        "not canonical": [lambda body, raw=raw: put(body, 1, [decode(to_bytes(replace(item, plans=(raw,))))]) for raw in bounds],
    }  # fmt: skip


def dated(scene, raw):
    """The brand's bounds of tomorrow."""
    signed = verify(raw, "brand.plan")
    return sign(scene.solis.keys.device, "brand.plan", signed.body, created=scene.world.clock.now + DAY).raw


def unchanged(scene):
    return scene.again, scene.error, {}


def manifests(scene):
    scene.lumen.make_packs()
    early = scene.lumen.files.manifest(scene.row(scene.lumen).feed)
    for number in range(6):
        scene.grow(f"{number + 1}.50")
    scene.lumen.make_packs()
    raw, signer = scene.lumen.files.manifest(scene.row(scene.lumen).feed), scene.lumen.keys.device
    manifest, theirs = verify(raw, MANIFEST).read(Manifest), caught(scene, MANIFEST)

    tomorrow = sign_checkpoint(signer, replace(verify_checkpoint(manifest.checkpoint), time=scene.world.clock.now + DAY)).raw

    def message(raw):
        return lambda _: encode([MANIFEST, raw])

    def signed(record, later=0):
        head = verify_checkpoint(record.checkpoint)
        return sign(signer, MANIFEST, record, created=scene.world.clock.now + later, log=head.log, seq=head.size).raw

    return scene.lost, scene.error, {
        "out of order": [message(signed(replace(manifest, packs=manifest.packs[::-1])))],
        "replayed": [message(early)],
        "another feed": [lambda _: theirs],
        "future-dated": [message(signed(manifest, DAY)), message(signed(replace(manifest, checkpoint=tomorrow)))],
        "not canonical": [*map(message, signed_loosely(raw, signer))],
    }  # fmt: skip


def packs_(scene):
    scene.lumen.make_packs()
    theirs, feed = caught(scene, "catalog.pack"), scene.row(scene.lumen).feed
    manifest = verify(scene.lumen.files.manifest(feed), MANIFEST).read(Manifest)
    first = pack(Pack(scene.lumen.files.get(feed, manifest.packs[0].hash)))
    return scene.lost, scene.error, {
        "oversized": [lambda body: put(body, 0, bomb()), lambda body: put(body, 0, bytes(rows.MAX_PRESSED_BYTES + 1))],
        "truncated": [lambda body: put(body, 0, got(body, 0)[:-1])],
        "out of order": [lambda body: other_rows(body, 0, lambda found: found[::-1])],
        "replayed": [lambda _: first],
        "another feed": [lambda _: theirs],
        "not canonical": [lambda body: other_rows(body, 0, record_loosely)],
    }  # fmt: skip


def compared(scene, kind, number):
    """Answers of which a head is the first part, and what is compared under it the second."""
    scene.spoil()
    scene.grow("8.00")
    early = []
    with tampering(scene, kind, lambda body: early.append(body) or body, scene.lumen):
        scene.again()
    scene.grow("8.50")
    scene.again()
    scene.spoil()
    scene.grow()
    theirs, heads = caught(scene, kind), under(scene)
    return scene.again, scene.error, {
        "truncated": [lambda body: put(body, number, got(body, number)[:-1])],
        "replayed": [lambda _: early[0]],
        "another feed": [lambda _: theirs],
        **heads,
    }  # fmt: skip


def ranges(scene):
    again, error, wrong = compared(scene, "catalog.ranges", 2)
    return again, error, wrong | {
        "oversized": [lambda body: put(body, 2, encode([[number + 1, 0, None] for number in range(40_000)]))],
        "out of order": [lambda body: put(body, 2, encode([[9, 0, None], [8, 0, None]]))],
        "not canonical": [*wrong["not canonical"], lambda body: put(body, 2, longer(got(body, 2)))],
    }  # fmt: skip


def entries(scene):
    again, error, wrong = compared(scene, "catalog.entries", 2)
    return again, error, wrong | {
        "oversized": [lambda body: put(body, 2, bomb())],
        "out of order": [lambda body: other_rows(body, 2, lambda found: found[::-1])],
        "not canonical": [*wrong["not canonical"], lambda body: other_rows(body, 2, record_loosely)],
    }  # fmt: skip


def hops(scene):
    """Ana was away while the brand signed more heads than a page shows."""
    ana, solis = scene.ana, scene.solis
    ana.online = False
    for number in range(6):
        scene.solis.write(catalog.import_products, file=file(cream=5200, **{f"balm{number}": 900}), currency="USD")
        scene.deliver()
    ana.online = True
    ours, raw = scene.row(scene.lumen).checkpoint, scene.row(solis, scene.lumen).checkpoint

    def first(body, head):
        return put(body, 0, [{**got(body, 0)[0], 0: head}, *got(body, 0)[1:]])

    def later(body):
        head = verify_checkpoint(got(body, 0)[0][0])
        return first(body, sign_checkpoint(solis.keys.device, replace(head, time=scene.world.clock.now + DAY)).raw)

    early = []
    with tampering(scene, "catalog.hops", lambda body: early.append(body) or first(body, b""), scene.lumen):
        scene.again()
    return scene.again, lambda: scene.row(solis).error, {
        "oversized": [lambda body: put(body, 0, got(body, 0) * 200)],
        "out of order": [lambda body: put(body, 0, got(body, 0)[::-1])],
        "replayed": [lambda body: put(body, 0, got(body, 0) + got(body, 0))],
        "another feed": [lambda body: first(body, ours)],
        "future-dated": [later],
        "not canonical": [lambda body, form=form: first(body, form) for form in signed_loosely(raw, solis.keys.device)],
    }  # fmt: skip


def parts(scene):
    """Ana follows a brand of Lumen's alone."""
    scene.ana.write(catalog_choice.choose, feed=scene.row(scene.lumen).feed, division="brand", names=("Shop",))
    scene.world.deliver()
    scene.grow("8.00")
    scene.world.deliver()
    early = got(next(reply for *_, reply in reversed(scene.world.carried) if isinstance(reply, bytes) and b"catalog.sections" in reply), 8)
    scene.grow()
    lumen, nova = scene.lumen, scene.nova

    def proof(body, number, value):
        return put(body, 8, {**got(body, 8), number: value})

    def head(later=0, by=lumen, **changes):
        def run(body):
            signed = verify(got(body, 8)[0], SECTIONS)
            made = replace(signed.read(SectionsHead), **changes)
            return proof(body, 0, sign(by.keys.device, SECTIONS, made, created=made.time + later, log=made.feed, seq=made.size).raw)

        return run

    return scene.again, scene.error, {
        "oversized": [lambda body: proof(body, 2, got(body, 8)[2] * 1_001)],
        "truncated": [lambda body: proof(body, 2, [])],
        "out of order": [lambda body: proof(body, 2, got(body, 8)[2] * 2)],
        "replayed": [lambda body: put(body, 8, early)],
        "another feed": [head(feed=scene.row(nova).feed), head(by=nova)],
        "future-dated": [head(DAY)],
        "not canonical": [lambda body, at=at: proof(body, 0, signed_loosely(got(body, 8)[0], lumen.keys.device)[at]) for at in range(2)],
    }  # fmt: skip


def listings(scene):
    seen, first = [], []

    def ask():
        seen.clear()
        first.clear()
        try:
            feed = scene.row(scene.lumen).feed
            worlds.finished(catalog_choice.list_sections(Reading(scene.ana), worlds.Line(scene.world, scene.ana), feed))
        except (ProtocolError, NodeError) as error:
            seen.append(error.code)

    def endless(body):
        first.append(put(body, 0, 10**6))
        return first[0]

    return ask, lambda: "".join(seen), {
        "out of order": [lambda body: put(body, 2, [{0: "b", 2: 1, 4: 1}, {0: "a", 2: 1, 4: 1}])],
        "replayed": [endless],
    }  # fmt: skip


class Reading:
    def __init__(self, node) -> None:
        self.node = node

    async def read(self, run, *args):
        return self.node.read(run, *args)


def media(scene):
    product, named = scene.pictured()
    content = scene.files(scene.lumen).get(Shelf.OWN, named.full)
    seen = []

    def ask():
        exchange = MediaExchange(scene.ana.store, scene.files(scene.ana), Giving(scene), redrawn)
        worlds.finished(exchange.bring(Wanted(product, named.full, MediaForm.FULL)))
        seen[:] = [failure.code for failure in exchange.failures]

    return ask, lambda: "".join(seen), {
        "oversized": [lambda body: put(body, 0, 5_000_000), lambda body: put(body, 2, content * 2)],
        "truncated": [lambda body: put(put(body, 0, len(content) - 1), 2, content[:-1])],
        "out of order": [lambda body: put(body, 2, content[9:] + content[:9])],
        "replayed": [lambda body: put(put(body, 0, 4_000_000), 2, b"x")],
        "another feed": [lambda body: put(put(body, 0, 3), 2, b"abc")],
    }  # fmt: skip


class Giving:
    """The line over which Lumen gives pictures."""

    def __init__(self, scene) -> None:
        self.scene = scene

    async def request(self, _peer, _addresses, _topic, body, _deadline):
        lumen = self.scene.lumen
        return await MediaExchange(lumen.store, self.scene.files(lumen), None, redrawn).answer(Topic.CATALOG, body)


def proofs(scene):
    """Ana was told of a head between two that she took: Lumen is asked for the proof."""
    scene.ana.online = False
    scene.grow("8.00")
    between = scene.row(scene.lumen, scene.lumen).checkpoint
    scene.ana.online = True
    scene.grow()
    scene.deliver()
    scene.hand(scene.nova, scene.ana, pack(Heads((between,))))

    def ask():
        scene.world.tick(ASK_AGAIN_MS)
        scene.world.deliver()

    def code():
        sql = "SELECT code FROM outbox WHERE instr(body, CAST('catalog.proof' AS BLOB)) ORDER BY seq DESC LIMIT 1"
        return scene.ana.read(lambda unit: unit.db.execute(sql).fetchone()[0]) or ""

    return ask, code, {
        "oversized": [lambda body: put(body, 0, [bytes(32)] * 65)],
        "truncated": [lambda body: put(body, 0, got(body, 0)[1:])],
        "out of order": [lambda body: put(body, 0, [*got(body, 0)[::-1], bytes(32)])],
        "replayed": [lambda body: put(body, 0, [])],
        "another feed": [lambda body: put(body, 0, [bytes(32)] * 5)],
    }  # fmt: skip


ANSWERS = {
    # kind: how it comes about; oversized, truncated, out of order, replayed, another feed, future-dated, not canonical
    "catalog.feeds-answer": (feeds, "too-large malformed", "malformed", "=", "=", "wrong-identity", "future-dated", "not-canonical"),
    "catalog.unchanged": (unchanged, "too-large", "malformed", "-", "-", "-", "-", "not-canonical"),  # names nothing (test_catalog_heads.py)
    "catalog.page": (pages, "too-large", "malformed", "bad-page", "rollback", "wrong-log", "future-dated", "not-canonical"),
    "catalog.page of a part": (
        parts, "too-large malformed", "malformed bad-proof", "bad-proof", "wrong-size", "not-live wrong-log", "future-dated", "not-canonical",
    ),
    "catalog.hops": (hops, "too-large malformed", "malformed", "bad-proof", "no-progress", "wrong-log", "future-dated", "not-canonical"),
    "catalog.manifest": (manifests, "too-large", "malformed", "bad-pack", "=", "not-live", "future-dated", "not-canonical"),
    "catalog.pack": (packs_, "too-large wrong-pack", "malformed wrong-pack", "wrong-pack", "wrong-pack", "wrong-pack", "-", "not-canonical wrong-pack"),
    "catalog.ranges": (ranges, "too-large malformed", "malformed", "malformed", "rollback", "wrong-log", "future-dated", "not-canonical"),
    "catalog.entries": (entries, "too-large", "malformed", "bad-page", "rollback", "wrong-log", "future-dated", "not-canonical"),
    "catalog.section-list": (listings, "too-large", "malformed", "no-progress", "no-progress", "-", "-", "not-canonical"),  # proves nothing
    "catalog.media": (
        media, "too-large malformed bad-media", "malformed wrong-media", "wrong-media", "bad-media", "wrong-media", "-", "not-canonical",
    ),
    "catalog.proof-answer": (proofs, "too-large malformed", "malformed =", "=", "=", "=", "-", "not-canonical"),  # proves, or nothing comes of it
}  # fmt: skip
MOST_ASKED = 64  # questions, whatever is answered


def test_no_kind_of_the_topic_is_missing_here():
    kinds = {kind.name for kind in KINDS.values() if kind.topic is Topic.CATALOG}
    assert {*QUESTIONS, *(kind.split()[0] for kind in ANSWERS)} == kinds


def tried(scene, kind, change, ask, error):
    """What an altered answer is called, and whether it left all as it was; where she had nothing, what came is part of the true catalog."""
    before = scene.held(scene.ana)
    with tampering(scene, kind.split()[0], change, scene.lumen) as (asked, changed):
        ask()
    assert changed
    assert len(asked) <= MOST_ASKED
    after, feed = scene.held(scene.ana), scene.row(scene.lumen).feed
    if ask == scene.lost:
        true = set(scene.held(scene.lumen)[0][feed][-1])
        assert set(after[0][feed][-1]) <= true
        before, after = ({other: row[:-1] for other, row in held[0].items()} for held in (before, after))
    return error() or "=", after == before


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_that_is_wrong_is_named_and_changes_nothing(scene, monkeypatch, kind):
    """Control: untouched it is taken, and nothing is said."""
    monkeypatch.setattr(brand_relays, "MOST_HOPS", 2)
    make, *outcomes = ANSWERS[kind]
    ask, error, wrong = make(scene)
    for case, outcome in zip(CASES, outcomes, strict=True):
        every = ANY.get(case, lambda _: [])
        general = [lambda body, at=at, every=every: every(body)[at] for at in range(len(every(encode(["", b"\xa0"]))))]
        found = [tried(scene, kind, change, ask, error) for change in [*general, *wrong.get(case, ())]]
        assert {code for code, _ in found} == set(outcome.split()) - {"-"}, case
        assert all(same for _, same in found) or "=" in outcome.split(), case
    ask()
    assert error() == ""
    if ask in (scene.again, scene.lost):
        feed = scene.row(scene.lumen).feed
        assert scene.held(scene.ana)[0][feed][-1] == scene.held(scene.lumen)[0][feed][-1]


@pytest.mark.parametrize(
    ("case", "fault"),
    [
        ("out of order", (Page, "read", lambda page, _: rows.read_rows(rows.unpress(page.rows)))),
        ("another feed", (following, "check_head", lambda _unit, _feed, raw, *_: verify_checkpoint(raw))),
        ("future-dated", (following, "check_time", lambda *_: None)),
        ("not canonical", (catalog_apply, "checked", lambda _, found: list(found))),
    ],
)
def test_the_control_a_check_that_is_left_out_is_seen(scene, monkeypatch, case, fault):
    make, *outcomes = ANSWERS["catalog.page"]
    ask, error, wrong = make(scene)
    monkeypatch.setattr(*fault)
    assert tried(scene, "catalog.page", wrong[case][-1], ask, error) != (outcomes[CASES.index(case)], True)


def test_a_record_in_another_form_that_its_writer_signed_by_packs_too_is_named(scene):
    """Manifest, packs, head and state hash are right, and by the writer: only the record is not in its one form."""
    lumen, feed = scene.lumen, scene.row(scene.lumen).feed
    good = next(row for row in lumen.read(lambda unit: list(unit.catalog.slots(feed, Span()))) if row.noun is Noun.PRODUCT)
    bad, known = good._replace(record=longer(good.record)), scene.row(lumen, lumen)
    state = known.state.change(added=[element(bad[1:3], bad.record)], removed=[element(good[1:3], good.record)])
    raw = scene.head(lumen, state_hash=state.digest)

    def lie(writing):
        writing.apply(feed, [bad])
        writing.advance(feed, known.size, raw)

    lumen.store.catalog.write_now(lie)
    changed = replace(known, checkpoint=raw, checkpoint_id=verify(raw, CHECKPOINT).id, state=state)
    lumen.write(lambda unit: unit.catalog.keep_feed(changed))
    lumen.make_packs()
    ben = scene.world.node("ben")
    scene.world.pair(lumen, ben)
    scene.world.deliver()
    assert any(b"catalog.pack-request" in body for *_, body, _ in scene.world.carried)
    assert ben.audit() == 2
    assert ben.read(lambda unit: unit.catalog.held(feed).products) == 0
    scene.world.sync(ben)
    assert scene.row(lumen, ben).error == "not-canonical"
    assert ben.read(lambda unit: unit.catalog.held(feed).products) == 0
