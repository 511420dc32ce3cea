"""What the catalog file holds of each feed, read from the file itself or from the store it is attached to. Every question is indexed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from node.model.catalog import Entry, Fetch, Held, Span
from protocol.operations import Noun, Slot
from protocol.sections import Division, Part
from protocol.state_hash import StateHash

from .catalog_tree import StoredTree

_HELD = "feed, size, state, checkpoint, products, offers, divided, sealed, id"
AT_ONCE = 1000
"""So many names stand in one question."""


@dataclass(frozen=True, slots=True)
class Table:
    """Where records of a noun are, and the condition on their noun where they share a table."""

    name: str
    column: str
    where: str = ""

    @classmethod
    def of(cls, noun: Noun) -> "Table":
        """The table of a noun."""
        return _TABLES.get(noun) or cls("others", "name", f" AND noun = '{noun.value}'")


_TABLES: Mapping[Noun, Table] = {Noun.PRODUCT: Table("products", "handle"), Noun.OFFER: Table("offers", "sku")}
NOUNS = sorted(Noun, key=lambda noun: noun.value)
"""In the order of slots."""


class FileFeeds:
    """The port `Feeds` over one transaction; `schema` is under which name the file is open."""

    def __init__(self, db: Database, schema: str = "main") -> None:
        self._db = db
        self._at = schema

    def held(self, feed: bytes) -> Held:
        """How far the feed is here; size 0 when it isn't."""
        row = self._db.execute(f"SELECT {_HELD} FROM {self._at}.heads WHERE feed = ? AND NOT going", (feed,)).fetchone()  # noqa: S608
        return self._as_held(row) if row else Held(feed)

    def all_held(self) -> list[Held]:
        """Every feed that is here."""
        sql = f"SELECT {_HELD} FROM {self._at}.heads WHERE NOT going ORDER BY id"  # noqa: S608
        return [self._as_held(row) for row in self._db.execute(sql).fetchall()]

    def going(self) -> list[bytes]:
        """The feeds that are being let go."""
        return [row[0] for row in self._db.execute(f"SELECT feed FROM {self._at}.heads WHERE going ORDER BY id")]  # noqa: S608

    def key(self, feed: bytes) -> int:
        """The file's own number for a feed, 0 for one that it doesn't know."""
        row = self._db.execute(f"SELECT id FROM {self._at}.heads WHERE feed = ? AND NOT going", (feed,)).fetchone()  # noqa: S608
        return row[0] if row else 0

    def record(self, feed: bytes, slot: Slot) -> bytes | None:
        """The bytes in a slot."""
        key = self.key(feed)
        return self.records(key, slot[0], [slot[1]]).get(slot[1]) if key else None

    def records(self, key: int, noun: Noun, names: Iterable[str]) -> dict[str, bytes]:
        """Name → record of those that are there."""
        table = Table.of(noun)
        found: dict[str, bytes] = {}
        for part in parts(names):
            sql = f"SELECT {table.column}, record FROM {self._at}.{table.name} WHERE feed = ?{table.where} AND {table.column} IN "  # noqa: S608
            found.update(self._db.execute(f"{sql}({marks(part)})", (key, *part)).fetchall())
        return found

    def handles(self, key: int, products: Iterable[bytes]) -> dict[bytes, str]:
        """Product id → handle of those that are there."""
        found: dict[bytes, str] = {}
        for part in parts(products):
            sql = f"SELECT product, handle FROM {self._at}.products INDEXED BY products_by_id WHERE feed = ? AND product IN "  # noqa: S608
            found.update(self._db.execute(f"{sql}({marks(part)})", (key, *part)).fetchall())
        return found

    def names(self, feed: bytes, noun: Noun) -> set[str]:
        """The names in use."""
        table = Table.of(noun)
        sql = f"SELECT {table.column} FROM {self._at}.{table.name} WHERE feed = ?{table.where}"  # noqa: S608
        return {row[0] for row in self._db.execute(sql, (self.key(feed),))}

    def since(self, feed: bytes, seq: int) -> Iterator[Entry]:
        """What changed after entry `seq`, compacted, in order of their numbers. From 0 on without what is gone."""
        at, key = self._at, self.key(feed)
        arms = [
            f"SELECT seq, 'product', handle, record FROM {at}.products WHERE feed = :feed AND seq > :seq",  # noqa: S608
            f"SELECT seq, 'offer', sku, record FROM {at}.offers WHERE feed = :feed AND seq > :seq",  # noqa: S608
            f"SELECT seq, noun, name, record FROM {at}.others WHERE feed = :feed AND seq > :seq",  # noqa: S608
        ]
        if seq:
            arms.append(f"SELECT seq, noun, name, NULL FROM {at}.gone WHERE feed = :feed AND seq > :seq")  # noqa: S608
        found = self._db.execute(" UNION ALL ".join(arms) + " ORDER BY 1", {"feed": key, "seq": seq})
        return (Entry(number, Noun(noun), name, record) for number, noun, name, record in found)

    def slots(self, feed: bytes, span: Span) -> Iterator[Entry]:
        """What the feed holds in a stretch of slots, in order of (noun, name)."""
        key = self.key(feed)
        for noun in NOUNS:
            low, high = within(noun, span)
            if low is None:
                continue
            table = Table.of(noun)
            where = f"feed = ?{table.where} AND {table.column} > ?" + (f" AND {table.column} <= ?" if high is not None else "")
            sql = f"SELECT seq, {table.column}, record FROM {self._at}.{table.name} WHERE {where} ORDER BY {table.column}"  # noqa: S608
            for seq, name, record in self._db.execute(sql, (key, low) if high is None else (key, low, high)):
                yield Entry(seq, noun, name, record)

    def numbers(self, feed: bytes, low: int, high: int) -> Iterator[int]:
        """The numbers in [low, high) of the entries that put what is there now, in order."""
        arms = [f"SELECT seq FROM {self._at}.{table} WHERE feed = :feed AND seq >= :low AND seq < :high" for table in LIVE]  # noqa: S608
        found = self._db.execute(" UNION ALL ".join(arms) + " ORDER BY 1", {"feed": self.key(feed), "low": low, "high": high})
        return (row[0] for row in found)

    def proof(self, feed: bytes, old: int, size: int) -> Sequence[bytes]:
        """That our log of `size` entries begins with the one of `old`. Raises ConflictError `catalog-behind` until that size is here."""
        return StoredTree(self._db, self._at, self.key(feed), feed).consistency(old, size)

    def loaded(self, feed: bytes) -> frozenset[bytes]:
        """The packs that have come since the load began."""
        found = self._db.execute(f"SELECT pack FROM {self._at}.packs WHERE feed = ?", (self.key(feed),))  # noqa: S608
        return frozenset(row[0] for row in found)

    def staged(self, feed: bytes, *, arriving: bool = False) -> Iterator[bytes]:
        """The pages that wait, in order: of what follows, or of what is new here."""
        sql = f"SELECT operation FROM {self._at}.pages WHERE feed = ? AND arriving = ? ORDER BY number"  # noqa: S608
        return (row[0] for row in self._db.execute(sql, (self.key(feed), int(arriving))))

    def fetch(self, feed: bytes) -> Fetch | None:
        """The answer whose pages wait."""
        sql = f"SELECT question, arriving, reached, records, size FROM {self._at}.fetches WHERE feed = ?"  # noqa: S608
        row = self._db.execute(sql, (self.key(feed),)).fetchone()
        return Fetch(row[0], bool(row[1]), *row[2:]) if row else None

    def _as_held(self, row: Sequence[Any]) -> Held:
        feed, size, state, checkpoint, products, offers, divided, sealed, key = row
        part = None
        if divided in tuple(Division):
            sql = f"SELECT name FROM {self._at}.sections WHERE feed = ? AND division = ? AND chosen ORDER BY name"  # noqa: S608
            part = Part(Division(divided), tuple(found[0] for found in self._db.execute(sql, (key, divided))))
        return Held(feed, size, StateHash.from_bytes(state), checkpoint, products, offers, part, bool(divided), sealed)


LIVE = ("products", "offers", "others")


def within(noun: Noun, span: Span) -> tuple[str | None, str | None]:
    """The names of a noun in a stretch: after the first, up to and with the second (None: to the last). (None, None): none of them.

    Every name is longer than "", so that from the first on means after "".
    """
    low, high = "", None
    if span.low is not None:
        if noun.value < span.low[0].value:
            return None, None
        low = span.low[1] if noun is span.low[0] else ""
    if span.high is not None:
        if noun.value > span.high[0].value:
            return None, None
        high = span.high[1] if noun is span.high[0] else None
    return low, high


def parts(names: Iterable[Any]) -> Iterator[list[Any]]:
    """`names`, so many as stand in one question at a time."""
    pending: list[Any] = []
    for name in names:
        pending.append(name)
        if len(pending) == AT_ONCE:
            yield pending
            pending = []
    if pending:
        yield pending


def marks(values: Sequence[Any]) -> str:
    """As many question marks."""
    return ", ".join("?" * len(values))
