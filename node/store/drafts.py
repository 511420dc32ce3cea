"""Drafts of our catalogs in the store."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlite_utils import Database

from node.model.draft import Draft, Pile
from protocol.operations import Noun, Slot

_PILE = "pile, currency, name, at, due, code, error, device"
_DRAFT = "goods, noun, name, record, base, at"


class Drafts:
    """The tables `catalog_piles` and `catalog_drafts` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # --- piles

    def keep_pile(self, pile: Pile) -> None:
        """Write a pile, new or changed."""
        values = (pile.pile, pile.currency, pile.name, pile.at, pile.due, pile.code, pile.error, pile.device)
        sql = (
            f"INSERT INTO catalog_piles ({_PILE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (pile) DO UPDATE SET "  # noqa: S608
            "name = excluded.name, at = excluded.at, due = excluded.due, code = excluded.code, error = excluded.error, "
            "device = excluded.device"
        )
        self._db.execute(sql, values)

    def pile(self, pile: bytes) -> Pile | None:
        """The pile with this id."""
        row = self._db.execute(f"SELECT {_PILE} FROM catalog_piles WHERE pile = ?", (pile,)).fetchone()  # noqa: S608
        return Pile(*row) if row else None

    def open_pile(self, currency: str) -> Pile | None:
        """The open pile of a currency."""
        row = self._db.execute(f"SELECT {_PILE} FROM catalog_piles WHERE currency = ? AND due = 0", (currency,)).fetchone()  # noqa: S608
        return Pile(*row) if row else None

    def piles(self) -> list[Pile]:
        """All that are to be signed, the open ones first, then by time."""
        return [Pile(*row) for row in self._db.execute(f"SELECT {_PILE} FROM catalog_piles WHERE due >= 0 ORDER BY due, currency")]  # noqa: S608

    def due(self, now: int) -> list[Pile]:
        """Those whose time has come and that were not tried yet."""
        sql = f"SELECT {_PILE} FROM catalog_piles WHERE due > 0 AND due <= ? AND code = '' ORDER BY due"  # noqa: S608
        return [Pile(*row) for row in self._db.execute(sql, (now,))]

    def spent(self) -> list[Pile]:
        """Those that were signed, whose drafts are yet to be erased."""
        return [Pile(*row) for row in self._db.execute(f"SELECT {_PILE} FROM catalog_piles WHERE due < 0")]  # noqa: S608

    def join(self, pile: bytes, other: bytes) -> None:
        """The drafts of `other` go to `pile`, where it has none for their slots."""
        sql = f"INSERT OR IGNORE INTO catalog_drafts (pile, {_DRAFT}) SELECT ?, {_DRAFT} FROM catalog_drafts WHERE pile = ?"  # noqa: S608
        self._db.execute(sql, (pile, other))

    def drop_pile(self, pile: bytes) -> None:
        """Erase a pile with its drafts."""
        self._db.execute("DELETE FROM catalog_piles WHERE pile = ?", (pile,))

    # --- drafts

    def put(self, pile: bytes, drafts: Iterable[Draft]) -> None:
        """Write drafts. One over another keeps the first's base: what was signed when the editing began."""
        sql = (
            f"INSERT INTO catalog_drafts (pile, {_DRAFT}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (pile, noun, name) DO UPDATE SET "  # noqa: S608
            "goods = excluded.goods, record = excluded.record, at = excluded.at"
        )
        rows = ((pile, item.goods, item.slot[0].value, item.slot[1], item.record, item.base, item.at) for item in drafts)
        self._db.conn.executemany(sql, rows)

    def get(self, pile: bytes, slot: Slot) -> Draft | None:
        """The draft for a slot."""
        sql = f"SELECT {_DRAFT} FROM catalog_drafts WHERE pile = ? AND noun = ? AND name = ?"  # noqa: S608
        row = self._db.execute(sql, (pile, slot[0].value, slot[1])).fetchone()
        return _draft(row) if row else None

    def of_goods(self, pile: bytes, goods: str) -> list[Draft]:
        """The drafts of one product and its offers."""
        sql = f"SELECT {_DRAFT} FROM catalog_drafts WHERE pile = ? AND goods = ? ORDER BY noun, name"  # noqa: S608
        return [_draft(row) for row in self._db.execute(sql, (pile, goods))]

    def naming(self, pile: bytes, part: bytes) -> tuple[int, int]:
        """How many drafts of offers hold `part`, and how many of what was signed in their places."""
        sql = (
            "SELECT coalesce(sum(record IS NOT NULL AND instr(record, ?)), 0), coalesce(sum(base IS NOT NULL AND instr(base, ?)), 0) "
            "FROM catalog_drafts WHERE pile = ? AND noun = 'offer'"
        )
        drafted, before = self._db.execute(sql, (part, part, pile)).fetchone()
        return drafted, before

    def by_goods(self, pile: bytes) -> Iterator[list[Draft]]:
        """The drafts of each product in turn; those of no product come first, each alone."""
        sql = f"SELECT {_DRAFT} FROM catalog_drafts WHERE pile = ? ORDER BY goods, noun, name"  # noqa: S608
        found: list[Draft] = []
        for row in self._db.execute(sql, (pile,)):
            draft = _draft(row)
            if found and (not draft.goods or found[0].goods != draft.goods):
                yield found
                found = []
            found.append(draft)
        if found:
            yield found

    def page(self, pile: bytes, after: tuple[str, str, str], limit: int) -> list[Draft]:
        """Drafts in the order of their products, after (goods, noun, name)."""
        sql = f"SELECT {_DRAFT} FROM catalog_drafts WHERE pile = ? AND (goods, noun, name) > (?, ?, ?) ORDER BY goods, noun, name LIMIT ?"  # noqa: S608
        return [_draft(row) for row in self._db.execute(sql, (pile, *after, limit))]

    def count(self, pile: bytes) -> int:
        """How many there are."""
        found: int = self._db.execute("SELECT count(*) FROM catalog_drafts WHERE pile = ?", (pile,)).fetchone()[0]
        return found

    def drop(self, pile: bytes, slots: Iterable[Slot]) -> None:
        """Erase the drafts for these slots."""
        sql = "DELETE FROM catalog_drafts WHERE pile = ? AND noun = ? AND name = ?"
        self._db.conn.executemany(sql, ((pile, noun.value, name) for noun, name in slots))

    def drop_some(self, pile: bytes, rows: int) -> bool:
        """Erase up to `rows` of a pile's drafts, so that nobody waits long; True once none is left."""
        sql = "DELETE FROM catalog_drafts WHERE rowid IN (SELECT rowid FROM catalog_drafts WHERE pile = ? LIMIT ?)"
        return int(self._db.execute(sql, (pile, rows)).rowcount) < rows


def _draft(row: Sequence[Any]) -> Draft:
    goods, noun, name, record, base, at = row
    return Draft(goods, (Noun(noun), name), record, base, at)
