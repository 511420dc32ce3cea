"""The catalog file's writer of sections: which section a record is in, and what each holds, kept along as records come and go.

Before records change, `look` notes where they and the offers of changed products are; `settle` finds where they are afterwards, and moves
them from one section's count and state to the other's. A feed that isn't divided costs one question a batch.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from node.model.catalog import Entry
from protocol.encoding import peek
from protocol.errors import Malformed
from protocol.operations import Noun, Slot, element
from protocol.product import product_id
from protocol.sections import EVERYWHERE, Division, Part
from protocol.state_hash import StateHash, Tally

from .catalog_columns import offer_columns
from .catalog_feeds import Table, marks, parts
from .catalog_sections import BOTH, FileSections

_FIELD = {Division.BRAND: 6, Division.CATEGORY: 8}
_KEPT = "INSERT OR IGNORE INTO sections (feed, division, name, count, size, state, digest) VALUES (?, ?, ?, 0, 0, ?, ?)"
Ids = tuple[int, ...]
"""A section of each division that the feed has."""


@dataclass(slots=True)
class Moving:
    """Records about to change: where they were, and what was there."""

    divisions: tuple[Division, ...]
    entries: Mapping[Slot, Entry]
    before: dict[Slot, tuple[Ids, bytes]] = field(default_factory=dict)

    @classmethod
    def of(cls, divisions: tuple[Division, ...], entries: Sequence[Entry]) -> "Moving":
        """Records that come from nowhere, until `look` finds more."""
        return cls(divisions, {(entry.noun, entry.name): entry for entry in entries})


@dataclass(slots=True)
class _Change:
    """What a group of records in the same sections does to them."""

    added: list[bytes] = field(default_factory=list)
    removed: list[bytes] = field(default_factory=list)
    count: int = 0
    size: int = 0


class Dividing(FileSections):
    """What the writer does to sections in one transaction."""

    def begin(self, key: int, part: Part | None) -> None:
        """Divide a feed that holds nothing: our own by everything (None), another as its part is chosen."""
        self.end(key)
        self._db.execute("UPDATE heads SET divided = ? WHERE id = ?", (part.division.value if part else BOTH, key))
        if part is not None:
            self.widen(key, part)

    def widen(self, key: int, part: Part) -> None:
        """Sections that are followed from now on, empty for now."""
        self._make(key, part.division, part.names)

    def end(self, key: int) -> None:
        """The feed is divided no more."""
        self._db.execute("DELETE FROM departed WHERE section IN (SELECT id FROM sections WHERE feed = ?)", (key,))
        self._db.execute("DELETE FROM sections WHERE feed = ?", (key,))
        if self.divided(key):
            for table in ("products", "offers"):
                self._db.execute(f"UPDATE {table} SET brand = NULL, category = NULL WHERE feed = ?", (key,))  # noqa: S608
            self._db.execute("UPDATE heads SET divided = '' WHERE id = ?", (key,))

    def drop(self, key: int, division: Division, names: Sequence[str]) -> None:
        """Sections that were emptied, and are followed no more."""
        for some in parts(names):
            sql = f"DELETE FROM sections WHERE feed = ? AND division = ? AND name IN ({marks(some)})"  # noqa: S608
            self._db.execute(sql, (key, division.value, *some))

    def divisions(self, key: int) -> tuple[Division, ...]:
        """By what the feed is divided."""
        divided = self.divided(key)
        if not divided:
            return ()
        return tuple(Division) if divided == BOTH else (Division(divided),)

    # --- around a change

    def look(self, key: int, entries: Sequence[Entry]) -> Moving | None:
        """Before `entries`, each of a slot of its own, are put or removed. None for a feed that isn't divided."""
        moving = Moving.of(self.divisions(key), entries)
        if not moving.divisions:
            return None
        columns = ", ".join(division.value for division in moving.divisions)
        touched: set[bytes] = set()
        for noun in Noun:
            names = [entry.name for entry in entries if entry.noun is noun]
            table = Table.of(noun)
            for some in parts(names):
                where = f"WHERE feed = ?{table.where} AND {table.column} IN ({marks(some)})"
                if table.name == "others":
                    found = self._db.execute(f"SELECT name, record FROM others {where}", (key, *some)).fetchall()  # noqa: S608
                    nowhere = self._everywhere(key, moving.divisions) if found else ()
                    moving.before.update({(noun, name): (nowhere, record) for name, record in found})
                    continue
                sql = f"SELECT {table.column}, product, record, {columns} FROM {table.name} {where}"  # noqa: S608
                for name, product, record, *ids in self._db.execute(sql, (key, *some)).fetchall():
                    moving.before[noun, name] = (tuple(ids), record)
                    if noun is Noun.PRODUCT:
                        touched.add(product)
        touched.update(product_id(entry.record) for entry in entries if entry.noun is Noun.PRODUCT and entry.record is not None)
        for some in parts(touched):
            sql = f"SELECT sku, record, {columns} FROM offers WHERE feed = ? AND product IN ({marks(some)})"  # noqa: S608
            for sku, record, *ids in self._db.execute(sql, (key, *some)).fetchall():
                moving.before.setdefault((Noun.OFFER, sku), (tuple(ids), record))
        return moving

    def settle(self, key: int, moving: Moving) -> None:
        """After they were. Raises Malformed `outside-part` for a product of a section that isn't followed."""
        now = {slot: record for slot, (_, record) in moving.before.items() if slot not in moving.entries}
        now.update({slot: entry.record for slot, entry in moving.entries.items() if entry.record is not None})
        places = self._places(key, moving.divisions, now)
        changes: dict[Ids, _Change] = {}
        for slot in {**moving.before, **now}:
            before, record = moving.before.get(slot), now.get(slot)
            if before is not None and record is not None and before == (places[slot], record):
                continue
            if before is not None:
                _note(changes.setdefault(before[0], _Change()), slot, before[1], -1)
            if record is not None:
                _note(changes.setdefault(places[slot], _Change()), slot, record, 1)
        self._change(changes)
        if len(moving.divisions) == len(Division):
            self._depart(moving, places)

    def _places(self, key: int, divisions: Sequence[Division], now: Mapping[Slot, bytes]) -> dict[Slot, Ids]:
        """Where records are; their rows say so afterwards."""
        found: dict[Slot, Ids] = {}
        named = {slot[1]: names_of(record, divisions) for slot, record in now.items() if slot[0] is Noun.PRODUCT}
        known = [
            self._numbered(key, division, {names[place] for names in named.values()} | {EVERYWHERE})
            for place, division in enumerate(divisions)
        ]
        for handle, names in named.items():
            found[Noun.PRODUCT, handle] = tuple(known[place][name] for place, name in enumerate(names))
        columns = ", ".join(f"{division.value} = ?" for division in divisions)
        rows = [(*ids, key, name) for (_, name), ids in found.items()]
        self._db.conn.executemany(f"UPDATE products SET {columns} WHERE feed = ? AND handle = ?", rows)  # noqa: S608
        nowhere = tuple(ids[EVERYWHERE] for ids in known)
        offered = {slot: offer_columns(record)[0] for slot, record in now.items() if slot[0] is Noun.OFFER}
        goods = self._goods(key, divisions, set(offered.values()))
        offers = {slot: goods.get(product, nowhere) for slot, product in offered.items()}
        rows = [(*ids, key, name) for (_, name), ids in offers.items()]
        self._db.conn.executemany(f"UPDATE offers SET {columns} WHERE feed = ? AND sku = ?", rows)  # noqa: S608
        return {**dict.fromkeys(now, nowhere), **found, **offers}

    def _goods(self, key: int, divisions: Sequence[Division], products: Iterable[bytes]) -> dict[bytes, Ids]:
        """Where the products that offers name are."""
        columns, found = ", ".join(division.value for division in divisions), {}
        for some in parts(products):
            sql = f"SELECT product, {columns} FROM products WHERE feed = ? AND product IN ({marks(some)})"  # noqa: S608
            found.update({product: tuple(ids) for product, *ids in self._db.execute(sql, (key, *some))})
        return found

    # --- what sections hold

    def _change(self, changes: Mapping[Ids, _Change]) -> None:
        tally, counts = Tally(), dict[int, tuple[int, int]]()
        for ids, change in changes.items():
            tally.note(ids, added=change.added, removed=change.removed)
            for section in ids:
                count, size = counts.get(section, (0, 0))
                counts[section] = (count + change.count, size + change.size)
        deltas, none = tally.states(), StateHash()
        for some in parts(counts):
            rows = []
            for section, raw in self._db.execute(f"SELECT id, state FROM sections WHERE id IN ({marks(some)})", some).fetchall():  # noqa: S608
                state = StateHash.from_bytes(raw).plus(deltas.get(section, none))
                rows.append((state.to_bytes(), state.digest, *counts[section], section))
            sql = "UPDATE sections SET state = ?, digest = ?, count = count + ?, size = size + ? WHERE id = ?"
            self._db.conn.executemany(sql, rows)

    def _depart(self, moving: Moving, places: Mapping[Slot, Ids]) -> None:
        """Keep what left a section by an entry of its own, for who may hold it; what came back there left no more."""
        if self._db.execute("SELECT 1 FROM departed LIMIT 1").fetchone():
            back = [(section, *slot) for slot in moving.entries for section in places.get(slot, ())]
            self._db.conn.executemany("DELETE FROM departed WHERE section = ? AND noun = ? AND name = ?", back)
        rows = []
        for slot, entry in moving.entries.items():
            left = set(moving.before[slot][0] if slot in moving.before else ()) - set(places.get(slot, ()))
            rows += [(section, entry.noun.value, entry.name, entry.seq) for section in left]
        self._db.conn.executemany("INSERT OR REPLACE INTO departed (section, noun, name, seq) VALUES (?, ?, ?, ?)", rows)

    def _numbered(self, key: int, division: Division, names: set[str]) -> dict[str, int]:
        """The sections with these names: of our own feed made where they are new, of another's part only those that are followed."""
        found = self.ids(key, division, list(names))
        missing = sorted(names - set(found))
        if not missing:
            return found
        if self.divided(key) != BOTH:
            raise Malformed(f"a product of {missing[0]!r}, which is no part of what is followed", code="outside-part")
        self._make(key, division, missing)
        return self.ids(key, division, list(names))

    def _make(self, key: int, division: Division, names: Iterable[str]) -> None:
        none = StateHash()
        rows = [(key, division.value, name, none.to_bytes(), none.digest) for name in names]
        self._db.conn.executemany(_KEPT, rows)

    def _everywhere(self, key: int, divisions: Sequence[Division]) -> Ids:
        return tuple(chain.from_iterable(self._numbered(key, division, {EVERYWHERE}).values() for division in divisions))


def names_of(record: bytes, divisions: Sequence[Division]) -> tuple[str, ...]:
    """The sections of a product. Raises Malformed."""
    try:
        tree = peek(record)
        return tuple(tree[_FIELD[division]] for division in divisions)
    except (KeyError, TypeError) as error:
        raise Malformed(f"a product without brand or category: {error!r}") from error


def _note(change: _Change, slot: Slot, record: bytes, sign: int) -> None:
    (change.added if sign > 0 else change.removed).append(element(slot, record))
    change.count += sign
    change.size += sign * len(record)
