"""A catalog file that an earlier program left holds, once it was opened, what this program makes of the same log: from each schema on."""

import pytest

from node.model.catalog_search import Asked, Order
from node.store import catalog_columns as columns
from node.store.catalog_file import file_of, files_of
from node.store.catalog_writer import FileWriter
from node.store.database import open_plain
from node.store.migrate import migrate, shipped
from protocol.codec import to_bytes
from protocol.money import Money
from protocol.offer import Offer, Promotion, RankPrice, Stock
from protocol.operations import Noun, put, remove
from protocol.product import Product, Translation, Variant, Withdrawal, product_id

from .test_catalog_file import Publisher

NUMBERS = sorted(shipped("catalog_migrations"))
TERMS, UNOFFERED = 6, 7  # of the migrations from which on prices and earnings, and the marks in words, are as they are now
SHADOWS = ("words_config", "words_content", "words_data", "words_docsize", "words_idx")
KEPT = ("heads", "products", "offers", "others", "gone", "tree", "listings", "brand_offers", "sections")
ASKED = {
    "word": Asked(("amber",)),
    "translated": Asked(("savon",)),
    "recalled": Asked(recalled=True),
    "available": Asked(available=True),
    "brand": Asked(brand="Lumen"),
    "category": Asked(category="Bath > Soap"),
    "price": Asked(low=105, high=120),
    "code": Asked(code="04006381333931"),
}


def goods():
    """All that migrations tell apart: what is called back, translated, has prices for ranks or times, is gone."""
    for number in range(30):
        made = Product(
            f"p{number:02d}",
            f"Amber soap {number}" if number % 2 else f"Balm {number}",
            vendor="Lumen" if number % 3 else "Noir",
            category="Bath > Soap" if number % 5 else "",
            variants=(Variant(f"S{number:02d}", "", (), "4006381333931" if number == 7 else None),),
            withdrawal=Withdrawal("it stains", 1) if number in {4, 9} else None,
            translations=(Translation("fr", f"Savon {number}"),) if number in {2, 8} else None,
        )
        yield put(made)
        yield put(
            Offer(
                f"S{number:02d}",
                product_id(to_bytes(made)),
                Money(100 + number, "USD"),
                Stock.IN_STOCK if number % 4 else Stock.OUT,
                ranks=(RankPrice(1, Money(50, "USD")),) if number == 12 else None,
                promotions=(Promotion("now", Money(90, "USD"), 1, 2 * 10**12),) if number == 13 else None,
            )
        )


def put_back(path, number):
    """The file at `path` as a program with no migration above `number` left it: its tables and what they could say."""
    now = open_plain(path)
    files = {table: _rows(now, table) for table in _tables(now, number)}
    now.close()
    for file in files_of(path.with_name("store.db")):
        file.unlink(missing_ok=True)
    old = open_plain(path)
    migrate(old, 0, {each: sql for each, sql in shipped("catalog_migrations").items() if each <= number})
    old.execute("BEGIN")
    for table in _tables(old, number):
        names = [row[1] for row in old.execute(f"PRAGMA table_info({table})")]
        for row in files.get(table, ()):
            given = tuple(row[name] for name in names)
            old.execute(f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", given)
    if number < TERMS:  # prices as they stand in the offers, words of titles alone
        old.execute(
            "UPDATE listings SET (low, high) = (SELECT min(o.price), max(o.price) FROM products AS p JOIN offers AS o "
            "ON o.product = p.product AND o.feed = listings.feed WHERE p.id = listings.goods) WHERE offers > 0"
        )
        for row in files["listings"]:
            old.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (row["id"], row["name"]))
    if TERMS <= number < UNOFFERED:
        rows = old.execute(
            "SELECT l.id, l.feed, p.record FROM listings AS l JOIN products AS p ON p.id = l.goods WHERE l.offers = 0"
        ).fetchall()
        for listing, feed, record in rows:
            text = columns.listing_words(columns.goods(record), feed, 0, 0, is_offered=False, sold_out=True).replace(
                f" {columns.UNOFFERED}", ""
            )
            old.execute("INSERT OR REPLACE INTO words (rowid, text) VALUES (?, ?)", (listing, text))
    old.execute("COMMIT")
    old.close()


def _tables(db, number):
    every = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [name for name in every if name not in {"migrations", "words", "renewals", *(SHADOWS if number < TERMS else ())}]


def _rows(db, table):
    columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
    return [dict(zip(columns, row, strict=True)) for row in db.execute(f"SELECT * FROM {table}")]


def seen(store):
    """All that is kept or can be asked, in an order of its own."""

    def run(writing):
        kept = {table: _rows(writing._db, table) for table in KEPT}
        for row in kept["heads"]:
            del (
                row["sealed"],
                row["told_from"],
            )  # what came by packs is looked at once more; a feed's changes are told from the migration on
        for row in kept["sections"]:
            del row["id"]
        return {table: sorted(map(repr, rows)) for table, rows in kept.items()}

    found = store.catalog.write_now(run)
    for name, asked in ASKED.items():
        page = store.read_now(lambda unit, asked=asked: unit.catalog_search.find(asked, Order.CHEAP, None, 100))
        found[name] = [(one.product, one.low, one.high) for one in page.listings]
    return found


@pytest.mark.parametrize("number", NUMBERS)
def test_a_file_of_an_earlier_program_says_what_a_new_one_would(make, path, number):
    store = make()
    shop = Publisher(store)
    shop.publish(list(goods()))
    shop.publish([remove(Noun.OFFER, "S29"), remove(Noun.PRODUCT, "p28")])
    expected = seen(store)
    assert [name for name in ASKED if not expected[name]] == []
    store.close()
    put_back(file_of(path), number)
    again = make()
    assert not again.catalog.mended, "the file was made anew instead of brought along"
    assert seen(again) == expected


@pytest.mark.parametrize("number", [1, TERMS])
def test_what_a_migration_asks_for_is_missed_where_nobody_does_it(make, path, number):
    store = make()
    shop = Publisher(store)
    shop.publish(list(goods()))
    shop.publish([remove(Noun.OFFER, "S29")])
    expected = seen(store)
    store.close()
    put_back(file_of(path), number)
    file = open_plain(file_of(path))
    migrate(file, 0, shipped("catalog_migrations"))
    file.execute("DELETE FROM renewals")
    file.execute("UPDATE renewing SET marked = 1")
    file.close()
    again = make()
    assert not again.catalog.mended
    assert seen(again) != expected, "the control: the comparison sees what was not renewed"


@pytest.mark.parametrize("counted", [0, 7])
def test_how_many_wait_is_counted_anew_where_a_migration_let_some_wait(make, path, counted, monkeypatch):
    monkeypatch.setattr(FileWriter, "renew", lambda writer: 0)  # none is little enough to be done at once
    store = make()
    Publisher(store).publish(list(goods()))
    store.close()
    file = open_plain(file_of(path))
    file.execute("INSERT OR IGNORE INTO renewals (product) SELECT product FROM products")
    file.execute("UPDATE renewing SET waiting = ?", (counted,))
    many = file.execute("SELECT count(*) FROM renewals").fetchone()[0]
    file.close()
    assert many > counted
    again = make()
    assert again.catalog.write_now(lambda writer: writer._db.execute("SELECT waiting FROM renewing").fetchone()) == (many,)
    again.catalog.write_now(lambda writer: writer._db.execute("DELETE FROM renewals"))
    again.close()
    assert make().catalog.write_now(lambda writer: writer._db.execute("SELECT waiting FROM renewing").fetchone()) == (0,)
