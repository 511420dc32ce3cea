"""The catalog file follows an import in batches, and was handed what each section gets: broken off between, it finds that anew."""

import pytest

from node.errors import Unavailable
from node.store import catching_up
from node.store.catalog_file import CatalogFile, sound
from node.store.catalog_writer import UNRECKONED, FileWriter
from node.store.database import open_plain

from .product_files import bring, line, shopify


def _load(node):
    database = open_plain(node.store.catalog.path, readonly=True)
    try:
        return next((row[0] for row in database.execute("SELECT load FROM heads")), None)
    finally:
        database.close()


def _is_sound(node):
    database = open_plain(node.store.catalog.path)
    try:
        return sound(database)
    finally:
        database.close()


@pytest.mark.parametrize("kept", [1, 2])
def test_a_file_that_stayed_behind_in_the_middle_of_an_import_is_divided_anew(lumen, monkeypatch, kept):
    monkeypatch.setattr(catching_up, "BATCH", 8)
    submit, divide, batches, divided = CatalogFile._submit, FileWriter.divide, [], []

    def full(file, fn, *args):
        if fn is project:
            batches.append(_load(lumen))
            if len(batches) == kept + 1:
                raise Unavailable("The disk is full.", code="disk-full")
        return submit(file, fn, *args)

    project = FileWriter.project
    monkeypatch.setattr(CatalogFile, "_submit", full)
    monkeypatch.setattr(FileWriter, "divide", lambda writer, feed: (divided.append(feed), divide(writer, feed)))
    bring(lumen, shopify(*(line(f"soap-{number}", f"S{number}", "5.00") for number in range(12))))
    lumen.store._rebuilding.wait()
    assert UNRECKONED in batches
    assert len(divided) == 2  # an empty feed, at the beginning; and what was there when it went on
    assert _load(lumen) is None
    assert _is_sound(lumen)


def test_an_import_that_was_followed_to_its_end_needs_no_second_look(lumen, monkeypatch):
    divide, divided = FileWriter.divide, []
    monkeypatch.setattr(catching_up, "BATCH", 8)
    monkeypatch.setattr(FileWriter, "divide", lambda writer, feed: (divided.append(feed), divide(writer, feed)))
    bring(lumen, shopify(*(line(f"soap-{number}", f"S{number}", "5.00") for number in range(12))))
    bring(lumen, shopify(line("mug", "MUG", "7.00"), line("soap-1", "S1", "4.00")))
    assert len(divided) == 1  # an empty feed, at the beginning
    assert _load(lumen) is None
    assert _is_sound(lumen)
