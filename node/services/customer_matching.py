"""Who is who: each row of a file against the customers that are here and against the other rows. It decides; it writes nothing.

The strongest likeness is settled first over the whole file, so that a row that only shares a mailbox never takes the customer whose name
and address another row has. A customer is taken by one row at most. What cannot be decided is left to the person.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from node.model.staged import ID, KINDS, Candidate, Judgement, Rules

Alike = Callable[[str, Collection[str]], Mapping[str, Sequence[bytes]]]
Unchanged = Callable[[Collection[tuple[int, bytes]]], Collection[tuple[int, bytes]]]
_BATCH = 2000


@dataclass(slots=True)
class _Found:
    """What was settled: the customer of a row, the row of a customer, and who else a row might be."""

    customer: dict[int, bytes]
    row: dict[bytes, int]
    several: dict[int, tuple[bytes, ...]]

    def take(self, number: int, customer: bytes) -> None:
        self.customer[number] = customer
        self.row[customer] = number


@dataclass(slots=True)
class _Rows:
    """What one look at all rows tells: of equal rows the first, by what they are the same by; the first row with each likeness, by kind;
    and for each row the customers it is like, with how strong: a bit a kind, the strongest highest.
    """

    first: dict[bytes, int]
    like: dict[str, dict[str, int]]
    shared: dict[int, dict[bytes, int]]


def match(candidates: Callable[[], Iterable[Candidate]], rules: Rules, alike: Alike, unchanged: Unchanged) -> Iterator[Judgement]:
    """What becomes of each row, where that is not what it was before. `candidates` gives all of them in order, twice: they are many.

    `alike` finds customers by likeness; of pairs of row and customer `unchanged` names those where the customer would stay as it is.
    """
    found = _Found({}, {}, {})
    rows = _Rows({}, {kind: {} for kind in (ID, *rules.match)}, {})
    given = iter(candidates())
    while batch := list(islice(given, _BATCH)):
        _look(batch, rows, found, alike)
    _settle(rows.shared, found, unchanged)
    known = frozenset(number for number, _ in unchanged(tuple(found.customer.items())))
    for item in candidates():
        judged = _judge(item, rules, rows, found, known)
        if judged != item.before:
            yield judged


def _look(batch: Iterable[Candidate], rows: _Rows, found: _Found, alike: Alike) -> None:
    open_: list[Candidate] = []
    for item in batch:
        for kind, value in item.likeness:
            if kind in rows.like:
                rows.like[kind].setdefault(value, item.number)
        if item.same and rows.first.setdefault(item.same, item.number) == item.number and not item.before.chosen:
            open_.append(item)
        if item.before.chosen and item.before.customer is not None and item.before.action == "update":
            found.take(item.number, item.before.customer)
    for kind in rows.like:
        weight = 1 << (len(KINDS) if kind == ID else len(KINDS) - 1 - KINDS.index(kind))
        wanted = {value for item in open_ for known, value in item.likeness if known == kind}
        by_value = alike(kind, wanted) if wanted else {}
        for item in open_ if by_value else ():
            for customer in {id_ for known, value in item.likeness if known == kind for id_ in by_value.get(value, ())}:
                weights = rows.shared.setdefault(item.number, {})
                weights[customer] = weights.get(customer, 0) | weight


def _settle(shared: Mapping[int, Mapping[bytes, int]], found: _Found, unchanged: Unchanged) -> None:
    strong: dict[int, list[int]] = {}
    for number in sorted(shared):
        for strength in set(shared[number].values()):
            strong.setdefault(strength, []).append(number)
    for strength in sorted(strong, reverse=True):
        open_ = []
        for number in strong[strength]:
            free = tuple(sorted(id_ for id_, weight in shared[number].items() if weight == strength and id_ not in found.row))
            if number in found.customer or number in found.several or not free:
                continue
            if len(free) == 1:
                found.take(number, free[0])
            else:
                open_.append((number, free))
        settled = unchanged(tuple((number, id_) for number, free in open_ for id_ in free)) if open_ else ()
        by_row: dict[int, list[bytes]] = {}
        for number, id_ in sorted(settled):
            by_row.setdefault(number, []).append(id_)
        for number, free in open_:
            same = [id_ for id_ in by_row.get(number, ()) if id_ not in found.row]
            left = [id_ for id_ in free if id_ not in found.row]
            if same or len(left) == 1:
                found.take(number, (same or left)[0])
            elif left:
                found.several[number] = tuple(left)


def _judge(item: Candidate, rules: Rules, rows: _Rows, found: _Found, known: Collection[int]) -> Judgement:
    number, before = item.number, item.before
    if not item.same:
        return Judgement(number, "error", "skip")
    if before.chosen:
        return replace(before, outcome=_outcome_of_choice(before))
    if (twin := rows.first[item.same]) != number:
        return Judgement(number, "duplicate", "skip", twin=twin)
    if number in found.customer:
        outcome = "known" if number in known else "update"
        return Judgement(number, outcome, "update" if outcome == "known" else rules.found, found.customer[number])
    if number in found.several:
        return Judgement(number, "duplicate", "skip", others=found.several[number])
    return _new_or_twin(item, rules, rows, found)


def _new_or_twin(item: Candidate, rules: Rules, rows: _Rows, found: _Found) -> Judgement:
    taken = sorted(found.row[id_] for id_ in rows.shared.get(item.number, {}) if id_ in found.row)
    like = sorted(rows.like[kind][value] for kind, value in item.likeness if kind in rows.like)
    earlier = [number for number in (*taken, *like) if number != item.number and (number in found.customer or number < item.number)]
    if not earlier:
        return Judgement(item.number, "new", "new")
    return Judgement(item.number, "duplicate", rules.twins, twin=earlier[0])


def _outcome_of_choice(before: Judgement) -> str:
    if before.action == "skip":
        return before.outcome
    return {"new": "new", "update": "update", "merge": "duplicate"}[before.action]
