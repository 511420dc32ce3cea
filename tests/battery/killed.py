"""The process that the battery `kill` kills: `python -m tests.battery.killed`.

It reads a line `path start mode seed` for each life, forks (so that a life costs milliseconds), works in the child until it is
killed, and writes lines: `pid N`, `ack N` after each commit that returned, `end` when the child is gone.
"""

import os
import random
import sys
from pathlib import Path

from node.store.store import Store

KEY = bytes(range(32))
PEER = "peer"


def request(number: int) -> bytes:
    return number.to_bytes(32, "big")


def work(unit, number, size, *, inside):
    """One request of a peer: kept, answered, and its consequence queued for another."""
    unit.settings.set(f"row {number}", number)
    unit.inbox.answer(PEER, request(number), b"request", b"reply")
    if inside:
        queue(unit, number, size)


def queue(unit, number, size):
    unit.outbox.add(request(number), PEER, "order", b"x" * size)


def live(path: Path, start: int, mode: str, seed: int) -> None:
    dice = random.Random(seed)
    store = Store.open(path, KEY, "me")
    inside = mode == "inside"
    for number in range(start, 1 << 40):
        size = dice.randrange(1, 6_000)
        store.write_now(work, number, size, inside=inside)
        os.write(1, b"ack %d\n" % number)
        if not inside:  # the planted fault: what follows is queued in a transaction of its own
            store.write_now(queue, number, size)


def serve(live) -> None:
    """A child for each line, which does `live(path, start, mode, seed)`."""
    for line in sys.stdin:
        path, start, mode, seed = line.split()
        pid = os.fork()
        if pid == 0:
            try:
                live(Path(path), int(start), mode, int(seed))
            finally:
                os._exit(1)
        os.write(1, b"pid %d\n" % pid)
        os.waitpid(pid, 0)
        os.write(1, b"end\n")


if __name__ == "__main__":
    serve(live)
