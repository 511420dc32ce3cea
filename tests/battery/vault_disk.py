"""A disk that is full for a while, fails a sync, or fails a write, in the middle of vault use cases: the step is refused in words that say
why, nothing acknowledged is lost, and once the disk is well again so is the node."""

import random
import subprocess
import sys
from pathlib import Path

from node.errors import NodeError
from tests.battery import vault_life
from tests.integration import traced

FULL, SHORT = 200, 4
CONTROL = 6
STEPS = 15
ROOT = Path(__file__).parents[2]
FAULTS = (("pwrite64", "ENOSPC"), ("fsync", "EIO"), ("pwrite64", "EIO"))
MOST = {"pwrite64": 400, "fsync": 16}  # about as many as the steps make
WORDS = {"disk-full": "space", "disk-failed": "disk"}


def suffer(folder, name, dice, mode):
    """One life on a bad disk: what it said, and its exit code. The store is there before."""
    vault_life.Life(folder / name).close()
    calls, error = dice.choice(FAULTS)
    first = dice.randrange(1, MOST[calls])
    last = first + (dice.choice((0, 0, 2, 9)) if calls == "fsync" else dice.choice((0, 5, 60)))
    program = [sys.executable, "-m", "tests.battery.vault_faulty", str(folder / name), str(STEPS), mode]
    command = traced.command(folder / "trace", program, calls)
    command[command.index("--") : command.index("--")] = ["-e", f"inject={calls}:error={error}:when={first}..{last}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    return f"{calls} {first}..{last} {error}", done.stdout.splitlines(), done.returncode


def judge(path, said, code):
    """What is wrong, in a line; empty when nothing is."""
    acknowledged = sum(line.startswith("ack ") for line in said)
    for line in said:
        word, _, rest = line.partition(" ")
        name, _, text = rest.partition(" ")
        if word == "err" and WORDS.get(name, "\0") not in text.lower():
            return f"refused without a clear word: {rest}"
    try:
        done = vault_life.found_at(vault_life.told(STEPS), path)
    except NodeError as error:
        return f"does not open: {error.code}: {error}"
    if done is None:
        return f"a content of no moment, after {acknowledged} steps"
    if done < acknowledged:
        return f"{acknowledged - done} acknowledged steps lost"
    return "" if code == 0 and done == STEPS else f"it did not recover: exit code {code}, {done} of {STEPS} steps"


def _lives(size, folder, mode, *, stop=False):
    dice, failures, refused = random.Random(3), [], 0
    for number in range(size):
        fault, said, code = suffer(folder, f"store{number}.db", dice, mode)
        if not said and code:
            continue  # the fault came before the store was there: there is nothing to lose yet
        refused += any(line.startswith("err ") for line in said)
        if wrong := judge(folder / f"store{number}.db", said, code):
            failures.append(f"life {number}, {fault}: {wrong}")
            if stop:
                break
    if not refused:
        failures.append("no fault met a step")
    return failures


def run(size, folder):
    return _lives(size, folder, "told")


def control(folder):
    """A refused step that counts as done."""
    return any("no moment" in line or "lost" in line or "recover" in line for line in _lives(CONTROL, folder, "silent", stop=True))
