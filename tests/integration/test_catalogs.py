"""Catalogs between whole nodes: news that is pushed, a first sync whose seller is killed, a merchant who was away."""

from contextlib import closing
from pathlib import Path

import pytest

from bench.catalog_goods import merchant, update_file
from node.app.catalogs import FOLDER
from node.app.founding import STORE_FILE
from node.config import FILE_NAME
from node.store.catalog_feeds import FileFeeds
from node.store.catalog_file import file_of
from node.store.database import open_plain
from tests.integration.household import SECONDS, household, settle
from tests.integration.performance import DATA

pytestmark = pytest.mark.slow

PUSHED_SECONDS = 5 * SECONDS  # it takes a part of one; an hour is when a seller would ask unasked
GOODS = 6_000
CHANGED = 20
SLOW = 100  # kB/s: the packs of the goods then come over more than ten seconds


def configure(cast, name, **settings):
    folder = cast.root / name
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / FILE_NAME).write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))


def stocked(cast, name):
    """A started merchant with a large catalog."""
    merchant(cast.root / name, GOODS)
    return again(cast, name)


def again(cast, name):
    """A node of before, with its network."""
    cast.start_node(name, locked=False)
    client = cast.node(name)
    client.until(lambda: client.get("/status")["network"] == "ready", seconds=SECONDS, what="the network")
    return client


def pair(host, guest):
    link = host.post("/peers/invites")["link"]
    id_ = guest.post("/peers/pairings", link=link)["id"]

    def coded(client):
        return any(row["id"] == id_ and row["code"] for row in client.get("/peers/pairings"))

    for client in (host, guest):
        client.until(lambda client=client: coded(client), seconds=SECONDS, what="the code")
    for client in (host, guest):
        client.post(f"/peers/pairings/{id_}/confirm")


def publish(client, path: Path):
    """Sign what is in a file; the feed's size then."""
    with path.open("rb") as source:
        staged = client.upload("/catalog/import", source, name=path.name, currency="USD")
    client.post_once(f"/catalog/import/{staged['id']}/apply")
    return only_feed(client)


def only_feed(client):
    feeds = client.get("/catalog/feeds")
    return feeds[0] if feeds else None


def follow(client, wanted, seconds=SECONDS):
    """Wait until the seller holds what the merchant signed, proved."""

    def there():
        feed = only_feed(client)
        return feed and feed["verified"] and (feed["checkpoint"], feed["held"]) == (wanted["checkpoint"], wanted["size"]) and feed

    found = client.until(there, seconds=seconds, what="the catalog")
    counts = ("products", "offers", "state_hash", "error")
    assert [found[name] for name in counts] == [wanted[name] for name in counts]


def packs_in(folder: Path, feed: bytes):
    """The packs of a load under way that are in."""
    path = file_of(folder / STORE_FILE)
    if not path.exists():
        return frozenset()
    with closing(open_plain(path, readonly=True)) as database:
        return FileFeeds(database).loaded(feed)


def pages_in(folder: Path, feed: bytes):
    """The pages of an answer that wait, and how far they lead; nothing waits: none."""
    with closing(open_plain(file_of(folder / STORE_FILE), readonly=True)) as database:
        feeds = FileFeeds(database)
        fetch = feeds.fetch(feed)
        return list(feeds.staged(feed)), fetch.records if fetch else 0


def test_a_seller_hears_of_a_new_head_by_push():
    """Both look at deadlines once an hour, and a seller asks unasked as seldom: nothing but the merchant's word comes sooner."""
    with household() as cast:
        for name in ("lumen", "ana"):
            configure(cast, name, tick=3600)
            cast.start_node(name)
        lumen, ana = settle(cast, "lumen", "merchant"), settle(cast, "ana", "seller")
        pair(lumen, ana)
        follow(ana, publish(lumen, DATA / "woocommerce.csv"))
        path = cast.root / "update.csv"
        update_file(path, CHANGED)
        follow(ana, publish(lumen, path), PUSHED_SECONDS)


def test_a_seller_killed_in_a_first_sync_goes_on_where_it_was_and_a_merchant_who_was_away_is_heard_again():
    with household() as cast:
        lumen = stocked(cast, "lumen")
        lumen.until(lambda: only_feed(lumen)["size"] == 2 * GOODS, seconds=SECONDS, what="its catalog")
        wanted = only_feed(lumen)
        feed = bytes.fromhex(wanted["feed"])
        given = cast.root / "lumen" / FOLDER / feed.hex()
        lumen.until((given / "manifest").exists, seconds=SECONDS, what="its packs")

        configure(cast, "ana", catalog_rate=SLOW)
        cast.start_node("ana")
        ana = settle(cast, "ana", "seller")
        pair(lumen, ana)
        ana.until(lambda: len(packs_in(ana.data, feed)) > 1, seconds=SECONDS, what="some packs")
        under_way = only_feed(ana)
        assert (under_way["size"], under_way["expected"]) == (0, 2 * GOODS)
        cast.kill("ana")

        loaded = packs_in(ana.data, feed)
        taken = cast.root / "ana" / FOLDER / feed.hex()
        packs = {file.name for file in given.iterdir() if len(file.name) == 64}
        assert 1 < len(loaded) < len(packs)
        for pack in loaded:
            (taken / pack.hex()).unlink()
        configure(cast, "ana", catalog_rate=0)
        ana = again(cast, "ana")
        follow(ana, wanted)
        fetched = {file.name for file in taken.iterdir() if len(file.name) == 64}
        assert fetched == packs - {pack.hex() for pack in loaded}, "what was in is asked for again"

        cast.kill("lumen")
        lumen = again(cast, "lumen")
        path = cast.root / "update.csv"
        update_file(path, CHANGED)
        follow(ana, publish(lumen, path))


def test_a_seller_of_a_part_killed_in_its_first_sync_goes_on_after_the_last_page_that_came():
    """More than half of the kinds of goods, over a slow line: some pages wait, and are kept as they are."""
    with household() as cast:
        lumen = stocked(cast, "lumen")
        lumen.until(lambda: only_feed(lumen)["size"] == 2 * GOODS, seconds=SECONDS, what="its catalog")
        feed = only_feed(lumen)["feed"]
        configure(cast, "ana", catalog_rate=SLOW)
        cast.start_node("ana")
        ana = settle(cast, "ana", "seller")
        pair(lumen, ana)
        ana.until(lambda: only_feed(ana), seconds=SECONDS, what="the feed")
        kinds = [f"Kind {number}" for number in range(90)]
        ana.post(f"/catalog/feeds/{feed}/follow", division="category", names=kinds)
        id_ = bytes.fromhex(feed)
        ana.until(lambda: len(pages_in(ana.data, id_)[0]) > 1, seconds=SECONDS, what="some pages")
        cast.kill("ana")
        pages, records = pages_in(ana.data, id_)

        configure(cast, "ana", catalog_rate=0)
        ana = again(cast, "ana")

        def done():
            waiting, seen = pages_in(ana.data, id_)[0], only_feed(ana)
            assert seen["verified"] or waiting[: len(pages)] in (pages, []), "what waited was fetched again"
            assert seen["fetched"] >= records
            return seen["verified"] and seen

        found = ana.until(done, seconds=SECONDS, what="the part")
        assert (found["products"], found["error"]) == (found["offers"], "")
        assert records < 2 * found["offers"] < 2 * GOODS
