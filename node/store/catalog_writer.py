"""One transaction of the catalog file: operations applied one batch after the other, packs loaded in bulk, our own logs projected."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, repeat

from sqlite_utils import Database

from node.model.catalog import Entry, Fetch, Span
from protocol.log import leaf_hash
from protocol.operations import Noun, Slot, element, peeked
from protocol.product import product_id
from protocol.sections import Division, Part, names_of
from protocol.state_hash import STATE_BYTES, StateHash

from .catalog_columns import Columns
from .catalog_dividing import NOWHERE, Dividing, Moving, Place
from .catalog_feeds import NOUNS, FileFeeds, Table, marks, parts, within
from .catalog_goods import Shelves
from .catalog_journal import Journal
from .catalog_offers import OfferRows
from .catalog_renewing import Renewing
from .catalog_sales import Sales
from .catalog_tree import grow, root
from .many import TURN

UNRECKONED = b"sections"
"""What `load` of our own feed says while it is projected and the states of sections are still to come: killed then, it is divided anew."""
BATCH = 2_000
FORGOTTEN = 2_000
"""So many operations are looked at together."""
RENEWED = 500
"""So many listings are reckoned anew at a time."""
_HEAD = "INSERT OR IGNORE INTO heads (feed, state) VALUES (?, zeroblob(?))"


class Strayed(Exception):
    """The file followed another log than the store's: of a copy that went on differently, or was put back to an earlier day."""

    def __init__(self, feed: bytes) -> None:
        super().__init__(feed)
        self.feed = feed


@dataclass(frozen=True, slots=True)
class Ended:
    """Where our own log ends: the root of its tree, the state it leads to, the head that says so."""

    root: bytes
    state: StateHash
    checkpoint: bytes | None


@dataclass(frozen=True, slots=True)
class Logged:
    """Entries of our own log up to its entry `size`, read: what each slot holds after them, and their leaf hashes."""

    size: int
    entries: Sequence[Entry]
    columns: Columns
    leaves: Sequence[bytes]

    @classmethod
    def of(cls, raws: Sequence[tuple[int, bytes]]) -> "Logged":
        """Of (number, bytes) one after the other."""
        last: dict[Slot, Entry] = {}
        for seq, raw in raws:
            noun, name, record = peeked(raw)
            last[noun, name] = Entry(seq, noun, name, record)
        entries = list(last.values())
        return cls(raws[-1][0], entries, Columns.of(entries), [leaf_hash(raw) for _, raw in raws])


class FileWriter(FileFeeds):
    """The port `Writing`."""

    def __init__(self, db: Database, now: int) -> None:
        super().__init__(db)
        self._now = now
        sales = Sales(db, now)
        self._shelves = Shelves(db, sales)
        self._offers = OfferRows(db, now, sales, self._shelves)
        self._renewing = Renewing(db, now, self._offers, self._shelves)
        self._sections = Dividing(db)

    # --- operations

    def apply(self, feed: bytes, entries: Iterable[Entry], *, told: bool = True, arriving: Iterable[Entry] = ()) -> StateHash:
        """Put and remove, in order, what is `arriving` first; the state they lead to. With `told` the journal says what changed."""
        key, state = self._enter(feed), self.held(feed).state
        journal = Journal(self._db, key, self._now) if told and self._is_told(key) else None
        for batch, follows in chain(zip(_batches(arriving), repeat(False)), zip(_batches(entries), repeat(True))):
            last = {(entry.noun, entry.name): entry for entry in batch}
            before = self._before(key, last.values())
            gone = [element(slot, record) for slot, record in before.items()]
            came = [element(slot, entry.record) for slot, entry in last.items() if entry.record is not None]
            state = state.change(added=came, removed=gone)
            if journal:
                journal.note(last if follows else {slot: last[slot] for slot in before}, before)
            self._set(key, list(last.values()), before)
        if journal:
            journal.tell()
        self._db.execute("UPDATE heads SET state = ? WHERE id = ?", (state.to_bytes(), key))
        return state

    def advance(self, feed: bytes, size: int, checkpoint: bytes | None) -> None:
        """What was applied brings the feed to `size`."""
        sql = "UPDATE heads SET size = ?, checkpoint = ?, told_from = CASE told_from WHEN 0 THEN ? ELSE told_from END WHERE id = ?"
        self._db.execute(sql, (size, checkpoint, self._now, self._enter(feed)))

    def project(
        self,
        feed: bytes,
        logged: Logged,
        handed: bool = False,
        end: tuple[Ended, Mapping[Division, Mapping[str, StateHash]] | None] | None = None,
    ) -> None:
        """The next entries of our own log, which needs no checking: records, tree, size; state and head are the store's to say, and where
        they are `handed` those of its sections as well: `end` with the last. In between there is no head, so that nobody takes what is
        here for what the head before was signed over.
        """
        key = self._enter(feed)
        if not self._sections.divided(key):
            self.divide(feed)
        size, tail = self._db.execute("SELECT size, tail FROM heads WHERE id = ?", (key,)).fetchone()
        self._set(key, logged.entries, self._before(key, logged.entries), logged.columns, handed=handed)
        tail = grow(self._db, key, size, tail, logged.leaves)
        load = UNRECKONED if handed else b""
        sql = "UPDATE heads SET size = ?, tail = ?, checkpoint = NULL, load = ? WHERE id = ?"
        self._db.execute(sql, (logged.size, tail, load, key))
        if end is not None:
            self.conclude(feed, *end)

    def conclude(self, feed: bytes, ended: Ended, sections: Mapping[Division, Mapping[str, StateHash]] | None = None) -> None:
        """Our own log is projected whole; `sections`: what it brought to each, where that was handed. Raises Strayed where what is here is
        no projection of it.
        """
        key = self._enter(feed)
        size, tail = self._db.execute("SELECT size, tail FROM heads WHERE id = ?", (key,)).fetchone()
        if root(self._db, key, size, tail) != ended.root:
            raise Strayed(feed)
        if sections is not None:
            self._sections.bring(key, sections)
        sql = "UPDATE heads SET state = ?, checkpoint = ?, load = NULL, sealed = NULL WHERE id = ?"
        self._db.execute(sql, (ended.state.to_bytes(), ended.checkpoint, key))

    # --- packs

    def begin(self, feed: bytes, load: bytes) -> None:
        """Packs of the manifest `load` follow."""
        key = self._enter(feed)
        if self._db.execute("SELECT load FROM heads WHERE id = ?", (key,)).fetchone()[0] != load:
            self._db.execute("DELETE FROM packs WHERE feed = ?", (key,))
            self._db.execute("UPDATE heads SET load = ? WHERE id = ?", (load, key))

    def load(self, feed: bytes, pack: bytes, span: Span, entries: Sequence[Entry]) -> None:
        """In this stretch of slots the feed holds exactly `entries`."""
        key = self._enter(feed)
        found = {(noun, name): (seq, record) for noun in NOUNS for name, seq, record in self._stretch(key, noun, span)}
        if found:
            changed = [entry for entry in entries if found.pop((entry.noun, entry.name), None) != (entry.seq, entry.record)]
            for noun in NOUNS:
                self._remove(key, noun, [name for known, name in found if known is noun])
            self._set(key, changed, self._before(key, changed))
        else:
            self._set(key, entries, {})
        self._db.execute("INSERT OR IGNORE INTO packs (feed, pack) VALUES (?, ?)", (key, pack))

    def seal(self, feed: bytes, size: int, state: StateHash, checkpoint: bytes | None) -> None:
        """Every pack is in."""
        key = self._enter(feed)
        if self._is_told(key):
            Journal(self._db, key, self._now).tell_many()
        self._db.execute("DELETE FROM packs WHERE feed = ?", (key,))
        values = (size, state.to_bytes(), checkpoint, state.digest, key)
        self._db.execute("UPDATE heads SET size = ?, state = ?, checkpoint = ?, load = NULL, sealed = ? WHERE id = ?", values)

    def prove(self, feed: bytes, sealed: bytes | None) -> None:
        """The records were found to lead to the state; `sealed` is what was looked at."""
        self._db.execute("UPDATE heads SET sealed = NULL WHERE feed = ? AND sealed IS ?", (feed, sealed))

    # --- sections

    def divide(self, feed: bytes) -> None:
        """Find what each section of our own feed holds, from all records that are here."""
        key = self._enter(feed)
        self._sections.begin(key, None)
        self._arrive(key, feed)

    def narrow(self, feed: bytes, part: Part) -> None:
        """Of a feed that is here as a whole, or by more of the same division, let go of what `part` isn't."""
        key = self._enter(feed)
        held = self.held(feed)
        if held.part is None:
            self._narrow_whole(key, feed, part)
        else:
            names = [name for name in self._sections.states(key, part.division) if not part.covers(name)]
            ids = list(self._sections.ids(key, part.division, names).values())
            for noun in (Noun.OFFER, Noun.PRODUCT):
                table = Table.of(noun)
                for some in parts(ids):
                    where = f"WHERE feed = ? AND {part.division.value} IN ({marks(some)})"
                    gone = [row[0] for row in self._db.execute(f"SELECT {table.column} FROM {table.name} {where}", (key, *some))]  # noqa: S608
                    self._remove(key, noun, gone)
            self._sections.drop(key, part.division, names)
            self._sections.widen(key, part)
        state = StateHash()
        for _, section in self._sections.states(key, part.division).values():
            state = state.plus(section)
        self._db.execute("UPDATE heads SET state = ? WHERE id = ?", (state.to_bytes(), key))

    def widen(self, feed: bytes, part: Part) -> None:
        """The sections of `part` are followed too; what is in them follows. Of a feed that holds nothing it is all that is followed."""
        key, held = self._enter(feed), self.held(feed)
        if held.part is None or held.part.division is not part.division:
            self._sections.begin(key, part)
        else:
            self._sections.widen(key, part)

    def whole(self, feed: bytes) -> None:
        """The feed is followed as a whole: what is here of it stays, and is not all of it."""
        key = self._enter(feed)
        self._sections.end(key)
        self._db.execute("UPDATE heads SET size = 0 WHERE id = ?", (key,))

    def sections(self, feed: bytes) -> dict[str, tuple[int, StateHash]]:
        """What each section of a part holds here."""
        held = self.held(feed)
        return self._sections.states(self.key(feed), held.part.division) if held.part else {}

    def _narrow_whole(self, key: int, feed: bytes, part: Part) -> None:
        for some in parts(self.names(feed, Noun.PRODUCT)):
            records = self.records(key, Noun.PRODUCT, some)
            gone = [handle for handle, record in records.items() if not part.covers(names_of(record, (part.division,))[0])]
            ids = [product_id(records[handle]) for handle in gone]
            sql = f"SELECT sku FROM offers INDEXED BY offers_by_product WHERE feed = ? AND product IN ({marks(ids)})"  # noqa: S608
            self._remove(key, Noun.OFFER, [row[0] for row in self._db.execute(sql, (key, *ids)).fetchall()])
            self._remove(key, Noun.PRODUCT, gone)
        self._sections.begin(key, part)
        self._arrive(key, feed)

    def _arrive(self, key: int, feed: bytes) -> None:
        """Everything that is here comes into its section: products first, which say where their offers are."""
        for noun in sorted(Noun, key=lambda noun: noun is not Noun.PRODUCT):
            low = ""
            while batch := [entry for entry in islice(self.slots(feed, Span((noun, low))), BATCH) if entry.noun is noun]:
                low = batch[-1].name
                self._sections.arrive(key, batch)

    # --- pages, and letting go

    def stage(self, feed: bytes, page: bytes, fetch: Fetch, *, arriving: bool = False) -> None:
        """Keep a page until all are here; with it the answer is as far as `fetch` says."""
        key = self._enter(feed)
        sql = "INSERT INTO pages (feed, number, operation, arriving) SELECT ?, coalesce(max(number), 0) + 1, ?, ? FROM pages WHERE feed = ?"
        self._db.execute(sql, (key, page, int(arriving), key))
        sql = "INSERT OR REPLACE INTO fetches (feed, question, arriving, reached, records, size) VALUES (?, ?, ?, ?, ?, ?)"
        self._db.execute(sql, (key, fetch.question, int(fetch.arriving), fetch.reached, fetch.records, fetch.size))

    def unstage(self, feed: bytes) -> None:
        """Let go of the pages, and of how far they lead."""
        for table in ("pages", "fetches"):
            self._db.execute(f"DELETE FROM {table} WHERE feed = ?", (self.key(feed),))  # noqa: S608

    def forget(self, feed: bytes) -> None:
        """Nothing of the feed stays."""
        while not self.forget_some(feed):
            continue

    def let_go(self, feed: bytes) -> None:
        """From now on the feed counts as not here; `forget_some` takes its rows away."""
        self._db.execute("UPDATE heads SET going = 1 WHERE feed = ?", (feed,))

    def forget_gone(self, feed: bytes) -> bool:
        """`forget_some` of a feed that was let go; True where it wasn't."""
        return feed not in self.going() or self.forget_some(feed)

    def forget_some(self, feed: bytes, rows: int = FORGOTTEN) -> bool:
        """Take away about so many rows of a feed; True once nothing of it is left. Killed in between, the next start goes on."""
        key = next((row[0] for row in self._db.execute("SELECT id FROM heads WHERE feed = ?", (feed,)).fetchall()), 0)
        self.let_go(feed)
        for noun in NOUNS:
            table = Table.of(noun)
            sql = f"SELECT {table.column} FROM {table.name} WHERE feed = ?{table.where} LIMIT ?"  # noqa: S608
            names = [row[0] for row in self._db.execute(sql, (key, rows))]
            if names:
                self._remove(key, noun, names)
                return False
        self._sections.end(key)
        for name in ("gone", "tree", "packs", "pages", "fetches", "changes"):
            self._db.execute(f"DELETE FROM {name} WHERE feed = ?", (key,))  # noqa: S608
        self._db.execute("DELETE FROM heads WHERE id = ?", (key,))
        return True

    # --- what a listing costs us and brings us

    def know(self, feed: bytes, rank: int, plans: Iterable[tuple[bytes, bytes]]) -> None:
        """Our rank at the merchant of a feed, and plans of its (hash, record). What little depends on them is reckoned at once."""
        self._renewing.know(feed, rank, plans)
        if self.held(feed).offers <= RENEWED:
            self.renew()

    def unknow(self, feed: bytes) -> None:
        """Nobody follows the feed any more."""
        self._renewing.unknow(feed)

    def renew(self, most: int = RENEWED) -> int:
        """Reckon listings anew whose time has come, or that wait for it, of up to so many products; of how many, 0 once nothing is left."""
        return self._renewing.renew(most)

    def merge(self, pages: int) -> bool:
        """Merge segments of the search index, writing about so many pages; whether anything was left to merge."""
        before = self._db.conn.total_changes
        with TURN:
            self._db.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (pages,))
        merged: bool = self._db.conn.total_changes - before >= 2  # the index's own way to say so
        return merged

    # --- rows

    def _is_told(self, key: int) -> bool:
        """Whether the feed was followed whole before: what comes of it now is a change."""
        found: int = self._db.execute("SELECT told_from FROM heads WHERE id = ?", (key,)).fetchone()[0]
        return found > 0

    def _enter(self, feed: bytes) -> int:
        if feed in self.going():
            self.forget(feed)
        self._db.execute(_HEAD, (feed, STATE_BYTES))
        return self.key(feed)

    def _before(self, key: int, entries: Iterable[Entry]) -> dict[tuple[Noun, str], bytes]:
        names: dict[Noun, list[str]] = {}
        for entry in entries:
            names.setdefault(entry.noun, []).append(entry.name)
        return {(noun, name): record for noun, asked in names.items() for name, record in self.records(key, noun, asked).items()}

    def _stretch(self, key: int, noun: Noun, span: Span) -> Iterable[tuple[str, int, bytes]]:
        low, high = within(noun, span)
        if low is None:
            return ()
        table = Table.of(noun)
        where = f"feed = ?{table.where} AND {table.column} > ?" + (f" AND {table.column} <= ?" if high is not None else "")
        sql = f"SELECT {table.column}, seq, record FROM {table.name} WHERE {where}"  # noqa: S608
        found: Iterable[tuple[str, int, bytes]] = self._db.execute(sql, (key, low) if high is None else (key, low, high)).fetchall()
        return found

    def _set(
        self, key: int, entries: Sequence[Entry], before: Mapping[Slot, bytes], columns: Columns | None = None, *, handed: bool = False
    ) -> None:
        """Put and remove what stands in slots of their own, where `before` is in them now. `columns`: of those that are put, once read."""
        with TURN:
            self._set_now(key, entries, before, columns or Columns.of(entries), handed=handed)

    def _set_now(self, key: int, entries: Sequence[Entry], before: Mapping[Slot, bytes], columns: Columns, *, handed: bool) -> None:
        moving = self._sections.look(key, entries, columns, before)
        for noun in NOUNS:
            puts = [entry for entry in entries if entry.noun is noun and entry.record is not None]
            absent = [entry for entry in entries if entry.noun is noun and entry.record is None]
            if puts:
                self._put(key, noun, puts, {entry.name for entry in puts if (noun, entry.name) in before}, columns, moving)
            if absent:
                self._remove(key, noun, [entry.name for entry in absent])
                rows = [(key, noun.value, entry.name, entry.seq) for entry in absent]
                self._db.conn.executemany("INSERT OR REPLACE INTO gone (feed, noun, name, seq) VALUES (?, ?, ?, ?)", rows)
        self._shelves.arrange()
        if moving is not None:
            self._sections.settle(key, moving, handed=handed)

    def _put(self, key: int, noun: Noun, entries: Sequence[Entry], present: set[str], columns: Columns, moving: Moving | None) -> None:
        if Table.of(noun).name == "others":
            rows = [(key, noun.value, entry.name, entry.seq, entry.record) for entry in entries]
            self._db.conn.executemany("INSERT OR REPLACE INTO others (feed, noun, name, seq, record) VALUES (?, ?, ?, ?, ?)", rows)
        elif noun is Noun.PRODUCT:
            self._shelves.put(key, [(entry, columns.goods[entry.name], _place(moving, entry)) for entry in entries], present)
        else:
            self._offers.put(key, [(entry, columns.offers[entry.name], _place(moving, entry)) for entry in entries], present)
        if self._db.execute("SELECT 1 FROM gone WHERE feed = ? LIMIT 1", (key,)).fetchone():
            back = [(key, noun.value, entry.name) for entry in entries]
            self._db.conn.executemany("DELETE FROM gone WHERE feed = ? AND noun = ? AND name = ?", back)
        self._count(key, noun, len(entries) - len(present))

    def _remove(self, key: int, noun: Noun, names: Iterable[str]) -> None:
        table = Table.of(noun)
        for part in parts(names):
            if noun is Noun.OFFER:
                self._offers.clear(key, part)
            elif noun is Noun.PRODUCT:
                self._shelves.clear(key, part)
            sql = f"DELETE FROM {table.name} WHERE feed = ?{table.where} AND {table.column} IN ({marks(part)})"  # noqa: S608
            self._count(key, noun, -self._db.execute(sql, (key, *part)).rowcount)
        self._shelves.arrange()

    def _count(self, key: int, noun: Noun, more: int) -> None:
        if noun in (Noun.PRODUCT, Noun.OFFER) and more:
            table = Table.of(noun).name
            self._db.execute(f"UPDATE heads SET {table} = {table} + ? WHERE id = ?", (more, key))  # noqa: S608


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    pending = iter(entries)
    while batch := list(islice(pending, BATCH)):
        yield batch


def _place(moving: Moving | None, entry: Entry) -> Place:
    return moving.row((entry.noun, entry.name)) if moving else NOWHERE
