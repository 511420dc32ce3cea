"""Sections: the part of a feed that one brand or one category makes, proved complete without the rest.

The state hash adds up, so each section has one of its own, and those of all sections of a division make the feed's. The writer signs an
RFC 6962 root over its sections' leaves: a subscriber of one section is shown its leaf and a path, a few hundred bytes however many there
are. It decides which section a record is in; it does not know who subscribes (docs/protocol/17-catalog-sync.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from .codec import from_bytes, key, to_bytes
from .envelope import Signed, Signer, sign, verify
from .errors import BadSignature, Conflict, Malformed
from .log import EMPTY_ROOT, MAX_PROOF, Tree, leaf_hash, verify_inclusion
from .product import Product
from .state_hash import StateHash

SECTIONS = "catalog.sections"
SECTION_CHARS = 500


class Division(StrEnum):
    """By what a feed is divided. Each record is in one section of each division."""

    BRAND = "brand"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True)
class Section:
    """A product is in the section of its vendor, and of its category. An offer is where the product is whose id it names, and in the
    section "" where the feed has no such product; so is everything else.
    """

    division: Division = key(0)
    name: str = key(2, longest=SECTION_CHARS)


def section_of(product: Product, division: Division) -> str:
    """The name of the section that `product` and its offers are in."""
    return product.vendor if division is Division.BRAND else product.category


@dataclass(frozen=True, slots=True)
class SectionLeaf:
    """What one section holds: how many records, and the digest of their state. One that has become empty stays, with none."""

    name: str = key(0, longest=SECTION_CHARS)
    count: int = key(2)
    state_hash: bytes = key(4, size=32)


@dataclass(frozen=True, slots=True)
class SectionsHead:
    """All sections of a division at one size of the feed: the root over `count` leaves in the order of their names."""

    feed: bytes = key(0, size=32)
    size: int = key(2)
    division: Division = key(4)
    count: int = key(6)
    root: bytes = key(8, size=32)
    time: int = key(10)


@dataclass(frozen=True, slots=True)
class SectionProof:
    """That a section holds what its leaf says: the raw signed head, the leaf, and its path."""

    head: bytes = key(0, longest=4096)
    leaf: bytes = key(2, longest=4096)
    index: int = key(4)
    path: tuple[bytes, ...] = key(6, size=32, most=MAX_PROOF)


class Sections:
    """All sections of one division at one size, on the writer's side."""

    def __init__(self, division: Division, states: Iterable[tuple[str, int, StateHash]]) -> None:
        self.division = division
        leaves = [SectionLeaf(name, count, state.digest) for name, count, state in sorted(states, key=lambda one: one[0])]
        self._raws = {leaf.name: (index, to_bytes(leaf)) for index, leaf in enumerate(leaves)}
        self._tree = Tree([leaf_hash(raw) for _, raw in self._raws.values()])

    def sign(self, signer: Signer, feed: bytes, size: int, *, time: int) -> Signed:
        """The head over them."""
        root = self._tree.root() if self._raws else EMPTY_ROOT
        head = SectionsHead(feed, size, self.division, len(self._raws), root, time)
        return sign(signer, SECTIONS, head, created=time, log=feed, seq=size)

    def prove(self, head: Signed, name: str) -> SectionProof:
        """The proof of one section. Raises Conflict `unknown-section`."""
        if name not in self._raws:
            raise Conflict(f"nothing was ever in the section {name!r}", code="unknown-section")
        index, raw = self._raws[name]
        return SectionProof(head.raw, raw, index, self._tree.inclusion(index))


def open_proof(proof: SectionProof, section: Section, *, feed: bytes) -> tuple[SectionsHead, SectionLeaf, bytes]:
    """The head, the leaf of `section` and the head's author, who must be the feed's writer: that is the caller's.

    Raises Malformed, BadSignature (`bad-proof`, …), Conflict `wrong-log`, `wrong-section`.
    """
    signed = verify(proof.head, SECTIONS)
    head = signed.read(SectionsHead)
    if (signed.envelope.log, signed.envelope.seq) != (head.feed, head.size):
        raise Malformed("the envelope names another feed or size than the head")
    if head.feed != feed:
        raise Conflict("the head of another feed's sections", code="wrong-log")
    leaf = from_bytes(SectionLeaf, proof.leaf)
    if (head.division, leaf.name) != (section.division, section.name):
        raise Conflict("the proof of another section", code="wrong-section")
    verify_inclusion(leaf_hash(proof.leaf), proof.index, head.count, proof.path, head.root)
    return head, leaf, signed.envelope.author


def check_section(leaf: SectionLeaf, count: int, state: StateHash) -> None:
    """Nothing of the section is missing, added or altered. Raises BadSignature `state-mismatch`."""
    if (count, state.digest) != (leaf.count, leaf.state_hash):
        raise BadSignature(f"the section {leaf.name!r} received is not the one its writer signed", code="state-mismatch")
