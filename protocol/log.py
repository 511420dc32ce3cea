"""Logs: single-writer chains of envelopes, RFC 6962 trees over their entries, and signed checkpoints.

It decides what follows what, what a proof proves and what equivocation is. It does not know what the entries say.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .codec import key
from .envelope import NO_LOG, NO_PREV, Signed, Signer, peek_type, sign, verify
from .errors import BadSignature, Conflict, Malformed, OutOfOrder, Untimely
from .ids import digest

CHECKPOINT = "log.checkpoint"
SECTIONS = "catalog.sections"  # a head of the sections of a feed, as `sections` signs it
_STATED = frozenset((SECTIONS, "catalog.manifest"))  # say what a log holds at a size; they are no entries of it
EMPTY_ROOT = hashlib.sha256(b"").digest()
MAX_PROOF = 64


# --- a chain of envelopes: seq starts at 1, prev is the id of the one before


@dataclass(frozen=True, slots=True)
class Chain:
    """Where a log of envelopes stands: its last sequence number (0 = empty) and the id of its last entry."""

    log: bytes
    seq: int = 0
    head: bytes = NO_PREV

    def sign(self, signer: Signer, type_: str, body: object, *, created: int) -> tuple["Chain", Signed]:
        """The next entry, signed, and the chain with it."""
        signed = sign(signer, type_, body, created=created, log=self.log, seq=self.seq + 1, prev=self.head)
        return Chain(self.log, self.seq + 1, signed.id), signed

    def follow(self, entry: Signed) -> "Chain":
        """The chain with the verified `entry`.

        Raises Conflict `wrong-log` or `equivocation` (another entry than ours at a sequence both have), Untimely `replayed`, OutOfOrder.
        """
        envelope = entry.envelope
        if envelope.log != self.log:
            raise Conflict("the entry belongs to another log", code="wrong-log")
        if envelope.seq == self.seq and self.seq and entry.id != self.head:
            raise Conflict(f"two different entries at {self.seq}", code="equivocation")
        if envelope.seq <= self.seq:
            raise Untimely(f"entry {envelope.seq} is already here", code="replayed")
        if envelope.seq != self.seq + 1:
            raise OutOfOrder(f"entry {envelope.seq} came where {self.seq + 1} is due")
        if envelope.prev != self.head:
            raise Conflict(f"entry {envelope.seq} follows another entry than ours", code="equivocation")
        return Chain(self.log, envelope.seq, entry.id)


# --- the tree (RFC 6962 §2.1)


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a log entry's bytes as a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The least a writer must keep to go on: the size and the roots of the perfect subtrees, largest first."""

    size: int = key(0, default=0)
    peaks: tuple[bytes, ...] = key(2, size=32, most=MAX_PROOF, default=())

    def __post_init__(self) -> None:
        if len(self.peaks) != self.size.bit_count():
            raise Malformed(f"a frontier of {self.size} has {self.size.bit_count()} peaks")

    def append(self, *leaves: bytes) -> "Frontier":
        """With more leaf hashes."""
        peaks, size = list(self.peaks), self.size
        for leaf in leaves:
            below, node = size, leaf
            while below & 1:
                node = node_hash(peaks.pop(), node)
                below >>= 1
            peaks.append(node)
            size += 1
        return Frontier(size, tuple(peaks))

    @property
    def root(self) -> bytes:
        """The tree head."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


class Tree:
    """A whole tree in memory, 64 bytes a leaf: appends in O(1) amortised, roots and proofs at every size it ever had."""

    def __init__(self, leaves: Sequence[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaves:
            self.append(leaf)

    def __len__(self) -> int:
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        level = 0
        self._levels[0].append(leaf)
        while len(self._levels[level]) % 2 == 0:
            if level + 1 == len(self._levels):
                self._levels.append([])
            left, right = self._levels[level][-2:]
            self._levels[level + 1].append(node_hash(left, right))
            level += 1

    def root(self, size: int | None = None) -> bytes:
        """The tree head at `size` (default: now)."""
        size = len(self) if size is None else size
        return self._hash(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """The audit path of leaf `index` (from 0) in the tree of `size`. Raises IndexError outside it."""
        size = len(self) if size is None else size
        if not 0 <= index < size <= len(self):
            raise IndexError(index)
        path: list[bytes] = []
        start, end = 0, size
        while end - start > 1:
            middle = start + split(end - start)
            if index < middle:
                path.append(self._hash(middle, end))
                end = middle
            else:
                path.append(self._hash(start, middle))
                start = middle
        return tuple(reversed(path))

    def consistency(self, old: int, size: int | None = None) -> tuple[bytes, ...]:
        """The proof that the tree of `size` begins with the tree of `old`. Raises IndexError when it has no such sizes."""
        size = len(self) if size is None else size
        if size > len(self):
            raise IndexError(size)
        return consistency_path(old, size, self._hash)

    def _hash(self, start: int, end: int) -> bytes:
        """The hash over leaves [start, end); `start` is a multiple of the subtree's size, as the RFC's splits give it."""
        count = end - start
        if count & (count - 1) == 0:
            level = count.bit_length() - 1
            return self._levels[level][start >> level]
        middle = start + split(count)
        return node_hash(self._hash(start, middle), self._hash(middle, end))


def split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def consistency_path(old: int, size: int, hash_of: Callable[[int, int], bytes]) -> tuple[bytes, ...]:
    """The proof that the tree of `size` begins with the tree of `old`; `hash_of(start, end)` is the hash over leaves [start, end), as
    the RFC's splits give them. Raises IndexError when there are no such sizes.
    """
    if not 0 <= old <= size:
        raise IndexError(old)
    if old in (0, size):
        return ()
    path: list[bytes] = []
    start, end, whole = 0, size, True
    while old != end:
        middle = start + split(end - start)
        if old <= middle:
            path.append(hash_of(middle, end))
            end = middle
        else:
            path.append(hash_of(start, middle))
            start, whole = middle, False
    if not whole:
        path.append(hash_of(start, end))
    return tuple(reversed(path))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Leaf hash `leaf` is at `index` (from 0) in the tree (RFC 9162 §2.1.3.2). Raises BadSignature `bad-proof`."""
    if not 0 <= index < size:
        raise BadSignature("the index is outside the tree", code="bad-proof")
    at, last, value = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise BadSignature("the inclusion proof is too long", code="bad-proof")
        if at & 1 or at == last:
            value = node_hash(sibling, value)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        at, last = at >> 1, last >> 1
    if last or value != root:
        raise BadSignature("the inclusion proof does not give the root", code="bad-proof")


def verify_consistency(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """The tree of `size` begins with the tree of `old` (RFC 9162 §2.1.4.2). Raises BadSignature `bad-proof`."""
    if old in (0, size):
        if proof or (old_root != (EMPTY_ROOT if old == 0 else root)):
            raise BadSignature("the consistency proof does not hold", code="bad-proof")
        return
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if old > size or not path:
        raise BadSignature("the consistency proof is too short", code="bad-proof")
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise BadSignature("the consistency proof is too long", code="bad-proof")
        if at & 1 or at == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        at, last = at >> 1, last >> 1
    if last or before != old_root or after != root:
        raise BadSignature("the consistency proof does not hold", code="bad-proof")


# --- checkpoints


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's head: the only signature its entries need. `state_hash` is the LtHash digest of the state they lead to."""

    log: bytes = key(0, size=32)
    size: int = key(2)
    root: bytes = key(4, size=32)
    state_hash: bytes = key(6, size=32)
    time: int = key(8)


def sign_checkpoint(signer: Signer, checkpoint: Checkpoint) -> Signed:
    """The checkpoint in its envelope."""
    return sign(signer, CHECKPOINT, checkpoint, created=checkpoint.time, log=checkpoint.log, seq=checkpoint.size)


def verify_checkpoint(raw: bytes, *, log: bytes | None = None, author: bytes | None = None) -> Checkpoint:
    """The checkpoint in `raw`. Raises Malformed, BadSignature, or Conflict `wrong-log`. Whether the author is live is the caller's."""
    signed = verify(raw, CHECKPOINT, author=author)
    checkpoint = signed.read(Checkpoint)
    if (signed.envelope.log, signed.envelope.seq) != (checkpoint.log, checkpoint.size):
        raise Malformed("the envelope names another log or size than the checkpoint")
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise Malformed("an empty log has the hash of nothing as its root")
    if log is not None and checkpoint.log != log:
        raise Conflict("a checkpoint of another log", code="wrong-log")
    return checkpoint


def check_extends(old: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> None:
    """`new` is a later head of the log of `old`. Raises Conflict `wrong-log`, `rollback`, `equivocation`, or BadSignature `bad-proof`."""
    if new.log != old.log:
        raise Conflict("a checkpoint of another log", code="wrong-log")
    if new.size < old.size:
        raise Conflict(f"the log went back from {old.size} to {new.size}", code="rollback")
    if new.time < old.time:
        raise Conflict("an earlier head of the log than the one known", code="rollback")
    if new.size == old.size and (new.root, new.state_hash) != (old.root, old.state_hash):
        raise Conflict(f"two different heads at size {new.size}", code="equivocation")
    verify_consistency(old.size, old.root, new.size, new.root, proof)


@dataclass(frozen=True, slots=True)
class Equivocation:
    """Proof that a writer signed two heads of one size: two raw checkpoints, kept, shown and passed on."""

    first: bytes = key(0, longest=4096)
    second: bytes = key(2, longest=4096)

    @property
    def id(self) -> bytes:
        """The same for both orders of the two."""
        return digest("equivocation", *sorted((self.first, self.second)))


def check_equivocation(proof: Equivocation) -> Checkpoint:
    """The first head of a `proof` that holds: one author, log and size, two roots or states. Raises BadSignature `bad-proof`."""
    authors = [verify(raw, CHECKPOINT).envelope.author for raw in (proof.first, proof.second)]
    first, second = verify_checkpoint(proof.first), verify_checkpoint(proof.second)
    same = authors[0] == authors[1] and (first.log, first.size) == (second.log, second.size)
    if not same or (first.root, first.state_hash) == (second.root, second.state_hash):
        raise BadSignature("these two checkpoints do not contradict each other", code="bad-proof")
    return first


def check_contradiction(first: bytes, second: bytes) -> tuple[Signed, Signed]:
    """Two envelopes of one writer that cannot stand in one log, whatever they say: proof to anybody.

    Either both are for one place, or one follows another entry than the other, which stands before it. Checkpoints contradict each other
    by root or state alone, heads of sections by their root, and manifests never: neither is an entry, and each may be signed again.
    Raises Malformed, or BadSignature `bad-proof` and as `verify` does.
    """
    types = peek_type(first), peek_type(second)
    if CHECKPOINT in types:
        check_equivocation(Equivocation(first, second))
    one, other = verify(first, types[0]), verify(second, types[1])
    early, late = sorted((one, other), key=lambda signed: signed.envelope.seq)
    step = late.envelope.seq - early.envelope.seq
    if _STATED & set(types):
        apart = step == 0 and types == (SECTIONS, SECTIONS) and _divided(one) == _divided(other) and _rooted(one) != _rooted(other)
    else:
        apart = one.id != other.id if step == 0 else step == 1 and late.envelope.prev != early.id
    same = (one.envelope.author, one.envelope.log) == (other.envelope.author, other.envelope.log)
    if not (same and apart) or one.envelope.log == NO_LOG:
        raise BadSignature("these two records do not contradict each other", code="bad-proof")
    return one, other


def _divided(signed: Signed) -> object:
    """By what a head of sections divides its feed."""
    return _key(signed, 4)


def _rooted(signed: Signed) -> tuple[object, object]:
    """What a head of sections says they are: how many, and the root over them."""
    return _key(signed, 6), _key(signed, 8)


def _key(signed: Signed, key: int) -> object:
    tree = signed.body
    return tree.get(key) if isinstance(tree, dict) else None
