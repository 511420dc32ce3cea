"""Receipts of erased customers in the store."""

from sqlite_utils import Database

from node.model.erasure import KeptReceipt

_COLUMNS = "id, erased, at, raw"


class Erasures:
    """The table `erasure_receipts` of one transaction, and what of a customer the others hold."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def rows_of(self, customer: bytes) -> list[tuple[str, int]]:
        """How many rows of each table are the customer's, by the schema, so that a new table is counted too."""
        sql = (
            "SELECT m.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table' AND c.name = 'customer' "
            "ORDER BY m.name"
        )
        found = []
        for (table,) in self._db.execute(sql).fetchall():
            count = self._db.execute(f"SELECT count(*) FROM {table} WHERE customer = ?", (customer,)).fetchone()[0]  # noqa: S608
            if count:
                found.append((table, count))
        return found

    def keep(self, receipt: KeptReceipt) -> None:
        """Write a receipt."""
        values = (receipt.id, receipt.erased, receipt.at, receipt.raw)
        self._db.execute(f"INSERT INTO erasure_receipts ({_COLUMNS}) VALUES (?, ?, ?, ?)", values)  # noqa: S608

    def get(self, id_: bytes) -> KeptReceipt | None:
        """The receipt with this id, or of the customer who had this id."""
        sql = f"SELECT {_COLUMNS} FROM erasure_receipts WHERE id = ?1 OR erased = ?1 ORDER BY at DESC LIMIT 1"  # noqa: S608
        row = self._db.execute(sql, (id_,)).fetchone()
        return KeptReceipt(*row) if row else None

    def latest(self, limit: int) -> list[KeptReceipt]:
        """The newest first."""
        found = self._db.execute(f"SELECT {_COLUMNS} FROM erasure_receipts ORDER BY at DESC, id LIMIT ?", (limit,))  # noqa: S608
        return [KeptReceipt(*row) for row in found]
