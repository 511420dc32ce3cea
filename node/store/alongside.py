"""The process that puts what is signed in bulk into the catalog file meanwhile (ADR 0078): `python -m node.store.alongside FILE FEED FIRST
handed`, or "" where it has to find by itself what the entries bring to sections.

Entries of our own log come by the standard input from the node that started it, batch by batch, and at last how the log ends: with that all
of it is committed. Where the input ends without, as when the node is killed, nothing is. It knows no key: what it reads and writes is what
anybody may fetch.
"""

import gc
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from node.errors import NodeError
from protocol.sections import Division
from protocol.state_hash import StateHash

from .catalog_writer import Ended, FileWriter, Logged, Strayed
from .database import open_plain
from .failures import named

_LENGTH = 4
_Batch = list[tuple[int, bytes]]


class End(msgspec.Struct, frozen=True, tag="end"):
    """How the log ends, and what the entries brought to the state of each section, where that is handed."""

    root: bytes
    state: bytes
    checkpoint: bytes | None
    sections: dict[str, dict[str, bytes]] | None

    @classmethod
    def of(cls, ended: Ended, sections: Mapping[Division, Mapping[str, StateHash]] | None) -> "End":
        """As it is sent."""
        if sections is None:
            return cls(ended.root, ended.state.to_bytes(), ended.checkpoint, None)
        brought = {division.value: {name: state.to_bytes() for name, state in found.items()} for division, found in sections.items()}
        return cls(ended.root, ended.state.to_bytes(), ended.checkpoint, brought)

    def read(self) -> tuple[Ended, Mapping[Division, Mapping[str, StateHash]] | None]:
        """As it was."""
        ended = Ended(self.root, StateHash.from_bytes(self.state), self.checkpoint)
        if self.sections is None:
            return ended, None
        brought = {
            Division(division): {name: StateHash.from_bytes(state) for name, state in found.items()}
            for division, found in self.sections.items()
        }
        return ended, brought


def framed(message: _Batch | End) -> bytes:
    """A batch of (number, entry), or the end, as it is sent."""
    raw = msgspec.msgpack.encode(message)
    return len(raw).to_bytes(_LENGTH) + raw


def _received(source: BinaryIO) -> Iterator[_Batch | End]:
    decode = msgspec.msgpack.Decoder(_Batch | End).decode
    while len(head := source.read(_LENGTH)) == _LENGTH:
        size = int.from_bytes(head)
        raw = source.read(size)
        if len(raw) < size:
            return
        yield decode(raw)


def follow(path: Path, feed: bytes, first: int, source: BinaryIO, *, handed: bool) -> bool:
    """Whether all that came was committed. Raises Strayed where the file is not as far as `first`, or another log's; what keeps it from
    writing.
    """
    database = open_plain(path)
    with named():
        database.execute("BEGIN IMMEDIATE")
        writer = FileWriter(database, time.time_ns() // 1_000_000)
        if writer.held(feed).size != first - 1:
            raise Strayed(feed)
        for message in _received(source):
            if isinstance(message, End):
                writer.conclude(feed, *message.read())
                database.execute("COMMIT")
                return True
            writer.project(feed, Logged.of(message), handed)
    return False


def _main() -> None:
    path, feed, first, handed = sys.argv[1:]
    gc.disable()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # who stops a service sends it to all its processes: the node ends this one
    try:
        done = follow(Path(path), bytes.fromhex(feed), int(first), sys.stdin.buffer, handed=bool(handed))
    except (NodeError, Strayed) as error:
        sys.stdout.write(str(error) if isinstance(error, NodeError) else "the file is of another log")
        sys.stdout.flush()
        done = False
    # The connection is not closed: the engine would take the file for one that nobody else has open, as soon as the node has let go of its
    # locks by closing any other handle of it, and would put the log away that the node goes on writing.
    os._exit(0 if done else 1)


if __name__ == "__main__":
    _main()
