"""Offers in the catalog file: their columns, and which of them are of brands' products."""

from collections.abc import Iterable, Sequence

from sqlite_utils import Database

from node.model.catalog import Entry

from .catalog_columns import Offered, offered
from .catalog_dividing import Place
from .catalog_feeds import marks, parts
from .catalog_goods import Shelves
from .catalog_sales import VARIES, Sales
from .many import insert_many

_CURRENT = (
    "SELECT DISTINCT p.product FROM {} CROSS JOIN heads AS h ON h.feed = b.brand "
    "CROSS JOIN products AS p ON p.feed = h.id AND p.handle = b.handle WHERE {}"
)
"""The records that brands have now of the products that offers are for."""


class OfferRows:
    """The tables `offers` and `brand_offers` of one transaction. What they change is told to the shelves."""

    def __init__(self, db: Database, now: int, sales: Sales, shelves: Shelves) -> None:
        self._db = db
        self._now = now
        self._sales = sales
        self._shelves = shelves

    def put(self, key: int, entries: Sequence[tuple[Entry, Offered, Place]], present: set[str]) -> None:
        """Put offers, each with what its record says and in which sections it is; those in `present` have a row."""
        self.clear(key, present)
        rows = [
            (key, entry.name, it.product, it.price, it.stock, entry.seq, entry.record, self._terms(it), *place)
            for entry, it, place in entries
        ]
        insert_many(self._db, "INSERT OR REPLACE INTO offers (feed, sku, product, price, stock, seq, record, terms, brand, category)", rows)
        self._shelves.touch(row[2] for row in rows)
        self._brand(key, [(entry.name, it) for entry, it, _ in entries])

    def _terms(self, made: Offered) -> int:
        return self._sales.terms(made.plan, varies=made.varies or made.begins > self._now)

    def clear(self, key: int, skus: Iterable[str]) -> None:
        """These offers are about to go, or to be put anew."""
        for part in parts(skus):
            where = f"feed = ? AND sku IN ({marks(part)})"
            sql = f"SELECT product FROM offers WHERE {where}"  # noqa: S608
            self._shelves.touch(row[0] for row in self._db.execute(sql, (key, *part)).fetchall())
            self._shelves.touch(self._branded(key, part))
            self._db.execute(f"DELETE FROM brand_offers WHERE {where}", (key, *part))  # noqa: S608

    def look_again(self, products: Sequence[bytes]) -> None:
        """What these are offered for is to be reckoned anew: columns that a migration added are filled in, and of promotions what is over
        is let go of.
        """
        sql = f"SELECT feed, sku, record FROM offers WHERE product IN ({marks(products)}) AND terms = ?"  # noqa: S608
        for feed, sku, record in self._db.execute(sql, (*products, VARIES)).fetchall():
            made = offered(record)
            self._db.execute("UPDATE offers SET terms = ? WHERE feed = ? AND sku = ?", (self._terms(made), feed, sku))
            self._brand(feed, [(sku, made)])
        joined = "offers AS o CROSS JOIN brand_offers AS b ON b.feed = o.feed AND b.sku = o.sku"
        current = self._db.execute(_CURRENT.format(joined, f"o.product IN ({marks(products)})"), products).fetchall()
        self._shelves.touch([*products, *(row[0] for row in current)])

    def _brand(self, key: int, made: Sequence[tuple[str, Offered]]) -> None:
        rows = [(key, sku, *it.brand) for sku, it in made if it.brand is not None]
        insert_many(self._db, "INSERT OR REPLACE INTO brand_offers (feed, sku, brand, handle)", rows)
        for part in parts(row[1] for row in rows):
            self._shelves.touch(self._branded(key, part))

    def _branded(self, key: int, skus: Sequence[str]) -> list[bytes]:
        sql = _CURRENT.format("brand_offers AS b", f"b.feed = ? AND b.sku IN ({marks(skus)})")
        return [row[0] for row in self._db.execute(sql, (key, *skus)).fetchall()]
