"""A disk that is full for a while, fails a sync, or fails a write, in the middle of vault use cases: the step is refused in words that say
why, nothing acknowledged is lost, and once the disk is well again so is the node.

Most faults are those of single calls (strace); every fourth life is led on a small disk of its own that is really full, where this machine
lets one be mounted."""

import os
import random
import shutil
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
SMALL = 4  # one life in so many is on a disk that is really full
SIZE_MB, LEAST_FREE, MOST_FREE = 32, 4_096, 1_300_000  # the store of the steps takes about as much
_MOUNTED = """
mount -t tmpfs -o size="$1"m tmpfs "$2" && cp "$3"/store.db* "$2" || exit 90
"$4" -m tests.battery.vault_faulty "$2"/store.db "$5" "$6" "$7"
code=$?
rm -f "$2"/ballast && cp "$2"/store.db* "$3" || exit 91
exit $code
"""
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


def mounts():
    """The command before one that mounts a disk for itself alone; none where this machine does not let it."""
    unshare = shutil.which("unshare")
    command = [unshare or "", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    trial = [*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return command if unshare and subprocess.run(trial, capture_output=True, check=False).returncode == 0 else []


def fill_up(folder, dice, mode, command):
    """One life on a small disk that is full but for a little: as `suffer`. What is on that disk afterwards is copied into `folder`."""
    disk, free = folder / "disk", dice.randrange(LEAST_FREE, MOST_FREE)
    disk.mkdir(parents=True)
    vault_life.Life(folder / "store.db").close()
    given = (str(SIZE_MB), str(disk), str(folder), sys.executable, str(STEPS), mode, str(free))
    program = [*command, "sh", "-c", _MOUNTED, "sh", *given]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    return f"a disk with {free} bytes left", done.stdout.splitlines(), done.returncode


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
    dice, failures, refused, command = random.Random(3), [], {"call": 0, "disk": 0}, mounts()
    for number in range(size):
        kind = "disk" if command and number % SMALL == SMALL - 1 else "call"
        if kind == "disk":
            path = folder / f"full{number}" / "store.db"
            fault, said, code = fill_up(path.parent, dice, mode, command)
        else:
            path = folder / f"store{number}.db"
            fault, said, code = suffer(folder, path.name, dice, mode)
        if kind == "call" and not said and code:
            continue  # the fault came before the store was there: there is nothing to lose yet
        refused[kind] += any(line.startswith("err ") for line in said)
        if wrong := judge(path, said, code):
            failures.append(f"life {number}, {fault}: {wrong}")
            if stop:
                break
    if not refused["call"]:
        failures.append("no failing call met a step")
    if command and size >= 4 * SMALL and not refused["disk"]:
        failures.append("no full disk met a step")
    return failures


def run(size, folder):
    return _lives(size, folder, "told")


def control(folder):
    """A refused step that counts as done."""
    return any("no moment" in line or "lost" in line or "recover" in line for line in _lives(CONTROL, folder, "silent", stop=True))
