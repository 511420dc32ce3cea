"""The catalog file's writer of sections: which section a record is in, and what each holds, kept along as records come and go.

Before records change, `look` finds where they and the offers of changed products are, and where they will be: rows are written with that.
`settle` moves them from one section's count and state to the other's. A feed that isn't divided costs one question a batch.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from node.model.catalog import Entry
from protocol.errors import Malformed
from protocol.operations import Noun, Slot, element
from protocol.sections import EVERYWHERE, Division, Part
from protocol.state_hash import StateHash, Tally

from .catalog_columns import Columns, Goods
from .catalog_feeds import Table, marks, parts
from .catalog_sections import BOTH, FileSections

_KEPT = "INSERT OR IGNORE INTO sections (feed, division, name, count, size, state, digest, chosen) VALUES (?, ?, ?, 0, 0, ?, ?, ?)"
Ids = tuple[int, ...]
"""A section of each division that the feed has."""
Place = tuple[int | None, int | None]
"""The section by brand and the one by category, None where the feed isn't divided by that."""
NOWHERE: Place = (None, None)
_SOLD = (Noun.PRODUCT, Noun.OFFER)


@dataclass(slots=True)
class Moving:
    """Records about to change, and the offers of products that do: where they were and what was there, and where they will be."""

    divisions: tuple[Division, ...]
    entries: Mapping[Slot, Entry]
    before: dict[Slot, tuple[Ids, bytes]] = field(default_factory=dict)
    places: dict[Slot, Ids] = field(default_factory=dict)

    @classmethod
    def of(cls, divisions: tuple[Division, ...], entries: Sequence[Entry]) -> "Moving":
        """Records that come from nowhere, until `look` finds more."""
        return cls(divisions, {(entry.noun, entry.name): entry for entry in entries})

    def row(self, slot: Slot) -> Place:
        """What the record's row says of it."""
        ids = self.places[slot]
        if len(ids) == len(Division):
            return ids[0], ids[1]
        return (ids[0], None) if self.divisions[0] is Division.BRAND else (None, ids[0])


@dataclass(slots=True)
class _Change:
    """What a group of records in the same sections does to them."""

    added: list[bytes] = field(default_factory=list)
    removed: list[bytes] = field(default_factory=list)
    count: int = 0
    size: int = 0

    def grow(self, record: bytes, sign: int) -> None:
        """One record more, or one less."""
        self.count += sign
        self.size += sign * len(record)


class Dividing(FileSections):
    """What the writer does to sections in one transaction."""

    def begin(self, key: int, part: Part | None) -> None:
        """Divide a feed that holds nothing: our own by everything (None), another as its part is chosen."""
        self.end(key)
        self._db.execute("UPDATE heads SET divided = ? WHERE id = ?", (part.division.value if part else BOTH, key))
        if part is not None:
            self.widen(key, part)

    def widen(self, key: int, part: Part) -> None:
        """What is followed from now on: sections that are new are empty for now, and those that another has below it are named no more."""
        self._make(key, part.division, part.names)
        self._db.execute("UPDATE sections SET chosen = 0 WHERE feed = ? AND division = ?", (key, part.division.value))
        for some in parts(part.names):
            sql = f"UPDATE sections SET chosen = 1 WHERE feed = ? AND division = ? AND name IN ({marks(some)})"  # noqa: S608
            self._db.execute(sql, (key, part.division.value, *some))

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

    def look(self, key: int, entries: Sequence[Entry], columns: Columns, before: Mapping[Slot, bytes]) -> Moving | None:
        """Before `entries`, each of a slot of its own, are put or removed where `before` is now. None for a feed that isn't divided."""
        moving = Moving.of(self.divisions(key), entries)
        if not moving.divisions:
            return None
        sections = ", ".join(division.value for division in moving.divisions)
        touched = {made.product for made in columns.goods.values()}
        present: dict[Table, list[str]] = {}
        for noun, name in before:
            present.setdefault(Table.of(noun), []).append(name)
            if noun not in _SOLD:
                moving.before[noun, name] = (self._everywhere(key, moving.divisions), before[noun, name])
        for noun in _SOLD:
            table = Table.of(noun)
            for some in parts(present.get(table, ())):
                sql = f"SELECT {table.column}, product, {sections} FROM {table.name} WHERE feed = ? AND {table.column} IN ({marks(some)})"  # noqa: S608
                for name, product, *ids in self._db.execute(sql, (key, *some)).fetchall():
                    moving.before[noun, name] = (tuple(ids), before[noun, name])
                    if noun is Noun.PRODUCT:
                        touched.add(product)
        standing: dict[str, bytes] = {}
        for some in parts(touched):
            of_these = f"FROM offers INDEXED BY offers_by_product WHERE feed = ? AND product IN ({marks(some)})"
            sql = f"SELECT sku, product, record, {sections} {of_these}"
            for sku, product, record, *ids in self._db.execute(sql, (key, *some)).fetchall():
                if (Noun.OFFER, sku) not in moving.entries:
                    moving.before[Noun.OFFER, sku] = (tuple(ids), record)
                    standing[sku] = product
        self._place(key, moving, columns, standing)
        return moving

    def settle(self, key: int, moving: Moving, *, handed: bool = False) -> None:
        """After they were: offers that nobody wrote follow their products. `handed`: what new records bring to the states of sections comes
        by `bring`.
        """
        follow = [slot for slot, (ids, _) in moving.before.items() if slot not in moving.entries and moving.places[slot] != ids]
        self._mark(key, moving, follow)
        self._reckon(moving, handed=handed)

    def bring(self, key: int, states: Mapping[Division, Mapping[str, StateHash]]) -> None:
        """What entries brought to the state of each section, whose records are counted already."""
        for division, brought in states.items():
            ids = self.ids(key, division, list(brought))
            self._add({ids[name]: state for name, state in brought.items()})

    def arrive(self, key: int, entries: Sequence[Entry]) -> None:
        """What is here comes into its section."""
        moving = Moving.of(self.divisions(key), entries)
        self._place(key, moving, Columns.of(entries), {})
        self._mark(key, moving, moving.entries)
        self._reckon(moving)

    def _place(self, key: int, moving: Moving, columns: Columns, standing: Mapping[str, bytes]) -> None:
        """Find where records will be; `standing` are offers beside them, with their products. Raises Malformed `outside-part` for a product
        of a section that isn't followed.
        """
        named = {handle: _names(made, moving.divisions) for handle, made in columns.goods.items()}
        known = [
            self._numbered(key, division, {names[place] for names in named.values()} | {EVERYWHERE})
            for place, division in enumerate(moving.divisions)
        ]
        nowhere, goods = tuple(ids[EVERYWHERE] for ids in known), dict[bytes, Ids]()
        places = moving.places = {slot: nowhere for slot, entry in moving.entries.items() if entry.record is not None}
        for handle, names in named.items():
            ids = tuple([ids[name] for ids, name in zip(known, names, strict=True)])
            places[Noun.PRODUCT, handle] = goods[columns.goods[handle].product] = ids
        offered = {**standing, **{sku: offer.product for sku, offer in columns.offers.items()}}
        goods.update(self._goods(key, moving, set(offered.values()) - goods.keys()))
        places.update({(Noun.OFFER, sku): goods.get(product, nowhere) for sku, product in offered.items()})

    def _goods(self, key: int, moving: Moving, products: Iterable[bytes]) -> dict[bytes, Ids]:
        """Where the products are that offers name and nobody writes."""
        sections, found = ", ".join(division.value for division in moving.divisions), {}
        for some in parts(products):
            of_these = f"FROM products INDEXED BY products_by_id WHERE feed = ? AND product IN ({marks(some)})"
            sql = f"SELECT handle, product, {sections} {of_these}"
            for handle, product, *ids in self._db.execute(sql, (key, *some)):
                if (Noun.PRODUCT, handle) not in moving.entries:
                    found[product] = tuple(ids)
        return found

    def _mark(self, key: int, moving: Moving, slots: Iterable[Slot]) -> None:
        """Have rows that are there say where they are."""
        sections = ", ".join(f"{division.value} = ?" for division in moving.divisions)
        rows: dict[Noun, list[tuple[object, ...]]] = {noun: [] for noun in _SOLD}
        for noun, name in slots:
            if noun in _SOLD:
                rows[noun].append((*moving.places[noun, name], key, name))
        for noun, found in rows.items():
            table = Table.of(noun)
            self._db.conn.executemany(f"UPDATE {table.name} SET {sections} WHERE feed = ? AND {table.column} = ?", found)  # noqa: S608

    # --- what sections hold

    def _reckon(self, moving: Moving, *, handed: bool = False) -> None:
        changes: dict[Ids, _Change] = {}
        for slot, (ids, record) in moving.before.items():
            after = moving.entries[slot].record if slot in moving.entries else record
            if (moving.places.get(slot), after) != (ids, record):
                _note(changes.setdefault(ids, _Change()), slot, record, -1)
                if after is not None:
                    _note(changes.setdefault(moving.places[slot], _Change()), slot, after, 1)
        for slot, entry in moving.entries.items():
            if entry.record is not None and slot not in moving.before:
                change = changes.setdefault(moving.places[slot], _Change())
                if handed:
                    change.grow(entry.record, 1)
                else:
                    _note(change, slot, entry.record, 1)
        self._change(changes)
        if len(moving.divisions) == len(Division):
            self._depart(moving)

    def _change(self, changes: Mapping[Ids, _Change]) -> None:
        tally, counts = Tally(), dict[int, tuple[int, int]]()
        for ids, change in changes.items():
            tally.note(ids, added=change.added, removed=change.removed)
            for section in ids:
                count, size = counts.get(section, (0, 0))
                counts[section] = (count + change.count, size + change.size)
        self._add(tally.states())
        sql = "UPDATE sections SET count = count + ?, size = size + ? WHERE id = ?"
        self._db.conn.executemany(sql, [(*found, section) for section, found in counts.items()])

    def _add(self, deltas: Mapping[int, StateHash]) -> None:
        for some in parts(deltas):
            rows = []
            for section, raw in self._db.execute(f"SELECT id, state FROM sections WHERE id IN ({marks(some)})", some).fetchall():  # noqa: S608
                state = StateHash.from_bytes(raw).plus(deltas[section])
                rows.append((state.to_bytes(), state.digest, section))
            self._db.conn.executemany("UPDATE sections SET state = ?, digest = ? WHERE id = ?", rows)

    def _depart(self, moving: Moving) -> None:
        """Keep what left a section by an entry of its own, for who may hold it; what came back there left no more."""
        places = moving.places
        if self._db.execute("SELECT 1 FROM departed LIMIT 1").fetchone():
            back = [(section, *slot) for slot in moving.entries for section in places.get(slot, ())]
            self._db.conn.executemany("DELETE FROM departed WHERE section = ? AND noun = ? AND name = ?", back)
        rows = []
        for slot, entry in moving.entries.items():
            if slot in moving.before:
                left = set(moving.before[slot][0]) - set(places.get(slot, ()))
                rows += [(section, entry.noun.value, entry.name, entry.seq) for section in left]
        self._db.conn.executemany("INSERT OR REPLACE INTO departed (section, noun, name, seq) VALUES (?, ?, ?, ?)", rows)

    def _numbered(self, key: int, division: Division, names: set[str]) -> dict[str, int]:
        """The sections with these names: of our own feed made where they are new, of another's part only those that are followed."""
        found = self.ids(key, division, list(names))
        missing = sorted(names - set(found))
        if not missing:
            return found
        followed = Part(division, self.named(key, division)) if self.divided(key) != BOTH else None
        outside = next((name for name in missing if followed is not None and not followed.covers(name)), None)
        if outside is not None:
            raise Malformed(f"a product of {outside!r}, which is no part of what is followed", code="outside-part")
        self._make(key, division, missing, chosen=followed is None)
        return self.ids(key, division, list(names))

    def _make(self, key: int, division: Division, names: Iterable[str], *, chosen: bool = True) -> None:
        none = StateHash()
        rows = [(key, division.value, name, none.to_bytes(), none.digest, int(chosen)) for name in names]
        self._db.conn.executemany(_KEPT, rows)

    def _everywhere(self, key: int, divisions: Sequence[Division]) -> Ids:
        return tuple(chain.from_iterable(self._numbered(key, division, {EVERYWHERE}).values() for division in divisions))


def _names(made: Goods, divisions: Sequence[Division]) -> tuple[str, ...]:
    """The same of one that was read."""
    return tuple([made.brand if division is Division.BRAND else made.category for division in divisions])


def _note(change: _Change, slot: Slot, record: bytes, sign: int) -> None:
    (change.added if sign > 0 else change.removed).append(element(slot, record))
    change.grow(record, sign)
