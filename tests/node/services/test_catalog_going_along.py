"""A large import goes into the catalog file while it is signed, by a process of its own. Whatever becomes of that process, the file is the same."""

import io
import os
import sys

import pytest

from node.files.products import read_products
from node.services import catalog
from node.services.catalog import import_products
from node.services.catalog_imports import apply_import
from node.store import going_along
from node.store.catalog_file import sound
from node.store.catalog_writer import FileWriter
from node.store.database import open_plain

from .product_files import apply, bring, line, runs, shopify, stage
from .world import World

TABLES = ("products", "offers", "listings", "sections", "tree", "labels", "brand_offers", "terms")
GOODS = [line(f"soap-{number}", f"S{number}", "5.00") for number in range(24)]
_DIES_AT_ONCE = (sys.executable, "-c", "import sys; sys.exit(3)")
_DIES_IN_THE_MIDDLE = (sys.executable, "-c", "import os, sys; sys.stdin.buffer.read(300); os.kill(os.getpid(), 9)")
_IS_NOT_THERE = ("/nonexistent/python",)


@pytest.fixture
def work(monkeypatch):
    """What became of each process, in order."""
    ended = []

    def passed_on(command, queue):
        try:
            passing(command, queue)
        except BaseException as error:
            ended.append(str(error))
            raise
        ended.append("")

    passing = going_along._pass_on
    monkeypatch.setattr(going_along, "_pass_on", passed_on)
    monkeypatch.setattr(going_along, "LEAST", 10)
    monkeypatch.setattr(going_along, "BATCH", 8)
    monkeypatch.setattr(catalog, "_WRITTEN_AT_ONCE", 4)
    return ended


@pytest.fixture
def projected(monkeypatch):
    """The batches that this process put into the file."""
    project, batches = FileWriter.project, []
    monkeypatch.setattr(
        FileWriter, "project", lambda writer, feed, logged, *more: (batches.append(logged.size), project(writer, feed, logged, *more))
    )
    return batches


@pytest.fixture
def lumen(tmp_path):
    world = World(tmp_path)
    yield world.node("lumen", "merchant")
    world.close()


def contents(node):
    """Every row of the file, and whether it is sound."""
    database = open_plain(node.store.catalog.path)
    try:
        rows = {table: sorted(database.execute(f"SELECT * FROM {table}").fetchall(), key=repr) for table in TABLES}
        found = "SELECT rowid FROM words WHERE words MATCH 'soap' ORDER BY rowid"
        heads = database.execute(
            "SELECT size, state, checkpoint IS NULL, load, sealed, tail, products, offers, divided FROM heads"
        ).fetchall()
        return {**rows, "words": database.execute(found).fetchall(), "heads": heads}, sound(database)
    finally:
        database.close()


def followed(node, tmp_path, *files):
    """What the file of a node is that signed the same without such a process."""
    rows, is_sound = contents(node)
    assert is_sound
    assert all(node.read(lambda unit: [unit.catalog.is_whole(row.feed) for row in unit.catalog.feeds(own=True)]))
    (tmp_path / "other").mkdir()
    world = World(tmp_path / "other")
    other = world.node("lumen", "merchant")
    for file in files:
        bring(other, file)
    try:
        assert contents(other)[0] == rows
    finally:
        world.close()


def test_what_went_along_is_what_would_have_followed(lumen, tmp_path, work, projected, monkeypatch):
    bring(lumen, shopify(*GOODS))
    assert (work, projected) == ([""], [])  # all of it by the process
    more = shopify(*(line(f"balm-{number}", f"B{number}", "7.00") for number in range(12)))
    bring(lumen, more)  # onto what is there
    assert (work, projected) == (["", ""], [])
    monkeypatch.setattr(going_along, "LEAST", 1_000)
    followed(lumen, tmp_path, shopify(*GOODS), more)
    assert projected  # the other's own


def test_a_small_import_needs_no_process(lumen, work, projected):
    bring(lumen, shopify(*GOODS[:3]))
    assert (work, len(projected)) == ([], 1)


@pytest.mark.parametrize(
    ("command", "why"),
    [(_DIES_AT_ONCE, ""), (_DIES_IN_THE_MIDDLE, ""), (_IS_NOT_THERE, "No such file")],
    ids=["it dies at once", "it is killed in the middle", "it can't be started"],
)
def test_without_the_process_the_file_follows(lumen, tmp_path, work, projected, monkeypatch, command, why):
    monkeypatch.setattr(going_along, "COMMAND", command)
    bring(lumen, shopify(*GOODS))
    assert len(work) == 1
    assert work[0]
    assert why in work[0]
    assert projected == [48]
    monkeypatch.setattr(going_along, "LEAST", 1_000)
    followed(lumen, tmp_path, shopify(*GOODS))


def test_why_the_process_ended_early_is_told(lumen, work, monkeypatch):
    """More than a pipe holds is written to it, which it does not read."""
    said = "import os; os.write(1, b'the file has no room'); os._exit(1)"
    monkeypatch.setattr(going_along, "COMMAND", (sys.executable, "-c", said))
    monkeypatch.setattr(going_along, "framed", lambda some: bytes(1 << 20))
    bring(lumen, shopify(*GOODS))
    assert work == ["the file has no room"]


def test_an_import_that_is_stopped_leaves_nothing_in_the_file(lumen, tmp_path, work, projected, monkeypatch):
    staged = stage(lumen, shopify(*GOODS))
    before = contents(lumen)

    def stopped(done, _total):
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lumen.write(apply_import, staged, tell=stopped)
    assert work == [""]  # it was started, and let go
    assert contents(lumen) == before
    runs(lumen).apply_now(staged)
    assert (work, projected) == (["", ""], [])
    monkeypatch.setattr(going_along, "LEAST", 1_000)
    followed(lumen, tmp_path, shopify(*GOODS))


def test_where_something_is_replaced_the_file_follows(lumen, tmp_path, work, projected, monkeypatch):
    first, second = shopify(line("z", "Z", "5.00")), shopify(*GOODS, line("z", "Z", "6.00"))
    bring(lumen, first)
    projected.clear()
    bring(lumen, second)
    assert (work, projected) == ([""], [51])  # the process had begun
    monkeypatch.setattr(going_along, "LEAST", 1_000)
    followed(lumen, tmp_path, first, second)


def test_other_prices_go_along_too(lumen, tmp_path, work, projected, monkeypatch):
    first = shopify(*GOODS)
    second = shopify(
        *(line(f"soap-{number}", f"S{number}", "6.00") for number in range(24)),
        *(line(f"mug-{number}", f"M{number}", "7.00") for number in range(8)),
    )
    bring(lumen, first)
    bring(lumen, second)
    assert (work, projected) == (["", ""], [])
    monkeypatch.setattr(going_along, "LEAST", 1_000)
    followed(lumen, tmp_path, first, second)


def test_what_is_taken_away_goes_along_too(lumen, tmp_path, work, projected, monkeypatch):
    bring(lumen, shopify(*GOODS))
    apply(lumen, stage(lumen, shopify(*GOODS[:2]), withdraw=True))
    assert (work, projected) == (["", ""], [])
    rows, is_sound = contents(lumen)
    assert is_sound
    assert (len(rows["products"]), len(rows["offers"])) == (2, 2)


def test_what_is_undone_within_a_transaction_is_not_taken_for_logged(lumen, work):
    """Control: a batch that the log doesn't have is found by the root."""
    staged = stage(lumen, shopify(*GOODS))
    other = stage(lumen, shopify(*(line(f"balm-{number}", f"B{number}", "7.00") for number in range(24))))

    def undone(unit):
        apply_import(unit, staged, lambda _done, _total: None)
        raise ValueError("undone")

    def both(unit):
        with pytest.raises(ValueError, match="undone"):
            unit.attempt(lambda: undone(unit))
        return apply_import(unit, other, lambda _done, _total: None)

    lumen.write(both)
    rows, is_sound = contents(lumen)
    assert is_sound
    assert len(rows["products"]) == 24
    assert {row[2] for row in rows["products"]} == {f"balm-{number}" for number in range(24)}


def test_of_two_batches_of_one_transaction_the_sections_have_both(lumen, tmp_path, work, projected, monkeypatch):
    """What is known of the sections is of the last alone: a catalog that goes on with a later device is written anew and added to at once."""
    first, second = shopify(*GOODS), shopify(*(line(f"balm-{number}", f"B{number}", "7.00") for number in range(12)))
    files = [read_products(io.BytesIO(data), name="shop.csv", now_ms=lumen.clock.now) for data in (first, second)]
    lumen.write(lambda unit: [import_products(unit, file, "USD") for file in files])
    assert work == [""]
    assert projected == [72]
    monkeypatch.setattr(going_along, "LEAST", 1_000)
    followed(lumen, tmp_path, first, second)


def test_a_feed_that_is_undone_holds_nobody_up(lumen, work):
    """The file's writer waits for the process's end, which has nothing to count."""
    staged = stage(lumen, shopify(*GOODS))

    def undone(unit):
        apply_import(unit, staged, lambda _done, _total: None)
        raise ValueError("undone")

    def none(unit):
        with pytest.raises(ValueError, match="undone"):
            unit.attempt(lambda: undone(unit))

    lumen.write(none)
    assert work == [""]
    rows, is_sound = contents(lumen)
    assert is_sound
    assert rows["products"] == []


def test_what_was_signed_does_not_hang_on_what_could_not_be_handed_over(lumen, tmp_path, work, projected, monkeypatch):
    def unable(_some):
        raise MemoryError("no room for a batch")

    monkeypatch.setattr(going_along, "framed", unable)
    bring(lumen, shopify(*GOODS))
    assert work == ["no room for a batch"]
    assert projected == [48]
    monkeypatch.setattr(going_along, "LEAST", 1_000)
    followed(lumen, tmp_path, shopify(*GOODS))


def test_what_a_terminal_sends_to_the_node_does_not_reach_the_process(lumen, work, monkeypatch):
    said = "import os, sys; sys.stdin.buffer.read(); sys.stdout.write(str(os.getpgid(0))); sys.exit(1)"
    monkeypatch.setattr(going_along, "COMMAND", (sys.executable, "-c", said))
    bring(lumen, shopify(*GOODS))
    assert int(work[0]) != os.getpgid(0)


def test_a_process_that_was_given_something_else_is_not_believed(lumen, tmp_path, work, projected, monkeypatch):
    """Control: two entries that the process gets in the wrong order."""
    framed = going_along.framed
    monkeypatch.setattr(going_along, "framed", lambda some: framed([some[1], some[0], *some[2:]] if isinstance(some, list) else some))
    bring(lumen, shopify(*GOODS))
    assert work == ["the file is of another log"]
    assert projected == [48]
    monkeypatch.setattr(going_along, "LEAST", 1_000)
    followed(lumen, tmp_path, shopify(*GOODS))
