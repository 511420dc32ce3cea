"""Who is who: each row of a file against the customers that are here and against the other rows. It decides; it writes nothing.

The strongest likeness is settled first over the whole file, so that a row that only shares a mailbox never takes the customer whose name
and address another row has. A customer is taken by one row at most. What cannot be decided is left to the person.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from node.model.staged import ID, KINDS, Candidate, Judgement, Rules

Alike = Callable[[str, Collection[str]], Mapping[str, Sequence[bytes]]]
Unchanged = Callable[[Collection[tuple[int, bytes]]], Collection[tuple[int, bytes]]]


@dataclass(slots=True)
class _Found:
    """What was settled: the customer of a row, the row of a customer, and who else a row might be."""

    customer: dict[int, bytes]
    row: dict[bytes, int]
    several: dict[int, tuple[bytes, ...]]

    def take(self, number: int, customer: bytes) -> None:
        self.customer[number] = customer
        self.row[customer] = number


def match(candidates: Sequence[Candidate], rules: Rules, alike: Alike, unchanged: Unchanged) -> list[Judgement]:
    """What becomes of each row. `alike` finds customers by likeness; of pairs of row and customer `unchanged` names those where the
    customer would stay as it is.
    """
    equal = _equal_rows(candidates)
    rows = [item for item in candidates if item.same and item.number not in equal and not item.before.chosen]
    found = _Found({}, {}, {})
    for item in candidates:
        if item.before.chosen and item.before.customer is not None and item.before.action == "update":
            found.take(item.number, item.before.customer)
    shared = _shared(rows, rules, alike)
    _settle(rows, shared, found, unchanged)
    known = unchanged(tuple((number, customer) for number, customer in found.customer.items()))
    return list(_judge(candidates, rules, _State(equal, shared, found, frozenset(number for number, _ in known), _like(candidates, rules))))


def _equal_rows(candidates: Iterable[Candidate]) -> dict[int, int]:
    """Rows that say exactly what an earlier one says, with that one."""
    first: dict[bytes, int] = {}
    equal: dict[int, int] = {}
    for item in candidates:
        if item.same and (known := first.setdefault(item.same, item.number)) != item.number:
            equal[item.number] = known
    return equal


def _like(candidates: Iterable[Candidate], rules: Rules) -> dict[tuple[str, str], int]:
    """The first row with each likeness."""
    first: dict[tuple[str, str], int] = {}
    for item in candidates:
        for likeness in item.likeness:
            if likeness[0] in (ID, *rules.match):
                first.setdefault(likeness, item.number)
    return first


def _shared(rows: Sequence[Candidate], rules: Rules, alike: Alike) -> dict[int, dict[bytes, int]]:
    """For each row the customers it is like, with how strong: a bit a kind, the strongest highest."""
    found: dict[int, dict[bytes, int]] = {}
    for kind in (ID, *rules.match):
        weight = 1 << (len(KINDS) if kind == ID else len(KINDS) - 1 - KINDS.index(kind))
        wanted = {value for item in rows for known, value in item.likeness if known == kind}
        by_value = alike(kind, wanted) if wanted else {}
        if not by_value:
            continue
        for item in rows:
            for customer in {id_ for known, value in item.likeness if known == kind for id_ in by_value.get(value, ())}:
                weights = found.setdefault(item.number, {})
                weights[customer] = weights.get(customer, 0) | weight
    return found


def _settle(rows: Sequence[Candidate], shared: Mapping[int, Mapping[bytes, int]], found: _Found, unchanged: Unchanged) -> None:
    strongest = max((weight for weights in shared.values() for weight in weights.values()), default=0)
    for strength in range(strongest, 0, -1):
        open_ = []
        for item in rows:
            free = tuple(sorted(id_ for id_, weight in shared.get(item.number, {}).items() if weight == strength and id_ not in found.row))
            if item.number in found.customer or item.number in found.several or not free:
                continue
            if len(free) == 1:
                found.take(item.number, free[0])
            else:
                open_.append((item.number, free))
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


@dataclass(frozen=True, slots=True)
class _State:
    equal: Mapping[int, int]
    shared: Mapping[int, Mapping[bytes, int]]
    found: _Found
    known: frozenset[int]
    like: Mapping[tuple[str, str], int]


def _judge(candidates: Iterable[Candidate], rules: Rules, state: _State) -> Iterable[Judgement]:
    for item in candidates:
        number, before = item.number, item.before
        if not item.same:
            yield Judgement(number, "error", "skip")
        elif before.chosen:
            yield replace(before, outcome=_outcome_of_choice(before))
        elif number in state.equal:
            yield Judgement(number, "duplicate", "skip", twin=state.equal[number])
        elif number in state.found.customer:
            customer = state.found.customer[number]
            outcome = "known" if number in state.known else "update"
            yield Judgement(number, outcome, "update" if outcome == "known" else rules.found, customer)
        elif number in state.found.several:
            yield Judgement(number, "duplicate", "skip", others=state.found.several[number])
        else:
            yield _new_or_twin(item, rules, state)


def _new_or_twin(item: Candidate, rules: Rules, state: _State) -> Judgement:
    taken = sorted(state.found.row[id_] for id_ in state.shared.get(item.number, {}) if id_ in state.found.row)
    like = sorted(state.like[likeness] for likeness in item.likeness if likeness in state.like)
    earlier = [number for number in (*taken, *like) if number != item.number and (number in state.found.customer or number < item.number)]
    if not earlier:
        return Judgement(item.number, "new", "new")
    return Judgement(item.number, "duplicate", rules.twins, twin=earlier[0])


def _outcome_of_choice(before: Judgement) -> str:
    if before.action == "skip":
        return before.outcome
    return {"new": "new", "update": "update", "merge": "duplicate"}[before.action]
