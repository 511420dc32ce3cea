"""The process whose disk fails in the battery `vault_disk`: `python -m tests.battery.vault_faulty FILE STEPS MODE [FREE]`.

It says `go` when the store is open, `ack N` after each step, `err CODE` for one that was refused; then it tries that step again, as a person
would. In the mode `silent`, the planted fault, a refused step counts as done. With FREE the disk is filled first but for so many bytes, and
room is made after some refusals.
"""

import contextlib
import os
import sys
import time
from pathlib import Path

from node.errors import NodeError
from tests.battery.vault_life import Life

TRIES = 200
PATIENCE = 5  # refusals until room is made
PIECE = bytes(1 << 20)


def fill(path, free):
    """A file that takes the whole disk but for `free` bytes."""
    with path.open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while file.write(PIECE):
                pass
        file.truncate(max(0, file.tell() - free))


def main() -> None:
    path, steps, mode = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    life = Life(path)
    ballast, refusals = path.with_name("ballast"), 0
    if len(sys.argv) > 4:
        fill(ballast, int(sys.argv[4]))
    os.write(1, b"go\n")
    for number in range(steps):
        for _ in range(TRIES):
            try:
                life.step(number)
                break
            except NodeError as error:
                os.write(1, f"err {error.code} {error}\n".encode())
                if mode == "silent":
                    break
                time.sleep(0.001)
                refusals += 1
                if refusals == PATIENCE:
                    ballast.unlink(missing_ok=True)
        else:
            os._exit(3)
        os.write(1, b"ack %d\n" % number)
    os._exit(0)


if __name__ == "__main__":
    main()
