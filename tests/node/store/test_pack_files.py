"""Packs as files: any thread keeps them, the room is counted exactly, and what a disk damaged is written again."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from node.store.pack_files import PackFolder

FEED = bytes(32)
PACKS = [number.to_bytes(2, "big") * 500 for number in range(40)]


def name(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


@pytest.mark.parametrize("round_", range(8))
def test_packs_that_come_at_once_are_all_kept_and_counted(tmp_path, round_):
    files = PackFolder(tmp_path, most_bytes=1_000 * len(PACKS))
    with ThreadPoolExecutor(8) as threads:
        kept = list(threads.map(lambda data: files.put(FEED, name(data), data), PACKS * 2))
    assert all(kept)
    assert [files.get(FEED, name(data)) for data in PACKS] == PACKS
    assert not files.put(FEED, name(b"more"), b"more")


def test_one_pack_kept_by_many_is_one_file(tmp_path):
    files = PackFolder(tmp_path, most_bytes=1_500)
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda _: files.put(FEED, name(PACKS[0]), PACKS[0]), range(64)))
    assert [file.name for file in (tmp_path / FEED.hex()).iterdir()] == [name(PACKS[0]).hex()]


def test_a_pack_that_was_damaged_is_written_again_in_its_own_room(tmp_path):
    files = PackFolder(tmp_path, most_bytes=1_000)
    files.put(FEED, name(PACKS[0]), PACKS[0])
    (tmp_path / FEED.hex() / name(PACKS[0]).hex()).write_bytes(PACKS[1])
    assert files.get(FEED, name(PACKS[0])) is None
    assert files.put(FEED, name(PACKS[0]), PACKS[0])
    assert files.get(FEED, name(PACKS[0])) == PACKS[0]
