"""What quotes and orders hold of counted offers, in the store."""

from sqlite_utils import Database

from node.model.stock import Hold

_HOLD = "draft, sku, currency, member, quantity, until, state, back"


class Stock:
    """The table `stock_holds` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def keep(self, hold: Hold) -> None:
        """Write a hold, new or changed."""
        values = (hold.draft, hold.sku, hold.currency, hold.member, hold.quantity, hold.until, hold.state, hold.back)
        sql = (
            f"INSERT INTO stock_holds ({_HOLD}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (draft, sku) DO UPDATE SET "  # noqa: S608
            "until = excluded.until, state = excluded.state, back = excluded.back"
        )
        self._db.execute(sql, values)

    def of(self, draft: bytes) -> list[Hold]:
        """What an order holds."""
        rows = self._db.execute(f"SELECT {_HOLD} FROM stock_holds WHERE draft = ? ORDER BY sku", (draft,))  # noqa: S608
        return [Hold(*row) for row in rows]

    def drop(self, draft: bytes) -> None:
        """Let go of what an order holds."""
        self._db.execute("DELETE FROM stock_holds WHERE draft = ?", (draft,))

    def held(self, currency: str, sku: str, now: int, draft: bytes, member: bytes | None = None) -> int:
        """Pieces that others than `draft` hold at `now`, all of them or a member's."""
        sql = (
            "SELECT coalesce(sum(quantity), 0) FROM stock_holds WHERE state IN ('quoted', 'placed') AND currency = ? AND sku = ? "
            "AND until >= ? AND draft <> ? AND (? IS NULL OR member = ?)"
        )
        found: int = self._db.execute(sql, (currency, sku, now, draft, member, member)).fetchone()[0]
        return found

    def completed(self, member: bytes) -> int:
        """How many orders of a member went well to the end."""
        sql = "SELECT count(*) FROM orders WHERE side = 'merchant' AND member = ? AND status = 'COMPLETED'"
        found: int = self._db.execute(sql, (member,)).fetchone()[0]
        return found
