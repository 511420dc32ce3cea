"""Watched places: a folder looked at by the clock, held for a word or signed by itself, and what goes wrong said on Today."""

import errno
import io
from dataclasses import replace
from pathlib import Path

import pytest

from node.app.catalog_places import Places
from node.errors import ConflictError, NotFound, UserError
from node.fetch.client import Fetched, GuardedClient
from node.model.catalog_source import CatalogSource
from node.services import browse, catalog_imports, catalog_sources
from node.services.catalog_watch import CatalogWatch

from .product_files import apply, line, runs, shopify


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "exports"
    made.mkdir()
    return made


def watch(node, sleep=lambda _: None, reading=runs):
    return CatalogWatch(node.store, reading(node), Places(sleep=sleep), lambda: None)


def place(node, folder, **options):
    return bytes.fromhex(node.write(catalog_sources.add_source, kind="folder", place=str(folder), currency="USD", **options).id)


def look(node):
    """What is due, looked at; how many places that were."""
    due = node.read(catalog_sources.due_sources)
    for row in due:
        watch(node).look(row)
    return len(due)


def items(node):
    return [item.title for item in node.read(lambda unit: list(catalog_sources.today(unit)))]


def test_what_a_folder_brings_waits_for_a_word(world, lumen, folder):
    place(lumen, folder)
    (folder / "shop.csv").write_bytes(shopify(line("a", "A", "5")))
    assert look(lumen) == 1
    (waiting,) = lumen.read(catalog_imports.list_staged)
    assert (waiting.name, waiting.new, lumen.read(browse.list_feeds)) == ("shop.csv", 1, [])
    assert items(lumen) == ["shop.csv waits for your word"]
    world.clock.tick(3_600_000)
    assert look(lumen) == 0  # one file of a place at a time
    apply(lumen, bytes.fromhex(waiting.id))
    assert items(lumen) == []
    assert look(lumen) == 1  # the same file again: nothing to read
    assert lumen.read(catalog_imports.list_staged) == []


def test_half_of_a_file_is_not_taken_for_a_shop_that_gave_up_the_rest(world, lumen, folder):
    place(lumen, folder, publish=True, withdraw=True)
    path, goods = folder / "shop.csv", [line(name, name.upper(), "5") for name in "abcd"]
    path.write_bytes(shopify(*goods))
    assert look(lumen) == 1
    world.clock.tick(3_600_000)
    path.write_bytes(shopify(*goods[:2]))

    def written_on(seconds):
        path.write_bytes(shopify(*goods) if goods else shopify(line("e", "E", str(path.stat().st_size))) + path.read_bytes())

    [due] = lumen.read(catalog_sources.due_sources)
    watch(lumen, written_on).look(due)
    assert lumen.read(browse.list_feeds)[0].products == 4
    goods.clear()  # from now on somebody goes on writing
    world.clock.tick(3_600_000)
    path.write_bytes(shopify(line("a", "A", "5")))
    [due] = lumen.read(catalog_sources.due_sources)
    watch(lumen, written_on).look(due)
    [shown] = lumen.read(catalog_sources.list_sources)
    assert "shop.csv is still being written" in shown.error
    assert (lumen.read(browse.list_feeds)[0].products, lumen.read(catalog_imports.list_staged)) == (4, [])


def test_a_file_that_is_written_to_while_it_is_read_is_put_aside(world, lumen, folder):
    place(lumen, folder, publish=True, withdraw=True)
    path = folder / "shop.csv"
    path.write_bytes(shopify(line("a", "A", "5")))

    def reading(node):
        made = runs(node)
        genuine = made.stage_now

        def stage_now(*given):
            staged = genuine(*given)
            path.write_bytes(shopify(line("a", "A", "5"), line("b", "B", "5")))
            return staged

        made.stage_now = stage_now
        return made

    [due] = lumen.read(catalog_sources.due_sources)
    watch(lumen, reading=reading).look(due)
    assert "still being written" in lumen.read(catalog_sources.list_sources)[0].error
    assert (lumen.read(browse.list_feeds), lumen.read(catalog_imports.list_staged)) == ([], [])
    world.clock.tick(3_600_000)
    assert look(lumen) == 1
    assert lumen.read(browse.list_feeds)[0].products == 2


def test_what_it_brings_is_signed_by_itself_where_that_was_chosen(world, lumen, folder):
    place(lumen, folder, publish=True, withdraw=True)
    for price in ("5", "4"):
        (folder / "shop.csv").write_bytes(shopify(line("a", "A", price), line("b", "B", "1", title=f"Soap {price}")))
        assert look(lumen) == 1
        world.clock.tick(3_600_000)
    assert [offer.price for offer in lumen.read(browse.list_offers)] == [400, 100]
    assert lumen.read(catalog_imports.list_staged) == []


def test_before_its_time_it_is_not_looked_at_unless_asked(world, lumen, folder):
    id_ = place(lumen, folder, every=30)
    (folder / "shop.csv").write_bytes(shopify(line("a", "A", "5")))
    assert look(lumen) == 1
    assert look(lumen) == 0
    world.clock.tick(29 * 60_000)
    assert look(lumen) == 0
    (view,) = lumen.read(catalog_sources.list_sources)
    assert (view.error, view.looked, view.taken) == ("", view.taken, view.looked)
    lumen.write(catalog_sources.forget_source, source=id_)
    with pytest.raises(NotFound):
        lumen.write(catalog_sources.forget_source, source=id_)


@pytest.mark.parametrize("content", [None, b"%PDF-1.7", b"<urlset/>"])
def test_what_goes_wrong_is_kept_and_said_on_today(world, lumen, folder, content):
    place(lumen, folder)
    if content is not None:
        (folder / "shop.csv").write_bytes(content)
    look(lumen)
    (view,) = lumen.read(catalog_sources.list_sources)
    assert view.error
    assert "could not be read" in items(lumen)[0]
    (folder / "shop.csv").write_bytes(shopify(line("a", "A", "5")))
    world.clock.tick(3_600_000)
    look(lumen)
    assert items(lumen) == ["shop.csv waits for your word"]  # the control


@pytest.mark.parametrize("address", ["https://127.0.0.1/feed.xml", "http://shop.example/feed.xml"])
def test_an_address_that_leads_inside_or_goes_in_clear_is_never_asked(lumen, address):
    kept = CatalogSource(bytes(32), "url", address, "USD", 60, withdraw=False, publish=False, added=0)
    lumen.write(lambda unit: unit.catalog_sources.keep(kept))  # from before addresses in clear were refused
    look(lumen)
    assert lumen.read(catalog_sources.list_sources)[0].error
    assert lumen.read(lambda unit: unit.catalog_sources.all()[0].code) in {"private-address", "bad-address"}


def test_what_an_address_answers_is_read_once(lumen, world, monkeypatch):
    asked = []

    async def answered(self, url, *, most_bytes, seconds, known, secure):
        assert secure
        asked.append(known)
        return Fetched(b"", url, "", unchanged=True) if known == 'E"1"' else Fetched(shopify(line("a", "A", "5")), url, "text/csv", 'E"1"')

    monkeypatch.setattr(GuardedClient, "get", answered)
    lumen.write(catalog_sources.add_source, kind="url", place="https://shop.example/export.csv?key=1", currency="USD", publish=True)
    look(lumen)
    assert [offer.price for offer in lumen.read(browse.list_offers)] == [500]
    world.clock.tick(3_600_000)
    look(lumen)
    (view,) = lumen.read(catalog_sources.list_sources)
    assert (view.error, view.looked - view.taken) == ("", 3_600_000)  # looked at again, and nothing new was there
    assert asked == ["", 'E"1"']  # its body came once


def test_the_version_that_a_server_tells_is_kept_where_the_bytes_stay_the_same(lumen, world, monkeypatch):
    """A place kept by a program that knew no versions, and a server that tells the same bytes by another: the body comes once more only."""
    asked, body, told = [], shopify(line("a", "A", "5")), ['E"1"']

    async def answered(self, url, *, most_bytes, seconds, known, secure):
        asked.append(known)
        return Fetched(b"", url, "", unchanged=True) if known == told[0] else Fetched(body, url, "text/csv", told[0])

    monkeypatch.setattr(GuardedClient, "get", answered)
    lumen.write(catalog_sources.add_source, kind="url", place="https://shop.example/export.csv", currency="USD", publish=True)
    look(lumen)
    (row,) = lumen.read(lambda unit: unit.catalog_sources.all())
    lumen.write(lambda unit: unit.catalog_sources.keep(replace(row, seen=row.seen.partition(" ")[0])))
    for version in ('E"1"', 'E"1"', 'E"2"', 'E"2"'):
        told[0] = version
        world.clock.tick(3_600_000)
        look(lumen)
    assert asked == ["", "", 'E"1"', 'E"1"', 'E"2"']
    (view,) = lumen.read(catalog_sources.list_sources)
    assert (view.error, view.taken, view.looked - view.taken) == ("", row.taken, 4 * 3_600_000)  # nothing new was taken
    assert lumen.read(catalog_imports.list_staged) == []


def test_a_place_says_when_it_is_looked_at_next(world, lumen, folder):
    id_ = place(lumen, folder, every=30)
    assert lumen.read(catalog_sources.list_sources)[0].next <= world.clock.now
    look(lumen)
    (view,) = lumen.read(catalog_sources.list_sources)
    assert (bool(view.error), view.next) == (True, world.clock.now + 30 * 60_000)
    (folder / "shop.csv").write_bytes(shopify(line("a", "A", "5")))
    world.clock.tick(30 * 60_000)
    look(lumen)
    assert lumen.read(catalog_sources.list_sources)[0].next == 0  # its file waits for a word
    apply(lumen, bytes.fromhex(lumen.read(catalog_imports.list_staged)[0].id))
    assert lumen.read(catalog_sources.list_sources)[0].next == world.clock.now + 30 * 60_000
    assert lumen.write(catalog_sources.change_source, source=id_, paused=True).next == 0


def test_a_place_is_changed_and_what_was_taken_there_is_not_taken_again(world, lumen, folder):
    id_ = place(lumen, folder)
    (folder / "shop.csv").write_bytes(shopify(line("a", "A", "5")))
    look(lumen)
    apply(lumen, bytes.fromhex(lumen.read(catalog_imports.list_staged)[0].id))
    view = lumen.write(catalog_sources.change_source, source=id_, every=360, publish=True, currency="eur")
    assert (view.every, view.publish, view.withdraw, view.currency, view.taken) == (360, True, False, "EUR", view.looked)
    assert lumen.write(catalog_sources.change_source, source=id_).every == 360  # what is not named stays
    world.clock.tick(6 * 3_600_000)
    assert look(lumen) == 1
    assert lumen.read(catalog_imports.list_staged) == []
    with pytest.raises(UserError):
        lumen.write(catalog_sources.change_source, source=id_, every=1)
    with pytest.raises(NotFound):
        lumen.write(catalog_sources.change_source, source=bytes(32), every=60)


def test_a_paused_place_is_looked_at_by_hand_only_and_today_leaves_it_alone(world, lumen, folder):
    id_ = place(lumen, folder / "missing")
    look(lumen)
    assert len(items(lumen)) == 1
    lumen.write(catalog_sources.change_source, source=id_, paused=True)
    world.clock.tick(7 * 86_400_000)
    assert (look(lumen), items(lumen)) == (0, [])
    (folder / "missing").mkdir()
    (folder / "missing" / "shop.csv").write_bytes(shopify(line("a", "A", "5")))
    watch(lumen).look(lumen.read(catalog_sources.find_source, id_))
    assert len(lumen.read(catalog_imports.list_staged)) == 1
    apply(lumen, bytes.fromhex(lumen.read(catalog_imports.list_staged)[0].id))
    lumen.write(catalog_sources.change_source, source=id_, paused=False)
    world.clock.tick(3_600_000)
    assert look(lumen) == 1


def test_a_file_whose_name_is_no_utf_8_is_read_too(world, lumen, folder):
    """As a program of another time or system names it."""
    (folder / "b\udcf6rse.csv").write_bytes(shopify(line("soap", "S", "5.00")))
    place(lumen, folder)
    look(lumen)
    (waiting,) = lumen.read(catalog_imports.list_staged)
    assert (waiting.name, waiting.new) == ("b?rse.csv", 1)
    apply(lumen, bytes.fromhex(waiting.id))
    world.clock.tick(3_600_000)
    assert look(lumen) == 1  # nothing new
    assert lumen.read(catalog_imports.list_staged) == []


@pytest.mark.parametrize("when", ["when it is opened", "while it is read"])
def test_a_file_that_may_not_be_read_is_said(lumen, folder, monkeypatch, when):
    class Failing(io.BytesIO):
        def read(self, size=-1, /):
            raise OSError(errno.EIO, "Input/output error")

    def opened(path, *mode, **named):
        if path.suffix != ".csv":
            return opening(path, *mode, **named)
        if when == "when it is opened":
            raise PermissionError(errno.EACCES, "Permission denied")
        return Failing()

    opening = Path.open
    (folder / "shop.csv").write_bytes(shopify(line("a", "A", "5")))
    place(lumen, folder)
    monkeypatch.setattr(Path, "open", opened)
    look(lumen)
    (row,) = lumen.read(lambda unit: unit.catalog_sources.all())
    assert row.code == "folder-unreadable"
    assert "shop.csv" in row.error


def test_links_out_of_the_folder_are_not_followed(lumen, folder, tmp_path):
    place(lumen, folder)
    (tmp_path / "secret.csv").write_bytes(shopify(line("a", "A", "5")))
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    look(lumen)
    assert lumen.read(catalog_imports.list_staged) == []


def test_places_that_cannot_be_watched(world, lumen):
    for bad in ({"kind": "ftp"}, {"every": 1}, {"place": " "}, {"kind": "url", "place": "http://shop.example/feed.xml"}):
        with pytest.raises(UserError):
            lumen.write(catalog_sources.add_source, **{"kind": "folder", "place": "/x", "currency": "USD", **bad})
    with pytest.raises(UserError):
        world.node("ana").write(catalog_sources.add_source, kind="folder", place="/x", currency="USD")
    for _ in range(catalog_sources.MOST):
        lumen.write(catalog_sources.add_source, kind="folder", place="/x", currency="USD")
    with pytest.raises(ConflictError):
        lumen.write(catalog_sources.add_source, kind="folder", place="/x", currency="USD")
