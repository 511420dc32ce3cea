"""Killed processes and full disks, with real processes and a real small disk."""

import os
import resource
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from node.errors import Unavailable
from node.store.database import verify_pages
from node.store.store import Store

ROOT = Path(__file__).parents[3]

CHILD = textwrap.dedent("""
    import sys
    from pathlib import Path
    from node.store.store import Store

    def add(unit, number, inside):
        unit.settings.set(f"row {number}", number)
        if inside:
            unit.outbox.add(number.to_bytes(32, "big"), "p", "t", b"x" * 500)

    store = Store.open(Path(sys.argv[1]), bytes(range(32)), "me")
    inside = sys.argv[3] == "inside"
    for number in range(int(sys.argv[2]), 10**9):
        store.write_now(add, number, inside)
        print(number, flush=True)  # acknowledged
        if not inside:  # the planted fault: the message is written in a transaction of its own
            store.write_now(lambda unit: unit.outbox.add(number.to_bytes(32, "big"), "p", "t", b"x" * 500))
""")


def killed_after(path, start, acknowledgements, mode):
    """Run the child, kill it after so many acknowledgements, and return the last number acknowledged."""
    command = [sys.executable, "-c", CHILD, str(path), str(start), mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as child:
        lines = [child.stdout.readline() for _ in range(acknowledgements)]
        child.send_signal(signal.SIGKILL)
        lines += child.stdout.readlines()
        child.wait(20)
    return int([line for line in lines if line.endswith(b"\n")][-1])


def stored(path, key):
    store = Store.open(path, key, "me")
    try:
        rows = {row[0] for row in store.read_now(lambda unit: unit.db.execute("SELECT value FROM settings").fetchall())}
        sent = {int.from_bytes(row.id, "big") for row in store.read_now(lambda unit: unit.outbox.open())}
    finally:
        store.close()
    return {int(row) for row in rows}, sent


def test_killed_while_writing_loses_nothing_acknowledged_and_splits_nothing(path, key):
    start = 0
    for acknowledgements in (1, 7, 40):
        last = killed_after(path, start, acknowledgements, "inside")
        rows, sent = stored(path, key)
        assert set(range(last + 1)) <= rows
        assert rows == sent
        start = max(rows) + 1


def test_control_a_message_outside_the_transaction_is_seen_missing(path, key):
    start = 0
    for _ in range(20):
        killed_after(path, start, 3, "outside")
        rows, sent = stored(path, key)
        if rows != sent:
            return
        start = max(rows) + 1
    pytest.fail("the planted fault was never seen")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MB where we may mount one; else a limit on the size of files."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=False).returncode == 0:
        yield folder
        subprocess.run(["umount", folder], check=True)
        return
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, before[1]))
    try:
        yield folder
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_acknowledges_nothing_and_the_store_recovers(small_disk, key):
    path = small_disk / "store.db"
    store = Store.open(path, key, "me")
    acknowledged = []

    def put(unit, key):
        unit.settings.set(key, "x" * 5_000)

    def fill():
        for number in range(10_000):
            store.write_now(put, f"row {number}")
            acknowledged.append(f"row {number}")

    with pytest.raises(Unavailable) as caught:
        fill()
    assert caught.value.code in {"disk-full", "disk-failed"}
    assert "nothing of this was saved" in str(caught.value)
    assert len(acknowledged) > 10

    def keys(unit):
        return sorted(row[0] for row in unit.db.execute("SELECT key FROM settings"))

    assert store.read_now(keys) == sorted(acknowledged)
    store.close()
    again = Store.open(path, key, "me")
    assert again.read_now(keys) == sorted(acknowledged)
    again.read_now(lambda unit: verify_pages(unit.db))
    again.close()
