"""What customers ordered, as rules read it: derived from the orders a seller placed, and made anew whenever one changes."""

from collections.abc import Iterable

from sqlite_utils import Database

from node.model.task_rule import Purchase, Reorder

REORDER = "customer, merchant, sku, title, orders, every, last, due, about"


class Purchases:
    """The tables `order_news`, `customer_orders`, `customer_purchases` and `customer_reorders` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def take_news(self, limit: int) -> list[bytes]:
        """Orders of the seller's that changed since they were last taken."""
        sql = "DELETE FROM order_news WHERE draft IN (SELECT draft FROM order_news ORDER BY draft LIMIT ?) RETURNING draft"
        return [row[0] for row in self._db.execute(sql, (limit,)).fetchall()] if self._any_news() else []

    def _any_news(self) -> bool:
        return bool(self._db.execute("SELECT 1 FROM order_news LIMIT 1").fetchone())

    def keep(self, draft: bytes, customer: bytes, placed: int, delivered: int | None, lines: Iterable[Purchase]) -> None:
        """Write what an order is to its customer, in place of what was known of it."""
        self._db.execute("DELETE FROM customer_orders WHERE draft = ?", (draft,))
        values = (draft, customer, placed, delivered)
        self._db.execute("INSERT INTO customer_orders (draft, customer, placed, delivered) VALUES (?, ?, ?, ?)", values)
        rows = [(draft, customer, line.merchant, line.sku, line.title) for line in lines]
        sql = "INSERT OR REPLACE INTO customer_purchases (draft, customer, merchant, sku, title) VALUES (?, ?, ?, ?, ?)"
        self._db.conn.executemany(sql, rows)

    def of_product(self, customer: bytes, merchant: bytes, sku: str) -> list[tuple[int, bytes, str]]:
        """When a customer ordered a product: placed (ms), draft, title."""
        sql = (
            "SELECT o.placed, o.draft, p.title FROM customer_purchases AS p JOIN customer_orders AS o ON o.draft = p.draft "
            "WHERE p.customer = ? AND p.merchant = ? AND p.sku = ?"
        )
        return [(placed, draft, title) for placed, draft, title in self._db.execute(sql, (customer, merchant, sku))]

    def products(self, customer: bytes) -> list[tuple[bytes, str]]:
        """The products (merchant, SKU) a customer ordered."""
        sql = "SELECT DISTINCT merchant, sku FROM customer_purchases WHERE customer = ?"
        return [(merchant, sku) for merchant, sku in self._db.execute(sql, (customer,))]

    def set_reorders(self, customer: bytes, rows: Iterable[Reorder]) -> None:
        """Write what a customer may order again, in place of what was there."""
        self._db.execute("DELETE FROM customer_reorders WHERE customer = ?", (customer,))
        values = [
            (row.customer, row.merchant, row.sku, row.title, row.orders, row.every, row.last.isoformat(), row.due.isoformat(), row.order)
            for row in rows
        ]
        marks = ", ".join("?" * len(REORDER.split(",")))
        self._db.conn.executemany(f"INSERT INTO customer_reorders ({REORDER}) VALUES ({marks})", values)  # noqa: S608

    def customer_of(self, draft: bytes) -> bytes | None:
        """Who the order was known to be for."""
        found = self._db.execute("SELECT customer FROM customer_orders WHERE draft = ?", (draft,)).fetchone()
        return found[0] if found else None
