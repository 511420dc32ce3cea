"""Sections of feeds in the catalog file, as they are read: what each holds, what is in it, what left it. Every question is indexed."""

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from itertools import chain
from typing import Any

from sqlite_utils import Database

from node.model.catalog import Entry
from protocol.operations import Noun
from protocol.sections import EVERYWHERE, Division, Part, SectionLeaf, stretches
from protocol.state_hash import StateHash

from .catalog_feeds import marks, parts

BOTH = "both"
"""How a feed of ours is divided."""


class FileSections:
    """The tables `sections` and `departed` of one transaction; `schema` is under which name the file is open."""

    def __init__(self, db: Database, schema: str = "main") -> None:
        self._db = db
        self._at = schema

    def divided(self, key: int) -> str:
        """By what a feed is divided: '', a division, or `BOTH`."""
        row = self._db.execute(f"SELECT divided FROM {self._at}.heads WHERE id = ?", (key,)).fetchone()  # noqa: S608
        return row[0] if row else ""

    def leaves(self, key: int, division: Division) -> tuple[SectionLeaf, ...]:
        """What each section that holds records holds."""
        sql = f"SELECT name, count, digest FROM {self._at}.sections WHERE feed = ? AND division = ? AND count > 0"  # noqa: S608
        return tuple(SectionLeaf(*row) for row in self._db.execute(sql, (key, division.value)))

    def count(self, key: int, division: Division) -> int:
        """How many of them there are."""
        sql = f"SELECT count(*) FROM {self._at}.sections WHERE feed = ? AND division = ? AND count > 0"  # noqa: S608
        found: int = self._db.execute(sql, (key, division.value)).fetchone()[0]
        return found

    def sizes(self, key: int, division: Division, after: str | None, most: int) -> list[tuple[str, int, int]]:
        """(name, records, bytes) of those after a name, in order."""
        sql = (
            f"SELECT name, count, size FROM {self._at}.sections WHERE feed = ? AND division = ? AND count > 0 "  # noqa: S608
            "AND (? IS NULL OR name > ?) ORDER BY name LIMIT ?"
        )
        return self._db.execute(sql, (key, division.value, after, after, most)).fetchall()

    def states(self, key: int, division: Division) -> dict[str, tuple[int, StateHash]]:
        """(records, their state) of each section that is kept here."""
        sql = f"SELECT name, count, state FROM {self._at}.sections WHERE feed = ? AND division = ?"  # noqa: S608
        found = self._db.execute(sql, (key, division.value))
        return {name: (count, StateHash.from_bytes(state)) for name, count, state in found}

    def ids(self, key: int, division: Division, names: Sequence[str]) -> dict[str, int]:
        """Name → number of those that are known."""
        found: dict[str, int] = {}
        for some in parts(names):
            sql = f"SELECT name, id FROM {self._at}.sections WHERE feed = ? AND division = ? AND name IN ({marks(some)})"  # noqa: S608
            found.update(self._db.execute(sql, (key, division.value, *some)).fetchall())
        return found

    def within(self, key: int, part: Part) -> dict[str, int]:
        """Name → number of the sections of a part, and of what is below them."""
        found = self.ids(key, part.division, part.names)
        for low, high in stretches(part.division, part.names):
            sql = f"SELECT name, id FROM {self._at}.sections WHERE feed = ? AND division = ? AND name >= ? AND name < ?"  # noqa: S608
            found.update(self._db.execute(sql, (key, part.division.value, low, high)).fetchall())
        return found

    def named(self, key: int, division: Division) -> tuple[str, ...]:
        """The sections of a part that were chosen by name."""
        sql = f"SELECT name FROM {self._at}.sections WHERE feed = ? AND division = ? AND chosen ORDER BY name"  # noqa: S608
        return tuple(row[0] for row in self._db.execute(sql, (key, division.value)))

    def since(self, key: int, seq: int, part: Part, but: Part | None = None) -> Iterator[Entry]:
        """What changed in the part, without the sections of `but`, after entry `seq`, compacted, in order of their numbers: what left it is
        gone. From 0 without that.
        """
        ids = {name: section for name, section in self.within(key, part).items() if but is None or not but.covers(name)}
        numbers = list(ids.values())
        column, at = part.division.value, self._at
        arms: list[Iterator[Any]] = []
        for table, noun, name in (("products", "product", "handle"), ("offers", "offer", "sku")):
            for section in self._changed(table, column, numbers, seq):
                sql = f"SELECT seq, '{noun}', {name}, record FROM {at}.{table} WHERE {column} = ? AND seq > ? ORDER BY seq"  # noqa: S608
                arms.append(iter(self._db.execute(sql, (section, seq))))
        if seq:
            arms += [self._departed(key, section, seq, column, ids) for section in self._changed("departed", "section", numbers, seq)]
        if EVERYWHERE in ids:
            sql = f"SELECT seq, noun, name, record FROM {at}.others WHERE feed = ? AND seq > ? ORDER BY seq"  # noqa: S608
            arms.append(iter(self._db.execute(sql, (key, seq))))
        return (Entry(number, Noun(noun), name, record) for number, noun, name, record in merge(*arms, key=lambda row: row[0]))

    def _changed(self, table: str, column: str, ids: Sequence[int], seq: int) -> list[int]:
        """Of many sections those in which something came after `seq`, so that not each is read."""
        found: list[int] = []
        for some in parts(ids):
            has = f"EXISTS (SELECT 1 FROM {self._at}.{table} AS r WHERE r.{column} = s.id AND r.seq > ?)"  # noqa: S608
            sql = f"SELECT s.id FROM {self._at}.sections AS s WHERE s.id IN ({marks(some)}) AND {has}"  # noqa: S608
            found += [row[0] for row in self._db.execute(sql, (*some, seq))]
        return found

    def outside(self, key: int, seq: int, but: Part) -> Iterator[Entry]:
        """What changed after entry `seq` in all sections but these, and what is gone."""
        ids, column, at = self.within(key, but), but.division.value, self._at
        arms: list[Iterator[Any]] = []
        for table, noun, name in (("products", "product", "handle"), ("offers", "offer", "sku")):
            where = f"feed = ? AND seq > ? AND {column} NOT IN ({marks(list(ids))})"
            sql = f"SELECT seq, '{noun}', {name}, record FROM {at}.{table} WHERE {where} ORDER BY seq"  # noqa: S608
            arms.append(iter(self._db.execute(sql, (key, seq, *ids.values()))))
        for table, record in (("others", "record"), ("gone", "NULL")):
            if (table == "gone" and seq) or (table == "others" and EVERYWHERE not in ids):
                sql = f"SELECT seq, noun, name, {record} FROM {at}.{table} WHERE feed = ? AND seq > ? ORDER BY seq"  # noqa: S608
                arms.append(iter(self._db.execute(sql, (key, seq))))
        return (Entry(number, Noun(noun), name, record) for number, noun, name, record in merge(*arms, key=lambda row: row[0]))

    def _departed(self, key: int, section: int, seq: int, column: str, ids: Mapping[str, int]) -> Iterator[Any]:
        """What left a section and is in none of the others now."""
        at, chosen = self._at, marks(list(ids))
        sql = (
            f"SELECT seq, noun, name, NULL FROM {at}.departed AS d WHERE section = ? AND seq > ? "  # noqa: S608
            f"AND NOT EXISTS (SELECT 1 FROM {at}.products AS p WHERE d.noun = 'product' AND p.feed = ? AND p.handle = d.name "
            f"AND p.{column} IN ({chosen})) "
            f"AND NOT EXISTS (SELECT 1 FROM {at}.offers AS o WHERE d.noun = 'offer' AND o.feed = ? AND o.sku = d.name "
            f"AND o.{column} IN ({chosen})) ORDER BY seq"
        )
        return iter(self._db.execute(sql, (section, seq, key, *ids.values(), key, *ids.values())))

    def numbers(self, key: int, part: Part) -> list[int]:
        """The numbers of the entries that put what is in the part now, in order."""
        found: list[int] = []
        for some in parts(self.within(key, part).values()):
            for table in ("products", "offers"):
                sql = f"SELECT seq FROM {self._at}.{table} WHERE {part.division.value} IN ({marks(some)})"  # noqa: S608
                found += chain.from_iterable(self._db.execute(sql, some))
        if EVERYWHERE in part.names:
            found += chain.from_iterable(self._db.execute(f"SELECT seq FROM {self._at}.others WHERE feed = ?", (key,)))  # noqa: S608
        return sorted(found)
