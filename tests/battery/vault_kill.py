"""SIGKILL in the middle of an import, a change, an undo, an erasure: the store has the content of a moment, and of no earlier one than was
acknowledged."""

import random

from node.errors import NodeError
from tests.battery import vault_life
from tests.battery.kill import lives
from tests.battery.vault_killed import STEPS

FULL, SHORT = 500, 12
CONTROL = 120
PAUSE = 0.03  # an import takes about so long


def _lives(size, folder, mode, *, stop=False):
    contents, dice, failures = vault_life.told(STEPS), random.Random(1), []
    done = stores = 0
    with lives("tests.battery.vault_killed", PAUSE) as process:
        for number in range(size):
            if done >= STEPS - 12:
                done, stores = 0, stores + 1
            path = folder / f"store{stores}.db"
            acknowledged = process.one(path, done, mode, dice)
            try:
                found = vault_life.found_at(contents, path)
            except NodeError as error:
                found, acknowledged = None, []
                failures.append(f"life {number}: {error}")
            if found is None:
                failures.append(f"life {number}: a step in part after {done} steps")
            elif found < max(acknowledged, default=done - 1) + 1:
                failures.append(f"life {number}: acknowledged {max(acknowledged)} and stored {found}")
            if failures and stop:
                break
            done, stores = (found, stores) if found is not None else (0, stores + 1)
    return failures


def run(size, folder):
    return _lives(size, folder, "whole")


def control(folder):
    """A use case in two transactions."""
    return bool(_lives(CONTROL, folder, "halves", stop=True))
