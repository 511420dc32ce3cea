"""Every question and notice of the catalog topic × the seven ways it can be wrong, handed to whoever takes it: a named code, nothing changed.

Each cell says what comes of it: a code, `=` where it is taken and changes nothing, `-` where the message has no such thing.
"""

from dataclasses import replace

import pytest

from node.services import catalog_following as following
from protocol.anchor import TYPE as ANCHORER
from protocol.anchor import Anchorer, Heads, ProofRequest
from protocol.catalog_sync import (
    EntriesRequest,
    HopsRequest,
    ManifestRequest,
    PackRequest,
    RangesRequest,
    SectionsRequest,
    SinceRequest,
)
from protocol.encoding import encode
from protocol.envelope import sign
from protocol.feed import CatalogChanged, FeedsRequest
from protocol.kinds import Topic
from protocol.log import sign_checkpoint, verify_checkpoint
from protocol.media import MediaForm, MediaRequest
from protocol.messages import pack, unpack
from protocol.performance import Performance
from protocol.plan import TYPE as PLAN
from protocol.reconcile import begin, numbers
from protocol.sections import Division

from .catalog_scene import ANY, CASES, DAY, longer, put, signed_loosely


def questions(scene):
    """Kind → (sender, receiver, message, what else is wrong by case)."""
    ana, lumen, nova, solis, now = scene.ana, scene.lumen, scene.nova, scene.solis, scene.world.clock.now
    feed, strange, size = scene.row(lumen).feed, bytes(32), scene.row(lumen).size
    brands = scene.row(solis).feed
    ranges = RangesRequest(feed, begin(numbers([1, 2, 3])))
    product, named = scene.pictured()
    media = MediaRequest(product, named.full, MediaForm.FULL, 0)
    head = scene.row(lumen).checkpoint
    changed = CatalogChanged(feed, head)
    [plan], [theirs] = ([found.plan for found in node.read(lambda unit: unit.catalog.plans(unit.me.identity))] for node in (lumen, nova))
    [bounds, *_] = [found.bounds for found in solis.read(lambda unit: unit.brands.plans())]
    report = Performance(lumen.identity, brands, "2023-09", 2, 1, 1, ())
    anchorer = Anchorer(lumen.identity, 1, bytes(20), bytes(20))

    def by(node, type_, record, created=now):
        return sign(node.keys.device, type_, record, created=created)

    def loosely(made):
        """A message that is signed, in other forms."""
        return [encode([made.envelope.type, raw]) for raw in signed_loosely(made.raw, Signing(scene, made))]

    def among(make, raw, node):
        return [pack(make(form)) for form in signed_loosely(raw, node.keys.device)]

    asked = {
        FeedsRequest(): {},
        SinceRequest(feed, 0, 0): {
            "another feed": [SinceRequest(strange, 0, 0)],
            "future-dated": [SinceRequest(feed, 10**6, 0), SinceRequest(feed, 0, 10**6)],
        },
        ManifestRequest(feed): {"another feed": [ManifestRequest(strange)]},
        PackRequest(feed, bytes(32)): {"another feed": [PackRequest(strange, bytes(32))]},
        ranges: {
            "oversized": [replace(ranges, ranges=encode([[number + 1, 0, None] for number in range(40_000)]))],
            "truncated": [replace(ranges, ranges=ranges.ranges[:-1])],
            "out of order": [replace(ranges, ranges=encode([[9, 0, None], [8, 0, None]]))],
            "another feed": [replace(ranges, feed=strange)],
            "not canonical": [replace(ranges, ranges=longer(ranges.ranges))],
        },
        EntriesRequest(feed, (1, 2)): {
            "oversized": [put(pack(EntriesRequest(feed, (1,))), 2, [*range(1, 5_000)])],
            "out of order": [EntriesRequest(feed, (2, 1, 2))],
            "another feed": [EntriesRequest(strange, (1,))],
            "future-dated": [EntriesRequest(feed, (10**6,))],
        },
        HopsRequest(brands, 1): {"another feed": [HopsRequest(strange, 1)], "future-dated": [HopsRequest(brands, 10**6)]},
        SectionsRequest(feed, Division.BRAND): {"another feed": [SectionsRequest(strange, Division.BRAND)]},
        ProofRequest(feed, 1, size): {
            "out of order": [ProofRequest(feed, size, 1)],
            "another feed": [ProofRequest(strange, 1, 2)],
            "future-dated": [ProofRequest(feed, 1, 10**6)],
        },
        media: {
            "out of order": [replace(media, offset=4_000_000)],
            "another feed": [replace(media, product=strange), replace(media, hash=strange)],
        },
    }
    found = {unpack(Topic.CATALOG, pack(record)).kind.name: (ana, lumen, record, wrong) for record, wrong in asked.items()}
    return found | {
        "catalog.changed": (lumen, ana, changed, {
            "another feed": [CatalogChanged(feed, scene.row(nova).checkpoint)],
            "future-dated": [CatalogChanged(feed, scene.future(lumen))],
            "not canonical": among(lambda raw: CatalogChanged(feed, raw), head, lumen),
        }),
        "catalog.heads": (nova, ana, Heads((head,)), {
            "oversized": [put(pack(Heads((head,))), 0, [head] * 65)],
            "out of order": [Heads((scene.head(lumen, size=size + 2), head))],
            "another feed": [Heads((sign_checkpoint(nova.keys.device, verify_checkpoint(head)).raw,))],
            "future-dated": [Heads((scene.future(lumen),))],
            "not canonical": among(lambda raw: Heads((raw,)), head, lumen),
        }),
        PLAN: (lumen, ana, by(lumen, PLAN, plan), {
            "another feed": [by(lumen, PLAN, theirs), by(nova, PLAN, theirs)],
            "future-dated": [by(lumen, PLAN, replace(plan, version=plan.version + 1), now + DAY)],
            "not canonical": loosely(by(lumen, PLAN, plan)),
        }),
        "brand.plan": (solis, lumen, by(solis, "brand.plan", bounds), {
            "another feed": [by(nova, "brand.plan", replace(bounds, name="taken"))],
            "future-dated": [by(solis, "brand.plan", replace(bounds, version=9), now + DAY)],
            "not canonical": loosely(by(solis, "brand.plan", bounds)),
        }),
        "brand.performance": (lumen, solis, by(lumen, "brand.performance", report), {
            "out of order": [by(lumen, "brand.performance", replace(report, version=1))],
            "another feed": [by(lumen, "brand.performance", replace(report, feed=feed))],
            "future-dated": [by(lumen, "brand.performance", replace(report, version=3), now + DAY)],
            "not canonical": loosely(by(lumen, "brand.performance", report)),
        }),
        ANCHORER: (lumen, ana, by(lumen, ANCHORER, anchorer), {
            "out of order": [by(lumen, ANCHORER, replace(anchorer, address=bytes(19) + b"x"), now - DAY)],
            "another feed": [by(lumen, ANCHORER, replace(anchorer, identity=nova.identity)), by(nova, ANCHORER, anchorer)],
            "future-dated": [by(lumen, ANCHORER, anchorer, now + DAY)],
            "not canonical": loosely(by(lumen, ANCHORER, anchorer)),
        }),
    }  # fmt: skip


class Signing:
    """The key of whoever signed a message."""

    def __init__(self, scene, made) -> None:
        [node] = [node for node in scene.world.nodes.values() if node.keys.device.public == made.envelope.author]
        self.sign = node.keys.device.sign


QUESTIONS = {
    # kind: oversized, truncated, out of order, replayed, another feed, future-dated, not canonical
    "catalog.feeds": ("too-large", "malformed", "-", "=", "-", "-", "not-canonical"),  # names nothing
    "catalog.since": ("too-large", "malformed", "-", "=", "unknown-feed", "rollback", "not-canonical"),
    "catalog.manifest-request": ("too-large", "malformed", "-", "=", "no-manifest", "-", "not-canonical"),
    "catalog.pack-request": ("too-large", "malformed", "-", "=", "no-pack", "-", "not-canonical"),
    "catalog.ranges-request": ("too-large malformed", "malformed", "malformed", "=", "unknown-feed", "-", "not-canonical"),
    "catalog.entries-request": (
        "too-large malformed",
        "malformed",
        "=",
        "=",
        "unknown-feed",
        "=",
        "not-canonical",
    ),  # who asks for what isn't gets less
    "catalog.hops-request": ("too-large", "malformed", "-", "=", "unknown-feed", "rollback", "not-canonical"),
    "catalog.sections-request": ("too-large", "malformed", "-", "=", "unknown-feed", "-", "not-canonical"),
    "catalog.proof": ("too-large", "malformed", "rollback", "=", "unknown-feed", "rollback", "not-canonical"),
    "catalog.media-request": ("too-large", "malformed", "bad-media", "=", "no-media", "-", "not-canonical"),
    "catalog.changed": ("too-large", "malformed", "-", "=", "wrong-log", "= future-dated", "not-canonical"),  # its feed says so
    "catalog.heads": ("too-large malformed", "malformed", "=", "=", "not-live", "future-dated", "not-canonical"),
    "plan": ("too-large", "malformed", "-", "=", "wrong-identity not-live", "future-dated", "not-canonical"),
    "brand.plan": ("too-large", "malformed", "-", "=", "not-live", "future-dated", "not-canonical"),
    "brand.performance": ("too-large", "malformed", "rollback", "=", "unknown-feed", "future-dated", "not-canonical"),
    "catalog.anchorer": ("too-large", "malformed", "replayed", "=", "wrong-identity not-live", "future-dated", "not-canonical"),
}


@pytest.mark.parametrize("kind", QUESTIONS)
def test_a_question_or_notice_that_is_wrong_is_named_and_changes_nothing(scene, kind):
    """Control: the message itself is taken, before and after."""
    sender, receiver, record, wrong = questions(scene)[kind]
    body = pack(record)
    first = scene.hand(sender, receiver, body)
    before = scene.held(receiver)
    for case, outcome in zip(CASES, QUESTIONS[kind], strict=True):
        bodies = [*ANY.get(case, lambda _: [])(body), *(made if isinstance(made, bytes) else pack(made) for made in wrong.get(case, ()))]
        assert bool(bodies or case == "replayed") == (outcome != "-"), case
        seen = {scene.hand(sender, receiver, found) for found in bodies}
        if case == "replayed":
            seen = {scene.hand(sender, receiver, body)} - {first} or {"="}
        codes = {"=" if found.startswith("answer:") else found for found in seen}
        said = scene.row(scene.lumen).error
        assert codes | ({said} if said else set()) == set(outcome.split()) - {"-"}, case
        scene.ana.write(following.accept, scene.row(scene.lumen).feed)  # what it said is read
        after = scene.held(receiver)
        assert after[:3] + after[4:] == before[:3] + before[4:], case
        assert len(after[3]) <= len(before[3]) + 1, case  # a head of a size to come is kept to be compared
    assert scene.hand(sender, receiver, body) == first
