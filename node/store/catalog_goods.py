"""Products in the catalog file, the listings that sell them and the words both are found by.

A listing is a product in a feed that sells it: its own, or the feed of a merchant whose offers name it. Whatever changes marks the
products concerned; `arrange` then brings their listings and words up to date, all at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from node.model.catalog import Entry
from protocol.offer import Stock

from .catalog_columns import STOCKS, Goods, goods, listing_words
from .catalog_dividing import Place
from .catalog_feeds import marks, parts
from .catalog_sales import UNSOLD, Piece, Sale, Sales
from .many import insert_many

_OUT = STOCKS.index(Stock.OUT)
_SHOWN = ("name", "low", "high", "stock", "offers", "earns", "turns", "varies")


@dataclass(slots=True)
class _Row:
    id: int
    feed: int
    goods: Goods


class Shelves:
    """The tables `products`, `listings`, `words` and `labels` of one transaction."""

    def __init__(self, db: Database, sales: Sales) -> None:
        self._db = db
        self._sales = sales
        self._touched: set[bytes] = set()
        self._labels: dict[str, str] = {}
        self._fresh: list[_Row] = []
        """Put just now and not there before."""

    def put(self, key: int, entries: Sequence[tuple[Entry, Goods, Place]], present: set[str]) -> None:
        """Put products; those in `present` have a row."""
        ids = dict(self._ids(key, present))
        following = self._following("products")
        new, changed = [], []
        for entry, made, place in entries:
            self._labels.update(made.labels)
            known = ids.get(entry.name)
            if known is None:
                new.append((following, key, entry.name, made.product, made.title, entry.seq, entry.record, *place))
                self._fresh.append(_Row(following, key, made))
                following += 1
            else:
                changed.append((made.product, made.title, entry.seq, entry.record, *place, known))
                self._touched.add(made.product)
        self._touched.update(self._products(changed))
        insert_many(self._db, "INSERT INTO products (id, feed, handle, product, title, seq, record, brand, category)", new)
        sql = "UPDATE products SET product = ?, title = ?, seq = ?, record = ?, brand = ?, category = ? WHERE id = ?"
        self._db.conn.executemany(sql, changed)

    def touch(self, products: Iterable[bytes]) -> None:
        """What is offered of these products changed."""
        self._touched.update(products)

    def clear(self, key: int, handles: Sequence[str]) -> None:
        """These products are about to go."""
        found = [id_ for _, id_ in self._ids(key, handles)]
        sql = f"SELECT product FROM products WHERE id IN ({marks(found)})"  # noqa: S608
        self._touched.update(row[0] for row in self._db.execute(sql, found))
        self._drop("goods", found)

    def arrange(self) -> None:
        """Bring listings and words up to date."""
        fresh, touched = self._fresh, self._touched
        self._fresh, self._touched = [], set()
        new = {row.goods.product for row in fresh}
        for part in parts(fresh):
            self._list(part, known=False)
            new -= self._shared([row.goods.product for row in part])
        for part in parts(touched | {row.goods.product for row in fresh} - new):
            self._list(self._rows([product for product in part if product not in new]), known=True)
        insert_many(self._db, "INSERT OR IGNORE INTO labels (mark, label)", list(self._labels.items()))
        self._labels = {}

    # --- listings

    def _list(self, rows: Sequence[_Row], *, known: bool) -> None:
        """List some products as they are offered now. What has no row yet (`known`) needs no look for an old listing."""
        wanted = self._wanted(rows)
        ids = [row.id for row in rows]
        before = {}
        if known:
            sql = f"SELECT goods, feed, id FROM listings WHERE goods IN ({marks(ids)})"  # noqa: S608
            before = {(row[0], row[1]): row[2] for row in self._db.execute(sql, ids)}
        following = self._following("listings")
        new, changed, new_words, changed_words = [], [], [], []
        for (row, feed), sale in wanted:
            sold_out = sale.stock == _OUT
            state = {"is_offered": sale.offers > 0, "sold_out": sold_out, "abroad": feed != row.feed}
            text = listing_words(row.goods, feed, sale.low, sale.earns, **state)
            values = (row.goods.name, sale.low, sale.high, sale.stock, sale.offers, sale.earns, sale.turns, int(sale.varies))
            listing = before.pop((row.id, feed), None)
            if listing is None:
                new.append((following, row.id, feed, *values))
                new_words.append((following, text))
                following += 1
            else:
                changed.append((*values, listing))
                changed_words.append((listing, text))
        many = self._db.conn.executemany
        insert_many(self._db, f"INSERT INTO listings (id, goods, feed, {', '.join(_SHOWN)})", new)
        many(f"UPDATE listings SET {', '.join(f'{name} = ?' for name in _SHOWN)} WHERE id = ?", changed)  # noqa: S608
        insert_many(self._db, "INSERT INTO words (rowid, text)", new_words)
        many("INSERT OR REPLACE INTO words (rowid, text) VALUES (?, ?)", changed_words)
        self._drop("id", list(before.values()))

    def _wanted(self, rows: Sequence[_Row]) -> list[tuple[tuple[_Row, int], Sale]]:
        """Each product in its own feed, offered or not, and in every other feed that offers it without having a product of its own. An
        offer of a brand's product counts also while it names an earlier record of it: it is there, and says why it can't be sold.
        """
        sales = self._sales.of(list({row.goods.product for row in rows}))
        former = self._sales.former([row.id for row in rows])
        elsewhere = [product for product, feeds in sales.items() if len(feeds) > 1 or not any(row.feed in feeds for row in rows)]
        owners = self._owners([*elsewhere, *(row.goods.product for row in rows if row.id in former)])
        found: list[tuple[_Row, int, list[Piece]]] = []
        for row in rows:
            feeds = sales.get(row.goods.product, {})
            found.append((row, row.feed, feeds.get(row.feed, [])))
            owned = owners.get(row.goods.product, {})
            mine = {feed: pieces for feed, pieces in former.get(row.id, {}).items() if feed not in owned}
            if feeds and owned and min(owned.values()) == row.id:
                mine = {feed: [*feeds.get(feed, []), *mine.get(feed, [])] for feed in {**feeds, **mine} if feed not in owned}
            found += [(row, feed, pieces) for feed, pieces in mine.items()]
        self._sales.read(piece for _, _, pieces in found for piece in pieces)
        return [((row, feed), self._sales.sale(pieces, row.goods.category) if pieces else UNSOLD) for row, feed, pieces in found]

    def _owners(self, products: Sequence[bytes]) -> dict[bytes, dict[int, int]]:
        """Product → the feeds that have it as their own, and its row there."""
        found: dict[bytes, dict[int, int]] = {}
        for part in parts(products):
            sql = f"SELECT product, feed, id FROM products WHERE product IN ({marks(part)})"  # noqa: S608
            for product, feed, id_ in self._db.execute(sql, part):
                found.setdefault(product, {})[feed] = id_
        return found

    def _shared(self, products: Sequence[bytes]) -> set[bytes]:
        """Those that more than one feed has, the same to the byte: their other rows may be listed otherwise now."""
        sql = f"SELECT product FROM products WHERE product IN ({marks(products)}) GROUP BY product HAVING count(*) > 1"  # noqa: S608
        return {row[0] for row in self._db.execute(sql, products)}

    def _drop(self, column: str, values: Sequence[int]) -> None:
        """Take listings away, with their words."""
        for part in parts(values):
            sql = f"DELETE FROM listings WHERE {column} IN ({marks(part)}) RETURNING id"  # noqa: S608
            gone = self._db.execute(sql, part).fetchall()
            self._db.conn.executemany("DELETE FROM words WHERE rowid = ?", gone)

    # --- rows

    def _rows(self, products: Sequence[bytes]) -> list[_Row]:
        sql = f"SELECT id, feed, record FROM products WHERE product IN ({marks(products)})"  # noqa: S608
        return [_Row(id_, feed, goods(record)) for id_, feed, record in self._db.execute(sql, products).fetchall()]

    def _ids(self, key: int, handles: Iterable[str]) -> Iterable[tuple[str, int]]:
        for part in parts(handles):
            sql = f"SELECT handle, id FROM products WHERE feed = ? AND handle IN ({marks(part)})"  # noqa: S608
            yield from self._db.execute(sql, (key, *part)).fetchall()

    def _products(self, changed: Sequence[tuple[Any, ...]]) -> list[bytes]:
        """What the rows that are about to change were."""
        found: list[bytes] = []
        for part in parts(row[-1] for row in changed):
            sql = f"SELECT product FROM products WHERE id IN ({marks(part)})"  # noqa: S608
            found += [row[0] for row in self._db.execute(sql, part)]
        return found

    def _following(self, table: str) -> int:
        found: int = self._db.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").fetchone()[0]  # noqa: S608
        return found
