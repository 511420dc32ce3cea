"""Packs: a feed's whole state as files named by hash, in a manifest that its writer signed; where one ends, whether one is right.

A pack is not believed but compared: its SHA-256 is in the manifest, the manifest is signed by the feed's writer and carries the LtHash
state that the checkpoint's digest is of. So no record of a first sync is hashed, re-encoded or verified by itself
(docs/protocol/17-catalog-sync.md, "Why packs may be trusted"). It knows no disk: packs are bytes.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from .codec import key
from .envelope import Signed, Signer, sign
from .errors import BadSignature, Malformed
from .log import Checkpoint, verify_checkpoint
from .operations import Noun, Slot
from .rows import MAX_PRESSED_BYTES, Press, Row, read_rows, unpress
from .state_hash import STATE_BYTES, StateHash

MANIFEST = "catalog.manifest"
MAX_PACKS = 10_000  # their list fits a frame
PACK_BYTES = 262_144  # rows, at least, before a pack may end where its content says
_ONE_IN = 512  # rows end a pack, on average


@dataclass(frozen=True, slots=True)
class PackEntry:
    """One pack: its name, its rows, its compressed bytes, and the slot where it ends. It holds what the state has after the pack before."""

    hash: bytes = key(0, size=32)
    count: int = key(2, low=1)
    size: int = key(4, low=1, high=MAX_PRESSED_BYTES)
    noun: Noun = key(6)
    name: str = key(8, longest=255)

    @property
    def last(self) -> Slot:
        """Its last slot."""
        return self.noun, self.name

    def check(self, data: bytes) -> None:
        """Whether `data` are its bytes. Raises BadSignature `wrong-pack`."""
        if len(data) != self.size or hashlib.sha256(data).digest() != self.hash:
            raise BadSignature("these are not the bytes of the pack that was asked for", code="wrong-pack")


@dataclass(frozen=True, slots=True)
class Manifest:
    """A feed's whole state at one size. `checkpoint` is the raw head of that size, `state` the 2,048 bytes that its state hash is of."""

    checkpoint: bytes = key(0, longest=4096)
    state: bytes = key(2, size=STATE_BYTES)
    packs: tuple[PackEntry, ...] = key(4, most=MAX_PACKS)

    @property
    def rows(self) -> int:
        """How many there are in all."""
        return sum(pack.count for pack in self.packs)

    @property
    def size(self) -> int:
        """How many bytes are to be fetched."""
        return sum(pack.size for pack in self.packs)


def sign_manifest(signer: Signer, manifest: Manifest, *, time: int) -> Signed:
    """The manifest in its envelope, which names its feed and size."""
    head = verify_checkpoint(manifest.checkpoint)
    return sign(signer, MANIFEST, manifest, created=time, log=head.log, seq=head.size)


def open_manifest(signed: Signed, *, feed: bytes) -> tuple[Manifest, Checkpoint]:
    """A verified manifest with its checkpoint, both of one author. Whether that is the feed's writer is the caller's to check.

    Raises Malformed, BadSignature (`wrong-author`, `state-mismatch`), Conflict `wrong-log`.
    """
    manifest = signed.read(Manifest)
    checkpoint = verify_checkpoint(manifest.checkpoint, log=feed, author=signed.envelope.author)
    if (signed.envelope.log, signed.envelope.seq) != (feed, checkpoint.size):
        raise Malformed("the envelope names another log or size than the checkpoint")
    if StateHash.from_bytes(manifest.state).digest != checkpoint.state_hash:
        raise BadSignature("the manifest's state is not the one that the checkpoint names", code="state-mismatch")
    if any(pack.last >= following.last for pack, following in pairwise(manifest.packs)):
        raise Malformed("the packs do not stand in the order of their slots", code="bad-pack")
    return manifest, checkpoint


def open_pack(entry: PackEntry, before: Slot | None, data: bytes) -> list[Row]:
    """The rows of the pack that `entry` names; `before` is where the pack before it ends.

    Raises BadSignature `wrong-pack` when these are other bytes, Malformed (`bad-pack`: its writer signed what cannot be).
    """
    entry.check(data)
    rows = list(read_rows(unpress(data)))
    if len(rows) != entry.count or rows[-1][1:3] != entry.last:
        raise Malformed("a pack holds other rows than its manifest says", code="bad-pack")
    slots = [row[1:3] for row in rows] if before is None else [before, *(row[1:3] for row in rows)]
    if any(row.record is None for row in rows) or any(slot >= following for slot, following in pairwise(slots)):
        raise Malformed("a pack holds a record for each of its slots, in their order", code="bad-pack")
    return rows


def make_packs(rows: Iterable[Row]) -> Iterator[tuple[PackEntry, bytes]]:
    """(entry, bytes) of the packs of a state's `rows`, which come in the order of their slots.

    A pack ends where a row's slot says so, whatever was before: a change elsewhere leaves it as it is.
    """
    press, last = Press(), None
    for row in rows:
        if last is not None and not press.add(row):
            yield _closed(press, last)
            press, last = Press(), None
        if last is None:
            press.add(row)
        last = row
        if press.size >= PACK_BYTES and ends_pack(row):
            yield _closed(press, last)
            press, last = Press(), None
    if last is not None:
        yield _closed(press, last)


def ends_pack(row: Row) -> bool:
    """Whether the row's slot is one that packs end at: one in 512."""
    return zlib.crc32(f"{row.noun}\0{row.name}".encode()) % _ONE_IN == 0


def _closed(press: Press, last: Row) -> tuple[PackEntry, bytes]:
    data = press.close()
    return PackEntry(hashlib.sha256(data).digest(), len(press), len(data), last.noun, last.name), data
