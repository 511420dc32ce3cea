"""Every message of the catalog topic, cut at every byte: none is taken for a whole one, none under another topic."""

import pytest
from make_brand import BOUNDS, REPORT
from parts import NOW, Key, named
from sale import PLAN

from protocol import anchor, catalog_sync, feed, log, media, packs, sections
from protocol.envelope import sign
from protocol.errors import ProtocolError
from protocol.kinds import Topic
from protocol.messages import KINDS, pack, unpack
from protocol.operations import Noun
from protocol.rows import Row, pressed
from protocol.state_hash import StateHash

LUMEN, FEED = Key("lumen"), named("feed")
HEAD = log.sign_checkpoint(LUMEN, log.Checkpoint(FEED, 9, named("root"), StateHash().digest, NOW)).raw
ROWS = [Row(seq, Noun.PRODUCT, f"p{seq}", bytes([seq]) * 40) for seq in range(1, 4)]
PART = sections.Part(sections.Division.BRAND, ("", "Lumen"))
MADE = sections.Sections(PART.division, [sections.SectionLeaf(f"Brand {number}", 1, bytes(32)) for number in range(9)])
PROOF = MADE.prove(MADE.sign(LUMEN, FEED, 9, time=NOW), PART.names)
CATALOG = feed.Feed(named("lumen identity"), "catalog", "USD")
ENTRY, PACKED = next(packs.make_packs(ROWS))
MESSAGES = (
    feed.FeedsRequest(),
    feed.FeedsAnswer((CATALOG,)),
    feed.CatalogChanged(FEED, HEAD),
    catalog_sync.SinceRequest(FEED, 5, 4, bytes(32), PART),
    catalog_sync.Unchanged(),
    catalog_sync.page(HEAD, 9, [bytes(32)], ROWS, PROOF),
    catalog_sync.HopsRequest(FEED, 3),
    catalog_sync.Hops((feed.Hop(HEAD, (bytes(32),)),)),
    catalog_sync.ManifestRequest(FEED),
    packs.sign_manifest(LUMEN, packs.Manifest(HEAD, StateHash().to_bytes(), (ENTRY,)), time=NOW),
    catalog_sync.PackRequest(FEED, ENTRY.hash),
    catalog_sync.Pack(PACKED),
    catalog_sync.RangesRequest(FEED, b"ranges", PART),
    catalog_sync.Ranges(HEAD, b"ranges"),
    catalog_sync.EntriesRequest(FEED, (1, 2)),
    catalog_sync.Entries(HEAD, pressed(ROWS), 3),
    catalog_sync.SectionsRequest(FEED, PART.division, "Lumen"),
    catalog_sync.SectionList(1, (catalog_sync.ListedSection("Lumen", 2, 1_200),)),
    media.MediaRequest(FEED, bytes(32), media.MediaForm.FULL, 0),
    media.Media(9, b"a picture"),
    anchor.Heads((HEAD,)),
    anchor.ProofRequest(FEED, 3, 9),
    anchor.ProofAnswer((bytes(32),)),
)
SIGNED = {
    "brand.plan": BOUNDS,
    "brand.performance": REPORT,
    "catalog.anchorer": anchor.Anchorer(named("lumen"), 1337, named("contract", 20), named("address", 20)),
    "plan": PLAN,
}
"""Records of other nouns that travel here too."""


def kind_of(body):
    return unpack(Topic.CATALOG, body).kind.name


BODIES = [pack(message) for message in MESSAGES] + [pack(sign(LUMEN, name, record, created=NOW)) for name, record in SIGNED.items()]


def test_no_kind_of_the_topic_is_missing_here():
    assert {kind_of(body) for body in BODIES} == {kind.name for kind in KINDS.values() if kind.topic is Topic.CATALOG}


@pytest.mark.parametrize("body", BODIES, ids=map(kind_of, BODIES))
def test_each_cut_of_each_message_is_refused(body):
    for end in range(len(body)):
        with pytest.raises(ProtocolError):
            unpack(Topic.CATALOG, body[:end])
    with pytest.raises(ProtocolError):
        unpack(Topic.CATALOG, body + b"\x00")
    with pytest.raises(ProtocolError):
        unpack(Topic.ORDER, body)
