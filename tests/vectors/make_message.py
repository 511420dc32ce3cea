"""Vectors of the messages about catalogs, as they travel: a kind and a body; each taken as it is, and refused with one fault."""

from typing import Any

from make_brand import BOUNDS, REPORT
from make_catalog import FEED, SERUM
from parts import NOW, Key, Made, bad, good, named
from sale import PLAN

from protocol import anchor, catalog_sync, feed, packs
from protocol.codec import to_bytes, to_tree
from protocol.encoding import encode
from protocol.envelope import sign
from protocol.media import Media, MediaForm, MediaRequest
from protocol.messages import KINDS, pack
from protocol.operations import Noun, put
from protocol.product import product_id
from protocol.reconcile import begin, numbers
from protocol.rows import Press, Row
from protocol.sections import Division, Part
from protocol.state_hash import StateHash

ANA = Key("ana")
HEAD = named("the bytes of a signed head")
OF_LUMEN = Part(Division.BRAND, ("Lumen", "Noir"))
ENTRY = packs.PackEntry(named("a pack"), 1, 90, Noun.PRODUCT, "serum")
_MANY = {0: FEED.id, 2: [1] * (catalog_sync.MOST_ENTRIES + 1)}
MANIFEST = packs.Manifest(HEAD, StateHash().to_bytes(), (ENTRY,))


def _rows() -> bytes:
    press = Press()
    operation = put(SERUM)
    press.add(Row(1, *operation.slot, operation.record))
    return press.close()


def _plain() -> dict[str, Any]:
    """A record of each kind that is not signed."""
    ranges = begin(numbers([1, 2, 5]))
    records = (
        feed.FeedsRequest(),
        feed.FeedsAnswer((FEED,)),
        feed.CatalogChanged(FEED.id, HEAD),
        catalog_sync.SinceRequest(FEED.id, 7, 7, named("a head"), OF_LUMEN, Part(Division.BRAND, ("Noir",))),
        catalog_sync.Unchanged(),
        catalog_sync.Page(HEAD, (named("a node of the tree"),), _rows(), 1, hops=(feed.Hop(HEAD, ()),)),
        catalog_sync.HopsRequest(FEED.id, 7),
        catalog_sync.Hops((feed.Hop(HEAD, (named("a node of the tree"),)),)),
        catalog_sync.ManifestRequest(FEED.id),
        catalog_sync.PackRequest(FEED.id, named("a pack")),
        catalog_sync.Pack(_rows()),
        catalog_sync.RangesRequest(FEED.id, ranges, OF_LUMEN),
        catalog_sync.Ranges(HEAD, ranges),
        catalog_sync.EntriesRequest(FEED.id, (1, 5)),
        catalog_sync.Entries(HEAD, _rows(), 5),
        catalog_sync.SectionsRequest(FEED.id, Division.CATEGORY, "Care"),
        catalog_sync.SectionList(2, (catalog_sync.ListedSection("Skin", 3, 900),)),
        MediaRequest(product_id(to_bytes(SERUM)), named("a picture"), MediaForm.THUMBNAIL, 0),
        Media(100, bytes(100)),
        anchor.ProofRequest(FEED.id, 3, 7),
        anchor.ProofAnswer((named("a node of the tree"),)),
        anchor.Heads((HEAD,), (HEAD,)),
    )
    names = {kind.record: kind.name for kind in KINDS.values()}
    return {names[type(record)]: record for record in records}


def _signed() -> dict[str, Any]:
    """A record of each kind that is signed."""
    who = anchor.Anchorer(named("lumen identity"), 1337, named("a contract", 20), named("an address", 20))
    return {"brand.plan": BOUNDS, "brand.performance": REPORT, "plan": PLAN, "catalog.anchorer": who, "catalog.manifest": MANIFEST}


def messages() -> list[Made]:
    made = []
    for name, record in _plain().items():
        raw, tree = pack(record), to_tree(record)
        made.append(good("message", f"{name}, as it travels", message=raw))
        made.append(bad("unknown-key", "message", f"{name} with an even key that is not known", message=_body(name, {**tree, 254: 1})))
        made.append(bad("malformed", "message", f"{name} with a byte after it", message=encode([name, to_bytes(record) + b"\0"])))
        made.append(
            bad("not-canonical", "message", f"{name} whose length takes two bytes", message=encode([name, _long(to_bytes(record))]))
        )
        if tree:
            made.append(bad("missing-key", "message", f"{name} without its first key", message=_body(name, _without_first(tree))))
    for name, record in _signed().items():
        signed = sign(ANA, name, record, created=NOW)
        made.append(good("message", f"{name}, as it travels", message=pack(signed)))
        torn = bytearray(signed.raw)
        torn[-1] ^= 1
        made.append(bad("bad-signature", "message", f"{name} with a bit of its signature turned", message=encode([name, bytes(torn)])))
        made.append(bad("wrong-domain", "message", f"{name} under the signature of another kind", message=encode([name, _other(name)])))
    raw = pack(catalog_sync.ManifestRequest(FEED.id))
    return [
        *made,
        bad("unknown-kind", "message", "a kind of another topic", message=encode(["order.accepted", b""])),
        bad("unknown-kind", "message", "a kind that there is not", message=encode(["catalog.gossip", b""])),
        bad("malformed", "message", "heads between, and none of them", message=_body("catalog.hops", {0: []})),
        bad("malformed", "message", "heads of sections, and none of them", message=_body("catalog.heads", {0: [], 1: []})),
        bad("malformed", "message", "more entries than are asked for at once", message=_body("catalog.entries-request", _MANY)),
        bad("malformed", "message", "cut short", message=raw[:-1]),
        bad("malformed", "message", "three parts", message=encode(["catalog.manifest-request", b"", b""])),
    ]


def _body(name: str, tree: dict[int, Any]) -> bytes:
    return encode([name, encode(tree)])


def _long(raw: bytes) -> bytes:
    """The same map, with its length in a byte of its own."""
    return bytes([0xB8, raw[0] & 0x1F]) + raw[1:]


def _without_first(tree: dict[int, Any]) -> dict[int, Any]:
    return {key: value for key, value in tree.items() if key != min(tree)}


def _other(name: str) -> bytes:
    other = next(kind for kind in _signed() if kind != name)
    return sign(ANA, other, _signed()[other], created=NOW).raw
