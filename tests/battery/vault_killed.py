"""The process that the battery `vault_kill` kills: `python -m tests.battery.vault_killed`, led as tests/battery/killed.py says."""

import os
import signal
from pathlib import Path

from tests.battery.killed import serve
from tests.battery.vault_life import ACTS, Life, edit, take_file

STEPS = 96


def live(path: Path, start: int, mode: str, _seed: int) -> None:
    life = Life(path)
    for number in range(start, STEPS):
        if mode == "halves" and ACTS[number % len(ACTS)] is take_file:  # the planted fault: a use case in two transactions
            life.store.write_now(edit, life.begin(number))
        life.step(number)
        os.write(1, b"ack %d\n" % number)
    signal.pause()  # it is killed even so


if __name__ == "__main__":
    serve(live)
