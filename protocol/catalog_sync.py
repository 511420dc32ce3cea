"""What peers say to each other so that one has the other's feed: ask for what follows, for a manifest, for packs, for ranges.

It decides the messages, what fits one, and when one leads on. Each is a question without effect
(docs/protocol/17-catalog-sync.md).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .codec import key, refuse_empty, to_bytes
from .errors import Malformed
from .feed import Hop
from .kinds import Kind, Topic
from .log import MAX_PROOF
from .packs import MANIFEST, Manifest
from .reconcile import MAX_RANGES_BYTES
from .rows import MAX_PRESSED_BYTES, Press, Row, read_rows, unpress
from .sections import SECTION_CHARS, Division, Part, PartProof

MOST_HOPS = 256
MOST_ENTRIES = 4_096  # asked for by number at once
MOST_LISTED = 1_000  # sections in one answer
_LISTED_BYTES = 900_000
_ROOM_BESIDE = 100_000  # so much of a frame is free beside a full page's rows


@dataclass(frozen=True, slots=True)
class SinceRequest:
    """What did `feed` put after `since` (0 = all), under a head proved against the one of size `known` (0 = none)?

    `head` is the id of the checkpoint held: while it is the newest, and nothing follows `since`, the answer is `Unchanged`. With a
    `part` only the records of its sections are asked for, with `but` none of those of its sections, which the asker has.
    """

    OPEN_ENDED = True
    feed: bytes = key(0, size=32)
    since: int = key(2)
    known: int = key(4)
    head: bytes | None = key(6, size=32, default=None)
    part: Part | None = key(8, default=None)
    but: Part | None = key(10, default=None)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """You have it all."""

    OPEN_ENDED = True


@dataclass(frozen=True, slots=True)
class Page:
    """Compacted rows of (since, upto], pressed, under the newest checkpoint. More follows while `upto` < its size. Of a part, `sections`
    proves what its sections hold at that size.

    A relay, which hasn't the whole log, shows `hops`: the heads it took between; `proof` is then from the last of them.
    """

    OPEN_ENDED = True
    checkpoint: bytes = key(0, longest=4096)
    proof: tuple[bytes, ...] = key(2, size=32, most=MAX_PROOF)
    rows: bytes = key(4, longest=MAX_PRESSED_BYTES)
    upto: int = key(6)
    sections: PartProof | None = key(8, default=None)
    hops: tuple[Hop, ...] | None = key(9, most=MOST_HOPS, default=None)

    def __post_init__(self) -> None:
        refuse_empty(self, "hops")

    def read(self, since: int) -> Iterator[Row]:
        """Its rows. Raises Malformed (`bad-page`: not in order, or not of this stretch)."""
        before = since
        for row in read_rows(unpress(self.rows)):
            if not before < row.seq <= self.upto:
                raise Malformed("the rows of a page rise, after what was asked and up to what it says", code="bad-page")
            before = row.seq
            yield row

    def more(self, since: int, size: int) -> bool:
        """Whether another page follows, asked `since` under a checkpoint of `size`. Raises Malformed `no-progress`: it would never end."""
        if not (since < self.upto <= size or since == self.upto == size):
            raise Malformed("the page leads nowhere", code="no-progress")
        return self.upto < size


def page(
    checkpoint: bytes,
    size: int,
    proof: Sequence[bytes],
    rows: Iterable[Row],
    sections: PartProof | None = None,
    hops: tuple[Hop, ...] | None = None,
) -> Page:
    """The first page of the compacted `rows`, in order of their numbers, cut to a frame; `checkpoint` is the raw head of `size`.

    The receiver goes on with `since=upto`, which needs no cursor kept here: what is superseded in between comes under its later number.
    """
    press, upto = Press(max(0, len(to_bytes(sections)) - _ROOM_BESIDE) if sections else 0), 0
    for row in rows:
        if not press.add(row):
            return Page(checkpoint, tuple(proof), press.close(), upto, sections, hops)
        upto = row.seq
    return Page(checkpoint, tuple(proof), press.close(), size, sections, hops)


@dataclass(frozen=True, slots=True)
class HopsRequest:
    """Which heads of a relayed `feed` follow the one of size `known`?"""

    OPEN_ENDED = True
    feed: bytes = key(0, size=32)
    known: int = key(2)


@dataclass(frozen=True, slots=True)
class Hops:
    """The first of them, each with the proof from the one before."""

    OPEN_ENDED = True
    hops: tuple[Hop, ...] = key(0, most=MOST_HOPS)

    def __post_init__(self) -> None:
        refuse_empty(self, "hops")


@dataclass(frozen=True, slots=True)
class ManifestRequest:
    """Which packs make the whole of `feed`?"""

    OPEN_ENDED = True
    feed: bytes = key(0, size=32)


@dataclass(frozen=True, slots=True)
class PackRequest:
    """The pack of `feed` with this hash, from whoever has it."""

    OPEN_ENDED = True
    feed: bytes = key(0, size=32)
    hash: bytes = key(2, size=32)


@dataclass(frozen=True, slots=True)
class Pack:
    """Its bytes."""

    OPEN_ENDED = True
    data: bytes = key(0, longest=MAX_PRESSED_BYTES)


@dataclass(frozen=True, slots=True)
class RangesRequest:
    """Where do our numbers of live entries differ? `ranges` as reconciliation writes them."""

    OPEN_ENDED = True
    feed: bytes = key(0, size=32)
    ranges: bytes = key(2, longest=MAX_RANGES_BYTES)
    part: Part | None = key(4, default=None)


@dataclass(frozen=True, slots=True)
class Ranges:
    """The answer, of the state under `checkpoint`."""

    OPEN_ENDED = True
    checkpoint: bytes = key(0, longest=4096)
    ranges: bytes = key(2, longest=MAX_RANGES_BYTES)


@dataclass(frozen=True, slots=True)
class EntriesRequest:
    """The live entries of these numbers."""

    OPEN_ENDED = True
    feed: bytes = key(0, size=32)
    numbers: tuple[int, ...] = key(2, low=1, most=MOST_ENTRIES)


@dataclass(frozen=True, slots=True)
class Entries:
    """As many of them as fit, from the first on, under the newest checkpoint. One that is live no more is left out.

    `upto` is the last number that was looked at: the asker goes on after it.
    """

    OPEN_ENDED = True
    checkpoint: bytes = key(0, longest=4096)
    rows: bytes = key(2, longest=MAX_PRESSED_BYTES)
    upto: int = key(4)

    def read(self, asked: Sequence[int]) -> Iterator[Row]:
        """Its rows. Raises Malformed `bad-page` for one that was not asked for, or stands before one with a lower number."""
        wanted, before = set(asked), 0
        for row in read_rows(unpress(self.rows)):
            if row.seq not in wanted or not before < row.seq <= self.upto:
                raise Malformed("an entry that was not asked for, or not in order", code="bad-page")
            before = row.seq
            yield row


@dataclass(frozen=True, slots=True)
class SectionsRequest:
    """Which sections has `feed`, after the name `after`?"""

    OPEN_ENDED = True
    feed: bytes = key(0, size=32)
    division: Division = key(2)
    after: str | None = key(4, longest=SECTION_CHARS, default=None)


@dataclass(frozen=True, slots=True)
class ListedSection:
    """A section to choose: how many records, and the bytes of them all. Only said; what is chosen is proved when it comes."""

    OPEN_ENDED = True
    name: str = key(0, longest=SECTION_CHARS)
    count: int = key(2, low=1)
    size: int = key(4)


@dataclass(frozen=True, slots=True)
class SectionList:
    """The next sections in the order of their names, as many as fit; `total` is how many there are in all."""

    OPEN_ENDED = True
    total: int = key(0)
    sections: tuple[ListedSection, ...] = key(2, most=MOST_LISTED)


def section_list(total: int, following: Iterable[ListedSection]) -> SectionList:
    """The first of `following`, cut to a frame."""
    found: list[ListedSection] = []
    room = _LISTED_BYTES
    for section in following:
        room -= len(to_bytes(section))
        if room < 0 or len(found) == MOST_LISTED:
            break
        found.append(section)
    return SectionList(total, tuple(found))


KINDS = (
    Kind("catalog.since", Topic.CATALOG, SinceRequest),
    Kind("catalog.unchanged", Topic.CATALOG, Unchanged),
    Kind("catalog.page", Topic.CATALOG, Page),
    Kind("catalog.hops-request", Topic.CATALOG, HopsRequest),
    Kind("catalog.hops", Topic.CATALOG, Hops),
    Kind("catalog.manifest-request", Topic.CATALOG, ManifestRequest),
    Kind(MANIFEST, Topic.CATALOG, Manifest, signed=True),
    Kind("catalog.pack-request", Topic.CATALOG, PackRequest),
    Kind("catalog.pack", Topic.CATALOG, Pack),
    Kind("catalog.ranges-request", Topic.CATALOG, RangesRequest),
    Kind("catalog.ranges", Topic.CATALOG, Ranges),
    Kind("catalog.entries-request", Topic.CATALOG, EntriesRequest),
    Kind("catalog.entries", Topic.CATALOG, Entries),
    Kind("catalog.sections-request", Topic.CATALOG, SectionsRequest),
    Kind("catalog.section-list", Topic.CATALOG, SectionList),
)
