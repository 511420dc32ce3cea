"""Contacts files that wait for the person's word, in the store: rows are written and judged in batches, so that none is in memory whole."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from sqlite_utils import Database

from node.model.customer import same_person
from node.model.export import BESIDES, Beside
from node.model.person import Contact, Entry, Origin
from node.model.staged import ID, OUTCOMES, Candidate, Judgement, Rules, Staged, StagedRow
from node.model.staged import Mapping as ColumnMapping

from .customers import packed, person_of

_STAGED = "id, name, dialect, region, at, state, header, targets, rules, import, seq"
_JUDGED = "j.number, j.outcome, j.action, j.customer, j.others, j.twin, j.chosen"
_ROWS = (
    f"SELECT r.row, r.record, r.picture IS NOT NULL, r.problems, r.original, r.origin, {_JUDGED} "  # noqa: S608
    "FROM staged_judgements AS j JOIN staged_rows AS r USING (import, number)"
)
_TAKEN = "j.action <> 'skip' AND (j.outcome <> 'known' OR j.action <> 'update')"  # for who is known nothing is to be done
_BATCH = 500
_MOST_PICTURES = 16_000_000
_ID = 32


class StagedImports:
    """The tables `staged_imports`, `staged_rows`, `staged_judgements`, `staged_besides` and `import_mappings` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # --- files

    def add(self, staged: Staged) -> int:
        """A new file; its number here."""
        values = (staged.id, staged.name, staged.dialect, staged.region, staged.at, staged.state)
        more = (_json(staged.header), _json(staged.targets), _json(staged.rules), staged.import_)
        sql = f"INSERT INTO staged_imports ({_STAGED}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL) RETURNING seq"  # noqa: S608
        number: int = self._db.execute(sql, (*values, *more)).fetchone()[0]
        return number

    def keep(self, staged: Staged) -> None:
        """Write what is known of a file anew."""
        sql = "UPDATE staged_imports SET dialect = ?, at = ?, state = ?, header = ?, targets = ?, rules = ?, import = ? WHERE seq = ?"
        values = (staged.dialect, staged.at, staged.state, _json(staged.header), _json(staged.targets), _json(staged.rules), staged.import_)
        self._db.execute(sql, (*values, staged.seq))

    def get(self, id_: bytes) -> Staged | None:
        """The file with this id."""
        row = self._db.execute(f"SELECT {_STAGED} FROM staged_imports WHERE id = ?", (id_,)).fetchone()  # noqa: S608
        return _staged(row) if row else None

    def all(self) -> list[Staged]:
        """Every file that waits, newest first."""
        return [_staged(row) for row in self._db.execute(f"SELECT {_STAGED} FROM staged_imports ORDER BY seq DESC")]  # noqa: S608

    def drop(self, seq: int, *, rows: int) -> bool:
        """Erase the next `rows` of a file, and the file after its last. True once it is gone."""
        most = self._db.execute(
            "SELECT max(number) FROM (SELECT number FROM staged_rows WHERE import = ? ORDER BY number LIMIT ?)", (seq, rows)
        )
        last = most.fetchone()[0]
        if last is None:
            self._db.execute("DELETE FROM staged_imports WHERE seq = ?", (seq,))
            return True
        self._drop_until(seq, last)
        return False

    def drop_settled(self, seq: int, after: int, upto: int) -> None:
        """Erase what stands after `after` and up to `upto` and needs no more of anybody: all but errors."""
        within = "import = ?1 AND number > ?2 AND number <= ?3"
        errors = f"SELECT number FROM staged_judgements WHERE {within} AND outcome = 'error'"  # noqa: S608
        for table, which in (
            ("staged_rows", f"number NOT IN ({errors})"),
            ("staged_judgements", "outcome <> 'error'"),
            ("staged_besides", "1"),
        ):
            self._db.execute(f"DELETE FROM {table} WHERE {within} AND {which}", (seq, after, upto))  # noqa: S608

    def _drop_until(self, seq: int, last: int) -> None:
        for table in ("staged_rows", "staged_judgements", "staged_besides"):
            self._db.execute(f"DELETE FROM {table} WHERE import = ? AND number <= ?", (seq, last))  # noqa: S608

    # --- rows

    def add_rows(self, seq: int, first: int, entries: Sequence[Entry | Beside]) -> None:
        """Rows `first`, `first` + 1, … of a file, and what stands among them beside customers. Not judged yet, each row is as if nobody
        were like it.
        """
        rows, judged, besides = [], [], []
        for number, entry in enumerate(entries, first):
            if isinstance(entry, Beside):
                besides.append((seq, number, entry.kind, entry.whose, msgspec.json.encode(entry.line)))
                continue
            record, picture = _record(entry.person)
            origin = None if entry.origin is None else _json(entry.origin)
            rows.append((record, picture, _json(entry.problems), seq, number, entry.row, _json(entry.original), origin))
            judged.append((*_alone(entry.person), *_likeness(entry.person, record, picture, entry.origin), seq, number))
        sql = "INSERT INTO staged_rows (record, picture, problems, import, number, row, original, origin) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        self._db.conn.executemany(sql, rows)
        sql = "INSERT INTO staged_besides (import, number, kind, whose, line) VALUES (?, ?, ?, ?, ?)"
        self._db.conn.executemany(sql, besides)
        sql = "INSERT INTO staged_judgements (outcome, action, likeness, same, import, number) VALUES (?, ?, ?, ?, ?, ?)"
        self._db.conn.executemany(sql, judged)

    def rewrite_rows(self, seq: int, first: int, entries: Sequence[Entry]) -> None:
        """Rows `first`, `first` + 1, … as another mapping reads them, to be judged anew."""
        rows, judged = [], []
        for number, entry in enumerate(entries, first):
            record, picture = _record(entry.person)
            rows.append((record, picture, _json(entry.problems), seq, number))
            judged.append((*_alone(entry.person), *_likeness(entry.person, record, picture), seq, number))
        self._db.conn.executemany("UPDATE staged_rows SET record = ?, picture = ?, problems = ? WHERE import = ? AND number = ?", rows)
        sql = (
            "UPDATE staged_judgements SET outcome = ?, action = ?, likeness = ?, same = ?, chosen = 0, "
            "customer = NULL, others = NULL, twin = NULL WHERE import = ? AND number = ?"
        )
        self._db.conn.executemany(sql, judged)

    def originals(self, seq: int, after: int, limit: int) -> list[tuple[int, int, tuple[str, ...]]]:
        """(number, row, cells) after `after`, in order."""
        sql = "SELECT number, row, original FROM staged_rows WHERE import = ? AND number > ? ORDER BY number LIMIT ?"
        return [(number, row, _strings(original)) for number, row, original in self._db.execute(sql, (seq, after, limit)).fetchall()]

    def rows(self, seq: int, outcome: str, after: int, limit: int) -> list[StagedRow]:
        """Rows after `after` with this outcome ("" for all), in order."""
        if outcome:
            found = self._db.execute(
                f"{_ROWS} WHERE j.import = ? AND j.outcome = ? AND j.number > ? ORDER BY j.number LIMIT ?", (seq, outcome, after, limit)
            )
        else:
            found = self._db.execute(f"{_ROWS} WHERE j.import = ? AND j.number > ? ORDER BY j.number LIMIT ?", (seq, after, limit))
        return [_row(row) for row in found.fetchall()]

    def row(self, seq: int, number: int) -> StagedRow | None:
        """One row."""
        found = self._db.execute(f"{_ROWS} WHERE j.import = ? AND j.number = ?", (seq, number)).fetchone()
        return _row(found) if found else None

    def people(self, seq: int, numbers: Sequence[int]) -> dict[int, Contact]:
        """The persons in these rows, at most a thousand."""
        marks = ",".join("?" * len(numbers))
        sql = f"SELECT number, record FROM staged_rows WHERE import = ? AND record IS NOT NULL AND number IN ({marks})"  # noqa: S608
        return {number: person_of(record) for number, record in self._db.execute(sql, (seq, *numbers)).fetchall()}

    def equal(self, seq: int, pairs: Sequence[tuple[int, bytes]]) -> set[tuple[int, bytes]]:
        """Pairs of row and customer, at most a thousand, whose records are the same byte for byte but for the row."""
        marks = ",".join("?" * len(pairs))
        numbers, ids = [number for number, _ in pairs], [id_ for _, id_ in pairs]
        sql = f"SELECT number, record FROM staged_rows WHERE import = ? AND record IS NOT NULL AND number IN ({marks})"  # noqa: S608
        rows = {number: record[record.index(b",") :] for number, record in self._db.execute(sql, (seq, *numbers))}
        sql = f"SELECT id, record FROM customers WHERE id IN ({marks})"  # noqa: S608
        people = {id_: record[record.index(b",") :] for id_, record in self._db.execute(sql, ids)}
        return {(number, id_) for number, id_ in pairs if number in rows and rows[number] == people.get(id_)}

    def pictured(self, seq: int, pairs: Sequence[tuple[int, bytes]]) -> set[tuple[int, bytes]]:
        """Pairs, at most a thousand, where the row brings the customer another picture."""
        marks = ",".join("?" * len(pairs))
        sql = f"SELECT number FROM staged_rows WHERE import = ? AND picture IS NOT NULL AND number IN ({marks})"  # noqa: S608
        with_picture = {number for (number,) in self._db.execute(sql, (seq, *(number for number, _ in pairs))).fetchall()}
        same = (
            "SELECT r.picture IS (SELECT picture FROM customer_photos WHERE customer = ?) FROM staged_rows AS r "
            "WHERE r.import = ? AND r.number = ?"
        )
        return {
            (number, id_)
            for number, id_ in pairs
            if number in with_picture and not self._db.execute(same, (id_, seq, number)).fetchone()[0]
        }

    def to_take(self, seq: int, after: int, limit: int) -> list[StagedRow]:
        """Rows after `after` that are to be taken over, with their pictures; fewer where those are large."""
        rows = _ROWS.removeprefix("SELECT ")
        sql = f"SELECT r.picture, {rows} WHERE j.import = ? AND j.number > ? AND {_TAKEN} ORDER BY j.number LIMIT ?"
        found: list[StagedRow] = []
        weight = 0
        for picture, *rest in self._db.execute(sql, (seq, after, limit)):
            row = _row(rest)
            found.append(row if picture is None or row.person is None else replace(row, person=replace(row.person, photo=picture)))
            weight += len(picture or b"")
            if weight > _MOST_PICTURES:
                break
        return found

    def twins(self, seq: int) -> frozenset[int]:
        """Rows that others are like."""
        sql = "SELECT DISTINCT twin FROM staged_judgements WHERE import = ? AND twin IS NOT NULL AND action = 'merge'"
        return frozenset(number for (number,) in self._db.execute(sql, (seq,)))

    def written_twice(self, seq: int) -> frozenset[bytes]:
        """Customers that more than one row writes."""
        sql = (
            "SELECT customer FROM staged_judgements WHERE import = :seq AND action = 'update' GROUP BY customer HAVING count(*) > 1 UNION "
            "SELECT t.customer FROM staged_judgements AS j JOIN staged_judgements AS t ON t.import = j.import AND t.number = j.twin "
            "WHERE j.import = :seq AND j.action = 'merge' AND t.action = 'update'"
        )
        return frozenset(customer for (customer,) in self._db.execute(sql, {"seq": seq}))

    def count(self, seq: int) -> dict[tuple[str, str], int]:
        """How many rows there are by outcome and action."""
        sql = "SELECT outcome, action, count(*) FROM staged_judgements WHERE import = ? GROUP BY outcome, action"
        return {(outcome, action): number for outcome, action, number in self._db.execute(sql, (seq,))}

    def warned(self, seq: int) -> int:
        """How many rows are persons with something that could not be read."""
        sql = "SELECT count(*) FROM staged_rows WHERE import = ? AND record IS NOT NULL AND problems <> '[]'"
        found: int = self._db.execute(sql, (seq,)).fetchone()[0]
        return found

    # --- what an export holds beside customers

    def besides(self, seq: int, after: int, limit: int) -> list[tuple[int, Beside]]:
        """The next of them, each with its number."""
        sql = "SELECT number, kind, line FROM staged_besides WHERE import = ? AND number > ? ORDER BY number LIMIT ?"
        found = self._db.execute(sql, (seq, after, limit))
        return [(number, Beside(kind, msgspec.json.decode(line, type=BESIDES[kind]))) for number, kind, line in found]

    def count_besides(self, seq: int) -> dict[str, int]:
        """How many there are of each kind."""
        sql = "SELECT kind, count(*) FROM staged_besides WHERE import = ? GROUP BY kind"
        return dict(self._db.execute(sql, (seq,)).fetchall())

    def owners(self, seq: int) -> dict[str, bytes | None]:
        """The ids of the customers in the file, with who is here already without being changed; None for the others."""
        sql = (
            "SELECT json_extract(r.origin, '$.id'), iif(j.outcome = 'known' AND j.action = 'update', j.customer, NULL) AS known "
            "FROM staged_rows AS r JOIN staged_judgements AS j USING (import, number) WHERE import = ? AND r.origin IS NOT NULL "
            "ORDER BY known IS NOT NULL"
        )
        return dict(self._db.execute(sql, (seq,)).fetchall())

    # --- what becomes of them

    def candidates(self, seq: int) -> Iterator[Candidate]:
        """What judging needs of every row, in order; what is judged meanwhile may be written."""
        columns = f"j.likeness, j.same, {_JUDGED}"
        sql = f"SELECT {columns} FROM staged_judgements AS j WHERE j.import = ? AND j.number > ? ORDER BY j.number LIMIT ?"  # noqa: S608
        decode = msgspec.json.Decoder(tuple[tuple[str, str], ...]).decode
        last = 0
        while rows := self._db.execute(sql, (seq, last, _BATCH)).fetchall():
            for likeness, same, *judged in rows:
                yield Candidate(judged[0], decode(likeness), same, _judgement(judged))
            last = rows[-1][2]

    def alike(self, kind: str, values: Collection[str]) -> dict[str, list[bytes]]:
        """Customers who share these likenesses, by value."""
        if kind == ID:
            return self._with_ids(values)
        found: dict[str, list[bytes]] = {}
        wanted = list(values)
        for start in range(0, len(wanted), _BATCH):
            part = wanted[start : start + _BATCH]
            sql = f"SELECT value, customer FROM customer_keys WHERE kind = ? AND value IN ({','.join('?' * len(part))}) ORDER BY customer"  # noqa: S608
            for value, customer in self._db.execute(sql, (kind, *part)):
                found.setdefault(value, []).append(customer)
        return found

    def _with_ids(self, values: Collection[str]) -> dict[str, list[bytes]]:
        found: dict[str, list[bytes]] = {}
        wanted = [bytes.fromhex(value) for value in values]
        for start in range(0, len(wanted), _BATCH):
            part = wanted[start : start + _BATCH]
            sql = f"SELECT id FROM customers WHERE id IN ({','.join('?' * len(part))})"  # noqa: S608
            found |= {id_.hex(): [id_] for (id_,) in self._db.execute(sql, part)}
        return found

    def judge(self, seq: int, judgements: Iterable[Judgement]) -> None:
        """Keep what becomes of rows."""
        sql = (
            "UPDATE staged_judgements SET outcome = ?, action = ?, customer = ?, others = ?, twin = ?, chosen = ? "
            "WHERE import = ? AND number = ?"
        )
        self._db.conn.executemany(
            sql,
            (
                (item.outcome, item.action, item.customer, b"".join(item.others) or None, item.twin, item.chosen, seq, item.number)
                for item in judgements
            ),
        )

    # --- mappings

    def mapping(self, fingerprint: bytes) -> ColumnMapping | None:
        """What the columns of such a table held the last time."""
        row = self._db.execute(
            "SELECT fingerprint, name, targets, used FROM import_mappings WHERE fingerprint = ?", (fingerprint,)
        ).fetchone()
        return _mapping(row) if row else None

    def mappings(self, *, products: bool = False) -> list[ColumnMapping]:
        """Every mapping of tables of customers (or of products) that is remembered, the last used first."""
        sql = (
            "SELECT fingerprint, name, targets, used FROM import_mappings "
            "WHERE (fingerprint IN (SELECT fingerprint FROM product_mappings)) = ? ORDER BY used DESC, fingerprint"
        )
        return [_mapping(row) for row in self._db.execute(sql, (products,))]

    def remember(self, mapping: ColumnMapping, *, products: bool = False) -> None:
        """Keep a mapping of tables of customers, or of products."""
        sql = "INSERT OR REPLACE INTO import_mappings (fingerprint, name, targets, used) VALUES (?, ?, ?, ?)"
        self._db.execute(sql, (mapping.fingerprint, mapping.name, _json(mapping.targets), mapping.used))
        if products:
            self._db.execute("INSERT OR IGNORE INTO product_mappings (fingerprint) VALUES (?)", (mapping.fingerprint,))

    def forget(self, fingerprint: bytes) -> bool:
        """Forget a mapping. True when there was one."""
        return bool(self._db.execute("DELETE FROM import_mappings WHERE fingerprint = ?", (fingerprint,)).rowcount)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _strings(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...])


def _record(person: Contact | None) -> tuple[bytes | None, bytes | None]:
    if person is None:
        return None, None
    return packed(person if person.photo is None else replace(person, photo=None)), person.photo


def _alone(person: Contact | None) -> tuple[str, str]:
    """Outcome and action of a row that nobody is like: what most of a large file is, so that judging it writes little."""
    return ("error", "skip") if person is None else ("new", "new")


def _likeness(person: Contact | None, record: bytes | None, picture: bytes | None, origin: Origin | None = None) -> tuple[bytes, bytes]:
    """What the person shares with records of the same one, and a hash of all but the row. Two ids of an export are two people."""
    if person is None or record is None:
        return b"[]", b""
    same = hashlib.blake2b(record[record.index(b",") :], digest_size=16)
    same.update(picture or b"")
    if origin is None:
        return msgspec.json.encode(same_person(person)), same.digest()
    same.update(origin.id.encode())
    return msgspec.json.encode(((ID, origin.id), *same_person(person))), same.digest()


def _staged(row: tuple[Any, ...]) -> Staged:
    id_, name, dialect, region, at, state, header, targets, rules, import_, seq = row
    known = msgspec.json.decode(rules, type=Rules)
    return Staged(id_, name, dialect, region, at, state, _strings(header), _strings(targets), known, import_, seq)


def _judgement(row: Sequence[Any]) -> Judgement:
    number, outcome, action, customer, others, twin, chosen = row
    ids = tuple(others[start : start + _ID] for start in range(0, len(others), _ID)) if others else ()
    assert outcome in OUTCOMES
    return Judgement(number, outcome, action, customer, ids, twin, bool(chosen))


def _row(row: Sequence[Any]) -> StagedRow:
    number, record, pictured, problems, original, origin, *judged = row
    person = person_of(record) if record else None
    known = msgspec.json.decode(origin, type=Origin) if origin else None
    return StagedRow(number, person, bool(pictured), _strings(problems), _strings(original), _judgement(judged), known)


def _mapping(row: Sequence[Any]) -> ColumnMapping:
    fingerprint, name, targets, used = row
    return ColumnMapping(fingerprint, name, msgspec.json.decode(targets, type=tuple[tuple[str, str], ...]), used)
