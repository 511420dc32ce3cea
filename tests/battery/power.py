"""Power cuts: the real store's writes and syncs are recorded, and the disk is rebuilt as a cut at any moment may leave it.

What was synced is there; of what was not, any 512-byte sector may be. The store must open, whole, with all that was acknowledged.
"""

import random
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from node.errors import NodeError
from node.store.store import Store
from tests.battery.recorded import KEY, READY, ROWS
from tests.integration import traced

FULL, SHORT = 3_000, 120
CONTROL = 400
COMMITS = 60
SECTOR = 512
ROOT = Path(__file__).parents[2]
NAME = "store.db"
PROGRAM = "tests.battery.recorded"


@dataclass
class Disk:
    """Files by name: what a sync made certain, and what only was written. `acknowledged` counts commits that returned."""

    certain: dict[str, bytearray] = field(default_factory=lambda: defaultdict(bytearray))
    pending: dict[str, list[tuple[int, bytes | None]]] = field(default_factory=lambda: defaultdict(list))
    acknowledged: int = 0

    def take(self, call):
        name = call.path.rsplit("/", 1)[-1]
        if call.name == "write" and call.data == READY:
            return
        if call.name == "write" and call.data.startswith(b"ack "):
            self.acknowledged += 1
        elif not name.startswith(NAME) or name.endswith("-shm"):  # the index of the log is made anew at each start
            return
        elif call.name.startswith("unlink"):
            self.certain.pop(name, None)
            self.pending.pop(name, None)
        elif call.name == "pwrite64":
            self.pending[name].append((call.number, call.data))
        elif call.name == "ftruncate":
            self.pending[name].append((call.number, None))
        elif call.name in ("fsync", "fdatasync"):
            for change in self.pending.pop(name, []):
                _apply(self.certain[name], *change)

    def cut(self, dice):
        """The files after a power cut now."""
        files = {name: bytearray(data) for name, data in self.certain.items()}
        for name, changes in self.pending.items():
            data = files.setdefault(name, bytearray())
            for at, written in changes:
                if written is None:
                    if dice.random() < 0.5:
                        _apply(data, at, None)
                    continue
                for start in range(0, len(written), SECTOR):
                    if dice.random() < 0.5:
                        _apply(data, at + start, written[start : start + SECTOR])
        return files


def _apply(data, at, written):
    if written is None:
        del data[at:]
        return
    if len(data) < at + len(written):
        data.extend(bytes(at + len(written) - len(data)))
    data[at : at + len(written)] = written


def record(folder, module, commits, synchronous):
    """The calls of one life of the store, as `python -m module FILE COMMITS SYNCHRONOUS` leads it."""
    (folder / "life").mkdir()
    program = [sys.executable, "-m", module, str(folder / "life" / NAME), str(commits), synchronous]
    with (folder / "out").open("wb") as out:
        traced.run(folder / "trace", program, stdout=out, cwd=ROOT)
    return list(traced.calls_of(folder / "trace"))


def judge(folder, acknowledged):
    """What is wrong with what a cut left, in a line; empty when nothing is."""
    try:
        store = Store.open(folder / NAME, KEY, "me")
    except NodeError as error:
        return f"does not open: {error.code}: {error}"
    try:
        keys = store.read_now(lambda unit: [row[0] for row in unit.db.execute("SELECT key FROM settings WHERE key LIKE 'row %'")])
    except NodeError as error:
        return f"cannot be read: {error.code}"
    finally:
        store.close()
    if len(keys) % ROWS:
        return f"a commit in part: {len(keys)} rows"
    lost = acknowledged - len(keys) // ROWS
    return f"{lost} acknowledged commits lost" if lost > 0 else ""


def cuts(size, folder, calls, commits, judge, *, stop=False):
    """Cut the power at so many moments of recorded `calls`; what `judge(folder, acknowledged)` finds wrong with what is left."""
    begin = next(number for number, call in enumerate(calls) if call.data == READY) + 1
    dice, failures, disk = random.Random(1), [], Disk()
    moments = sorted(dice.choices(range(begin, len(calls) + 1), k=size))
    for number, call in enumerate([*calls, None]):
        while moments and moments[0] == number:
            moments.pop(0)
            _lay(folder / "image", disk.cut(dice))
            if wrong := judge(folder / "image", disk.acknowledged):
                failures.append(f"cut before call {number}: {wrong}")
                if stop:
                    return failures
        if call is not None:
            disk.take(call)
    if disk.acknowledged != commits:
        failures.append(f"{disk.acknowledged} of {commits} commits were recorded")
    return failures


def _lay(folder, files):
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data)


def run(size, folder):
    return cuts(size, folder, record(folder, PROGRAM, COMMITS, "FULL"), COMMITS, judge)


def control(folder):
    """`synchronous = NORMAL` syncs the log only when it is folded in."""
    return bool(cuts(CONTROL, folder, record(folder, PROGRAM, COMMITS, "NORMAL"), COMMITS, judge, stop=True))
