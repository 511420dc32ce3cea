"""Sections: the part of a feed that some brands or categories make, proved complete without the rest.

The state hash adds up, so each section has one of its own, and those of all sections of a division make the feed's. The writer signs an
RFC 6962 root over its sections' leaves: a subscriber is shown the leaves of its own, and where one is empty its neighbours, a few hundred
bytes each however many there are. It decides which section a record is in; it does not know who subscribes
(docs/protocol/17-catalog-sync.md).
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from .codec import from_bytes, key, to_bytes
from .encoding import peek
from .envelope import Signed, Signer, sign, verify
from .errors import BadSignature, Conflict, Malformed
from .log import EMPTY_ROOT, MAX_PROOF, SECTIONS, Tree, leaf_hash, verify_inclusion
from .product import Product
from .state_hash import StateHash

SECTION_CHARS = 500
MOST_SECTIONS = 16_384  # of a division: one that a feed has more of isn't divided by that
MOST_CHOSEN = 100
MOST_SHOWN = 1_000  # leaves of one proof
MOST_PROOF_BYTES = 600_000
BELOW = " > "
EVERYWHERE = ""
"""The section of what belongs to none: whoever subscribes to a part subscribes to it as well."""


class Division(StrEnum):
    """By what a feed is divided. Each record is in one section of each division."""

    BRAND = "brand"
    CATEGORY = "category"


_FIELD = {Division.BRAND: 6, Division.CATEGORY: 8}
"""Keys of a product."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some sections of a division, in the order of their names.

    A product is in the section of its vendor, and of its category. An offer is where the product is whose id it names, and in the
    section "" where the feed has no such product; so is everything else. A category that is named stands for all below it as well:
    `Bath` for `Bath > Soap`, also where nothing is in `Bath` itself.
    """

    OPEN_ENDED = True
    division: Division = key(0)
    names: tuple[str, ...] = key(2, longest=SECTION_CHARS, most=MOST_CHOSEN)

    def __post_init__(self) -> None:
        if not self.names or any(name >= following for name, following in pairwise(self.names)):
            raise Malformed("a part names its sections, each once, in order", code="bad-part")

    def covers(self, name: str) -> bool:
        """Whether the section `name` is in it."""
        return name in self.names or any(low <= name < high for low, high in stretches(self.division, self.names))


def stretches(division: Division, names: Iterable[str]) -> list[tuple[str, str]]:
    """What is below each of these: every name from the first on, up to but without the second. Of brands nothing is below another."""
    if division is not Division.CATEGORY:
        return []
    return [(f"{name}{BELOW}", f"{name}{BELOW[:-1]}{chr(ord(BELOW[-1]) + 1)}") for name in names if name != EVERYWHERE]


def section_of(product: Product, division: Division) -> str:
    """The name of the section that `product` and its offers are in."""
    return product.vendor if division is Division.BRAND else product.category


def names_of(record: bytes, divisions: Iterable[Division]) -> tuple[str, ...]:
    """The same of a product record, read as far as that, for bulk. Raises Malformed."""
    try:
        tree = peek(record)
        return tuple([tree[_FIELD[division]] for division in divisions])
    except (KeyError, TypeError) as error:
        raise Malformed(f"a product without brand or category: {error!r}") from error


@dataclass(frozen=True, slots=True)
class SectionLeaf:
    """What one section holds: how many records, and the digest of their state. One without records has no leaf."""

    name: str = key(0, longest=SECTION_CHARS)
    count: int = key(2, low=1)
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
class LeafProof:
    """A leaf as it was hashed, and its path."""

    OPEN_ENDED = True
    leaf: bytes = key(0, longest=4096)
    index: int = key(2)
    path: tuple[bytes, ...] = key(4, size=32, most=MAX_PROOF)


@dataclass(frozen=True, slots=True)
class PartProof:
    """What the sections of a part hold: the raw signed head, their leaves, and the two neighbours of each that has none and of what is
    below a category.
    """

    OPEN_ENDED = True
    head: bytes = key(0, longest=4096)
    leaves: tuple[LeafProof, ...] = key(2, most=MOST_SHOWN)


class Sections:
    """All sections of one division at one size, on the writer's side; `leaves` in any order."""

    def __init__(self, division: Division, leaves: Iterable[SectionLeaf]) -> None:
        self.division = division
        self._names: list[str] = []
        self._raws: list[bytes] = []
        for leaf in sorted(leaves, key=lambda leaf: leaf.name):
            self._names.append(leaf.name)
            self._raws.append(to_bytes(leaf))
        self._tree = Tree([leaf_hash(raw) for raw in self._raws])

    def sign(self, signer: Signer, feed: bytes, size: int, *, time: int) -> Signed:
        """The head over them. Raises Conflict `undivided` where there are more than a division may have."""
        if len(self._names) > MOST_SECTIONS:
            what = f"a feed of more than {MOST_SECTIONS} sections by {self.division} is given as a whole"
            raise Conflict(what, code="undivided")
        root = self._tree.root() if self._raws else EMPTY_ROOT
        head = SectionsHead(feed, size, self.division, len(self._raws), root, time)
        return sign(signer, SECTIONS, head, created=time, log=feed, seq=size)

    def prove(self, head: Signed, names: Iterable[str]) -> PartProof:
        """The proof of some of them, and of what is below. Raises Conflict `undivided` where that is more than a proof may show."""
        names, shown = tuple(names), set[int]()
        for name in names:
            at = bisect_left(self._names, name)
            found = at < len(self._names) and self._names[at] == name
            shown.update([at] if found else self._between(at - 1, at + 1))
        for low, high in stretches(self.division, names):
            shown.update(self._between(bisect_left(self._names, low) - 1, bisect_left(self._names, high) + 1))
        steps = MAX_PROOF if not self._names else len(self._names).bit_length()
        if len(shown) > MOST_SHOWN or sum(len(self._raws[index]) + 40 + 34 * steps for index in shown) > MOST_PROOF_BYTES:
            raise Conflict("there is too much below these: choose some of what is below", code="undivided")
        leaves = (LeafProof(self._raws[index], index, self._tree.inclusion(index)) for index in sorted(shown))
        return PartProof(head.raw, tuple(leaves))

    def _between(self, start: int, end: int) -> range:
        return range(max(0, start), min(end, len(self._names)))


@dataclass(frozen=True, slots=True)
class Shown:
    """What a proof says: its head, who signed it, and what each section of the part holds: (count, digest of the state)."""

    head: SectionsHead
    author: bytes
    held: Mapping[str, tuple[int, bytes]]


def open_head(raw: bytes) -> tuple[Signed, SectionsHead]:
    """A head as it was signed. Raises Malformed, BadSignature. That its author is the feed's writer is the caller's to check."""
    signed = verify(raw, SECTIONS)
    head = signed.read(SectionsHead)
    if (signed.envelope.log, signed.envelope.seq) != (head.feed, head.size):
        raise Malformed("the envelope names another feed or size than the head")
    return signed, head


def open_proof(proof: PartProof, part: Part, *, feed: bytes) -> Shown:
    """What is proved of each section of `part`. That its author is the feed's writer is the caller's to check.

    Raises Malformed, BadSignature (`bad-proof`, …), Conflict `wrong-log`, `wrong-section`.
    """
    signed, head = open_head(proof.head)
    if head.feed != feed:
        raise Conflict("the head of another feed's sections", code="wrong-log")
    if head.division != part.division:
        raise Conflict("the proof of another division's sections", code="wrong-section")
    if head.count > MOST_SECTIONS or (head.count == 0) != (head.root == EMPTY_ROOT):
        raise Malformed("a head over no sections, or over too many")
    leaves = _leaves(proof, head)
    held = {name: _found(leaves, head.count, name) for name in part.names}
    for low, high in stretches(part.division, part.names):
        held.update(_below(leaves, head.count, low, high))
    return Shown(head, signed.envelope.author, held)


def check_sections(shown: Shown, held: Mapping[str, tuple[int, StateHash]]) -> None:
    """Nothing of the sections is missing, added or altered, and there are no others. Raises BadSignature `state-mismatch`."""
    beside = next((name for name, (count, _) in held.items() if count and name not in shown.held), None)
    if beside is not None:
        raise BadSignature(f"the section {beside!r} received is none that its writer signed", code="state-mismatch")
    for name, (count, digest) in shown.held.items():
        here, state = held.get(name, (0, StateHash()))
        if (here, state.digest) != (count, digest):
            raise BadSignature(f"the section {name!r} received is not the one its writer signed", code="state-mismatch")


def _leaves(proof: PartProof, head: SectionsHead) -> list[tuple[str, int, SectionLeaf]]:
    found: list[tuple[str, int, SectionLeaf]] = []
    for item in proof.leaves:
        leaf = from_bytes(SectionLeaf, item.leaf)
        verify_inclusion(leaf_hash(item.leaf), item.index, head.count, item.path, head.root)
        if found and not (found[-1][0] < leaf.name and found[-1][1] < item.index):
            raise BadSignature("the sections do not stand in the order of their names", code="bad-proof")
        found.append((leaf.name, item.index, leaf))
    return found


def _found(leaves: Sequence[tuple[str, int, SectionLeaf]], count: int, name: str) -> tuple[int, bytes]:
    """What is proved of one section: its leaf, or that the leaves before and after it stand side by side."""
    at = bisect_left(leaves, name, key=lambda leaf: leaf[0])
    if at < len(leaves) and leaves[at][0] == name:
        return leaves[at][2].count, leaves[at][2].state_hash
    before = leaves[at - 1][1] if at else -1
    after = leaves[at][1] if at < len(leaves) else count
    if after != before + 1:
        raise BadSignature(f"nothing is proved of the section {name!r}", code="bad-proof")
    return 0, StateHash().digest


def _below(leaves: Sequence[tuple[str, int, SectionLeaf]], count: int, low: str, high: str) -> dict[str, tuple[int, bytes]]:
    """Every section in a stretch of names: their leaves stand side by side, from the one before the stretch to the one after it."""
    at, end = bisect_left(leaves, low, key=lambda leaf: leaf[0]), bisect_left(leaves, high, key=lambda leaf: leaf[0])
    before = leaves[at - 1][1] if at else -1
    after = leaves[end][1] if end < len(leaves) else count
    if [index for _, index, _ in leaves[at:end]] != list(range(before + 1, after)):
        raise BadSignature(f"nothing is proved of what is below {low.removesuffix(BELOW)!r}", code="bad-proof")
    return {name: (leaf.count, leaf.state_hash) for name, _, leaf in leaves[at:end]}
