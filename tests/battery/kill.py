"""SIGKILL at any moment of a real process that writes: what was acknowledged is stored, whole, and nothing is stored in part."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from node.errors import NodeError
from node.store.store import Store
from tests.battery.killed import KEY

FULL, SHORT = 500, 25
CONTROL = 60
ROOT = Path(__file__).parents[2]


class Lives:
    """A process that can be killed again and again."""

    def __init__(self, process, pause) -> None:
        self._process, self._pause = process, pause

    def one(self, path, start, mode, dice):
        """Live, be killed, and give the numbers that were acknowledged."""
        self._process.stdin.write(f"{path} {start} {mode} {dice.randrange(1 << 30)}\n".encode())
        self._process.stdin.flush()
        pid, acknowledged, patience = 0, [], dice.randrange(1, 12)
        for line in self._process.stdout:
            word, _, value = line.decode().strip().partition(" ")
            if word == "end":
                return acknowledged
            if word == "pid":
                pid = int(value)
            elif word == "ack":
                acknowledged.append(int(value))
                if len(acknowledged) == patience:
                    time.sleep(dice.random() * self._pause)  # to be killed anywhere in the next transactions
                    with suppress(ProcessLookupError):  # it came to its end meanwhile
                        os.kill(pid, signal.SIGKILL)
        raise AssertionError("the process that forks is gone")


@contextmanager
def lives(module="tests.battery.killed", pause=0.004):
    """Lives as `python -m module` leads them, each killed within `pause` seconds of an acknowledgement."""
    with subprocess.Popen([sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        yield Lives(process, pause)
        process.stdin.close()
        process.wait(20)


def stored(path):
    """Numbers of rows, of answered requests and of queued messages; opening checks every page."""
    store = Store.open(path, KEY, "me")
    try:
        sql = ("SELECT value FROM settings", "SELECT request FROM inbox", "SELECT id FROM outbox")
        rows, answered, sent = (store.read_now(lambda unit, s=statement: [row[0] for row in unit.db.execute(s)]) for statement in sql)
    finally:
        store.close()
    return {int(row) for row in rows}, {int.from_bytes(row, "big") for row in answered}, {int.from_bytes(row, "big") for row in sent}


def judge(acknowledged, before, found):
    """What is wrong after a life, in a line; empty when all is well."""
    rows, answered, sent = found
    if lost := (before | set(acknowledged)) - rows:
        return f"acknowledged and lost: {sorted(lost)[:5]}"
    if rows != answered:
        return f"a request answered without its effect, or the reverse: {sorted(rows ^ answered)[:5]}"
    if rows != sent:
        return f"an effect without its message: {sorted(rows ^ sent)[:5]}"
    return ""


def _lives(size, folder, mode, *, stop=False):
    dice, failures = random.Random(1), []
    rows = set()
    with lives() as process:
        for number in range(size):
            path = folder / f"store{number // 50}.db"  # a new one every 50 lives, so that checking stays quick
            if number % 50 == 0:
                rows = set()
            acknowledged = process.one(path, max(rows, default=-1) + 1, mode, dice)
            try:
                found = stored(path)
            except NodeError as error:
                failures.append(f"life {number}: {error}")
                continue
            if wrong := judge(acknowledged, rows, found):
                failures.append(f"life {number}: {wrong}")
            rows = found[0]
            if failures and stop:
                break
    return failures


def run(size, folder):
    return _lives(size, folder, "inside")


def control(folder):
    """The message is queued after the commit instead of in it."""
    return bool(_lives(CONTROL, folder, "outside", stop=True))
