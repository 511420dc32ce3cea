"""The catalog file is put in order when nothing is written, gives way when something is, and a full disk ends nothing."""

import asyncio

import pytest

from node.errors import Unavailable
from node.model.catalog import Entry
from node.services import catalog_upkeep
from node.services.catalog_upkeep import CatalogUpkeep
from node.store.catalog_file import CatalogFile, file_of
from protocol.codec import to_bytes
from protocol.operations import Noun
from protocol.product import Product, Variant
from tests.patience import PATIENCE

FEED = bytes(32)
UPDATES = 12


class FakeFile:
    """So many steps to do; `written` grows during the step `disturbed`."""

    def __init__(self, steps, disturbed=0, full=False) -> None:
        self.left = steps
        self.steps = self.folds = self.written = 0
        self._disturbed = disturbed
        self._full = full

    async def merge(self):
        if self._full:
            raise Unavailable("no room", code="disk-full")
        self.steps += 1
        self.written += self.steps == self._disturbed
        self.left -= 1
        return self.left > 0

    async def fold(self):
        self.folds += 1


def keep(file, upkeep=None, *, whole=True):
    return asyncio.run((upkeep or CatalogUpkeep(file)).keep(whole=whole))


def parts_of_the_index(file):
    return file.look_now(lambda feeds: feeds._db.execute("SELECT count(DISTINCT segid) FROM words_idx").fetchone()[0])


def update(writing, number):
    product = Product(f"p{number}", f"Soap {number}", variants=(Variant(f"S{number}", "", (), None),))
    writing.apply(FEED, [Entry(number, Noun.PRODUCT, product.handle, to_bytes(product))])


def test_the_index_is_merged_and_the_log_folded(tmp_path):
    file = CatalogFile.open(tmp_path / "node.db", 0, lambda: 0)
    try:
        asyncio.run(CatalogUpkeep(file).keep(whole=True))
        for number in range(1, UPDATES + 1):
            file.write_now(update, number)
        before, size = parts_of_the_index(file), file_of(tmp_path / "node.db").stat().st_mtime_ns
        assert before == UPDATES
        assert keep(file)
        assert parts_of_the_index(file) < before / 2
        assert file_of(tmp_path / "node.db").stat().st_mtime_ns > size
        assert file.written == UPDATES
        words = file.look_now(lambda feeds: feeds._db.execute("SELECT count(*) FROM words WHERE words MATCH 'soap'").fetchone()[0])
        assert words == UPDATES
    finally:
        file.close()


def test_all_steps_are_done_once():
    file = FakeFile(5)
    upkeep = CatalogUpkeep(file)
    assert keep(file, upkeep)
    assert (file.steps, file.folds) == (5, 1)
    assert keep(file, upkeep)
    assert (file.steps, file.folds) == (5, 1)
    file.written += 1
    file.left = 2
    assert keep(file, upkeep)
    assert (file.steps, file.folds) == (7, 2)


def test_it_gives_way_to_what_is_written():
    file = FakeFile(9, disturbed=3)
    assert not keep(file)
    assert (file.steps, file.folds) == (3, 0)


def test_where_it_is_never_quiet_it_does_a_step_at_a_time():
    file = FakeFile(9)
    assert not keep(file, whole=False)
    assert (file.steps, file.folds) == (1, 0)


def test_a_full_disk_ends_nothing():
    assert not keep(FakeFile(9, full=True))


@pytest.mark.parametrize("busy", [False, True])
def test_it_looks_again_and_again(monkeypatch, busy):
    monkeypatch.setattr(catalog_upkeep, "QUIET_SECONDS", 0.01)
    monkeypatch.setattr(catalog_upkeep, "BUSY_LOOKS", 3)
    file = FakeFile(3)

    async def life():
        running = asyncio.create_task(CatalogUpkeep(file).run())
        async with asyncio.timeout(PATIENCE):
            while file.steps < 2 or not (busy or file.folds):
                await asyncio.sleep(0.005)
                file.written += busy
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(life())
    assert file.steps >= 2
    assert file.folds == 0 if busy else file.folds == 1
