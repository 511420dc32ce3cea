"""Product files that wait for the merchant's word, in the store: written and judged in batches, so that none is in memory whole."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlite_utils import Database

from node.model.listing import ProductRow
from node.model.product_import import LEFT, Change, ProductImport, Verdict, WaitingProduct

from .catalog_feeds import marks, parts
from .many import insert_many

_IMPORT = "id, name, dialect, currency, at, state, header, targets, withdraw, judged, source, seq"
_ROW = "number, row, name, sku, record, reason, outcome, handle, changes, code, left_out"
_WOULD_BE = "outcome NOT IN ('same', 'error') AND NOT left_out"
"""Written, once it is confirmed."""


class ProductImports:
    """The tables `product_imports`, `product_import_cells` and `product_import_rows` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # --- files

    def add(self, staged: ProductImport) -> int:
        """A new file; its number here."""
        values = (staged.id, staged.name, staged.dialect, staged.currency, staged.at, staged.state)
        more = (_json(staged.header), _json(staged.targets), int(staged.withdraw), staged.judged, staged.source)
        sql = f"INSERT INTO product_imports ({_IMPORT}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL) RETURNING seq"  # noqa: S608
        number: int = self._db.execute(sql, (*values, *more)).fetchone()[0]
        return number

    def keep(self, staged: ProductImport) -> None:
        """Write what is known of a file anew."""
        sql = "UPDATE product_imports SET currency = ?, at = ?, state = ?, targets = ?, withdraw = ?, judged = ? WHERE seq = ?"
        values = (staged.currency, staged.at, staged.state, _json(staged.targets), int(staged.withdraw), staged.judged)
        self._db.execute(sql, (*values, staged.seq))

    def get(self, id_: bytes) -> ProductImport | None:
        """The file with this id."""
        row = self._db.execute(f"SELECT {_IMPORT} FROM product_imports WHERE id = ? AND NOT gone", (id_,)).fetchone()  # noqa: S608
        return _import(row) if row else None

    def all(self) -> list[ProductImport]:
        """Every file that waits, newest first."""
        found = self._db.execute(f"SELECT {_IMPORT} FROM product_imports WHERE NOT gone ORDER BY seq DESC")  # noqa: S608
        return [_import(row) for row in found]

    def let_go(self, seq: int) -> None:
        """A file is there no more for anybody; `erase` takes its rows."""
        self._db.execute("UPDATE product_imports SET gone = 1 WHERE seq = ?", (seq,))

    def erase(self, rows: int) -> bool:
        """Erase the next `rows` of a file that was let go, and the file after its last. True once there is none."""
        gone = self._db.execute("SELECT seq FROM product_imports WHERE gone ORDER BY seq LIMIT 1").fetchone()
        if gone is None:
            return True
        left, seq = 0, gone[0]
        for table in ("product_import_cells", "product_import_rows"):
            sql = (
                f"DELETE FROM {table} WHERE import = ? AND number IN (SELECT number FROM {table} WHERE import = ? ORDER BY number LIMIT ?)"  # noqa: S608
            )
            left += self._db.execute(sql, (seq, seq, rows)).rowcount
        if not left:
            self._db.execute("DELETE FROM product_imports WHERE seq = ?", (seq,))
        return False

    # --- rows of a table

    def add_cells(self, seq: int, first: int, rows: Sequence[tuple[int, Sequence[str]]]) -> None:
        """Rows `first`, `first` + 1, … as they stand in the file."""
        values = [(seq, number, row, _json(cells)) for number, (row, cells) in enumerate(rows, first)]
        self._db.conn.executemany("INSERT INTO product_import_cells (import, number, row, cells) VALUES (?, ?, ?, ?)", values)

    def cells(self, seq: int, after: int, limit: int) -> list[tuple[int, int, tuple[str, ...]]]:
        """(number, row, cells) after `after`, in order."""
        sql = "SELECT number, row, cells FROM product_import_cells WHERE import = ? AND number > ? ORDER BY number LIMIT ?"
        return [
            (number, row, msgspec.json.decode(cells, type=tuple[str, ...]))
            for number, row, cells in self._db.execute(sql, (seq, after, limit))
        ]

    def original(self, seq: int, row: int) -> tuple[str, ...]:
        """The cells of a row by its number in the file, which no row that comes later has passed."""
        sql = "SELECT cells FROM product_import_cells WHERE import = ? AND number <= ? AND row = ? ORDER BY number DESC LIMIT 1"
        found = self._db.execute(sql, (seq, row, row)).fetchone()
        return msgspec.json.decode(found[0], type=tuple[str, ...]) if found else ()

    # --- products

    def add_rows(self, seq: int, rows: Iterable[tuple[WaitingProduct, Verdict]]) -> None:
        """Products and rows that give none, and what becomes of them."""
        into = f"INSERT INTO product_import_rows (import, {_ROW}, promotions)"
        insert_many(self._db, into, [(seq, *_values(row, verdict)) for row, verdict in rows])

    def clear_rows(self, seq: int, *, outcome: str = "") -> None:
        """Let go of the products: all, or of one outcome without a row of the file."""
        if outcome:
            self._db.execute("DELETE FROM product_import_rows WHERE import = ? AND outcome = ? AND row = 0", (seq, outcome))
        else:
            self._db.execute("DELETE FROM product_import_rows WHERE import = ?", (seq,))

    def rows(self, seq: int, outcome: str, after: int, limit: int) -> list[WaitingProduct]:
        """Rows after `after` with this outcome ("" for all), in order."""
        named = {"seq": seq, "after": after, "limit": limit, "outcome": outcome}
        kind = "" if not outcome else "AND left_out" if outcome == LEFT else "AND outcome = :outcome AND NOT left_out"
        sql = f"SELECT {_ROW} FROM product_import_rows WHERE import = :seq AND number > :after {kind} ORDER BY number LIMIT :limit"  # noqa: S608
        return [_row(row) for row in self._db.execute(sql, named).fetchall()]

    def taken(self, seq: int, handles: Collection[str], before: int) -> set[str]:
        """Which of these products of the catalog are written by one of the file's before the number `before`."""
        found: set[str] = set()
        for some in parts(handles):
            sql = (
                "SELECT DISTINCT handle FROM product_import_rows WHERE import = ? AND number < ? AND record IS NOT NULL "  # noqa: S608
                f"AND outcome <> 'error' AND NOT left_out AND handle IN ({marks(some)})"
            )
            found.update(row[0] for row in self._db.execute(sql, (seq, before, *some)))
        return found

    def last(self, seq: int) -> int:
        """The highest number of a row."""
        found: int = self._db.execute("SELECT coalesce(max(number), 0) FROM product_import_rows WHERE import = ?", (seq,)).fetchone()[0]
        return found

    def judge(self, seq: int, verdicts: Iterable[Verdict]) -> None:
        """Keep what becomes of rows."""
        sql = (
            "UPDATE product_import_rows SET outcome = ?, handle = ?, changes = ?, reason = ?, promotions = ?, code = ? "
            "WHERE import = ? AND number = ?"
        )
        self._db.conn.executemany(
            sql,
            (
                (item.outcome, item.handle, _json(item.changes), item.reason, item.promotions, item.code, seq, item.number)
                for item in verdicts
            ),
        )

    def count(self, seq: int) -> dict[str, int]:
        """How many rows there are by outcome, without what is left out."""
        every = self._counted("import = ?", seq)
        for outcome, count in self._counted("import = ? AND left_out", seq).items():
            every[outcome] -= count
        return {outcome: count for outcome, count in every.items() if count}

    def left(self, seq: int) -> int:
        """How many products are left out."""
        return sum(self._counted("import = ? AND left_out", seq).values())

    def _counted(self, where: str, seq: int) -> dict[str, int]:
        sql = f"SELECT outcome, count(*) FROM product_import_rows WHERE {where} GROUP BY outcome"  # noqa: S608
        return dict(self._db.execute(sql, (seq,)).fetchall())

    def leave(self, seq: int, number: int, *, out: bool) -> None:
        """Leave a product out, or take it in again."""
        self._db.execute("UPDATE product_import_rows SET left_out = ? WHERE import = ? AND number = ?", (int(out), seq, number))

    def promotions(self, seq: int) -> int:
        """How many SKUs come by a promotion."""
        sql = f"SELECT coalesce(sum(promotions), 0) FROM product_import_rows WHERE import = ? AND promotions > 0 AND {_WOULD_BE}"  # noqa: S608
        found: int = self._db.execute(sql, (seq,)).fetchone()[0]
        return found

    def written(self, seq: int) -> Iterator[tuple[str, ProductRow | None]]:
        """What would be written, in order: handles in the catalog, with what the file says of each (None: it goes)."""
        sql = f"SELECT handle, record FROM product_import_rows WHERE import = ? AND {_WOULD_BE} ORDER BY number"  # noqa: S608
        for handle, record in self._db.execute(sql, (seq,)):
            yield handle, _decode(record) if record else None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ProductRow).decode
_changes = msgspec.json.Decoder(tuple[Change, ...]).decode


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _values(row: WaitingProduct, verdict: Verdict) -> tuple[Any, ...]:
    record = _encode(row.product) if row.product else None
    made = (verdict.reason, verdict.outcome, verdict.handle, _json(verdict.changes), verdict.code, 0, verdict.promotions)
    return row.number, row.row, row.name, row.sku, record, *made


def _row(row: Sequence[Any]) -> WaitingProduct:
    number, at, name, sku, record, reason, outcome, handle, changes, code, left = row
    product = _decode(record) if record else None
    found = _changes(changes)
    return WaitingProduct(number, at, name, sku, product, reason, outcome, handle, found, code, bool(left))


def _import(row: Sequence[Any]) -> ProductImport:
    id_, name, dialect, currency, at, state, header, targets, withdraw, judged, source, seq = row
    titles, fields = (msgspec.json.decode(text, type=tuple[str, ...]) for text in (header, targets))
    return ProductImport(id_, name, dialect, currency, at, state, titles, fields, bool(withdraw), judged, source, seq)
