"""The other ways to learn what changed in a catalog, counted in bytes and round trips on the same records as the node's own.

A Merkle search tree: entries in the order of a hash of their names, cut where that hash says so, level over level; the asker fetches from
the root down every node it doesn't have. Set reconciliation over state: both sides hold a hash of each record, and find by ranges which
they don't share. Neither ships the records: those are added to all alike.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from node.model.catalog import Span
from node.store.catalog_feeds import FileFeeds
from node.store.database import open_plain
from protocol import reconcile

FANOUT = 16
KEY_BYTES, HASH_BYTES = 20, 32
SLICE = 100_000  # records that one conversation is about: a range's answer is bounded
State = dict[bytes, bytes]


def state_of(file: Path, feed: bytes) -> State:
    """Hash of a slot → hash of its record, of a feed in a catalog file."""
    database = open_plain(file, readonly=True)
    try:
        entries = FileFeeds(database).slots(feed, Span())
        return {_hash(f"{entry.noun} {entry.name}".encode())[:KEY_BYTES]: _hash(entry.record or b"") for entry in entries}
    finally:
        database.close()


def merkle_walk(old: State, new: State) -> tuple[int, int]:
    """(bytes, round trips) to find what differs by a Merkle search tree."""
    known = {name for level in _levels(old) for name in level}
    levels = _levels(new)
    size = trips = 0
    for level in reversed(levels):
        fetched = [node for name, node in level.items() if name not in known]
        if not fetched:
            break
        size += sum(len(node) + HASH_BYTES for node in fetched)
        trips += 1
    return size, trips


def set_reconciliation(old: State, new: State) -> tuple[int, int]:
    """(bytes, round trips) to find what differs by ranges over the hashes of records, in slices at once where an answer is too long."""
    slices = max(len(old), len(new)) // SLICE + 1
    mine, theirs = _sliced(old, slices), _sliced(new, slices)
    asked = [_reconciled(*pair) for pair in zip(mine, theirs, strict=True)]
    return sum(size for size, _ in asked), max(trips for _, trips in asked) + 1  # and once for the records


def _sliced(state: State, slices: int) -> list[reconcile.Numbers]:
    parts: list[list[int]] = [[] for _ in range(slices)]
    for value in sorted(int.from_bytes(value[:6]) + 1 for value in state.values()):
        parts[(value - 1) * slices >> 48].append(value)
    return [reconcile.numbers(part) for part in parts]


def _reconciled(mine: reconcile.Numbers, theirs: reconcile.Numbers) -> tuple[int, int]:
    found = reconcile.Difference()
    following: bytes | None = reconcile.begin(mine)
    size = trips = 0
    while following is not None:
        reply = reconcile.answer(theirs, following)
        size, trips = size + len(following) + len(reply), trips + 1
        following = reconcile.conclude(mine, reply, found)
    return size, trips


def _levels(state: State) -> list[dict[bytes, bytes]]:
    """Nodes by hash, from the leaves up to the root."""
    items: Iterable[tuple[bytes, bytes]] = sorted(state.items())
    levels: list[dict[bytes, bytes]] = []
    while True:
        nodes: dict[bytes, bytes] = {}
        above: list[tuple[bytes, bytes]] = []
        part: list[bytes] = []
        for name, value in items:
            part += (name, value)
            if _hash(name + bytes([len(levels)]))[0] % FANOUT == 0:
                above.append((name, _node(nodes, part)))
                part = []
        if part:
            above.append((part[-2], _node(nodes, part)))
        levels.append(nodes)
        if len(above) <= 1:
            return levels
        items = above


def _node(nodes: dict[bytes, bytes], part: list[bytes]) -> bytes:
    data = b"".join(part)
    name = _hash(data)
    nodes[name] = data
    return name


def _hash(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
