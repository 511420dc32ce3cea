"""Everything a seller or merchant has here, to take away: without any key of ours, a stretch of rows at a time.

Each stretch is one short snapshot, so that nobody waits: what changes while a file is written is in it as it was before or after. A kind's
rows come in the order of their ids, each once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from node.errors import UserError
from node.model.export import FORMAT, CustomerLine, Header, NoteLine, RuleLine, SegmentLine, SettingLine, TaskLine
from node.model.task import Note

from . import claims, commissions, orders, peers, plans, statements, task_rules, team
from .claims import ClaimView
from .commissions import LineWhy
from .customer_search import SearchUnit
from .customers import CustomerBook
from .grant_book import find as find_grant
from .grant_views import DisclosureView, GrantView, disclosure_view, grant_view
from .order_view import OrderView
from .peers import PeerView
from .plans import PlanView
from .statements import StatementView
from .task_rules import RulesUnit
from .tasks import ZONE, TaskBook
from .team import EdgeView, MembershipView, MemberView

ROWS = 200
_MOST_BYTES = 8 << 20
_MOST_DISCLOSURES = 1_000_000
_BEFORE_ALL = b""


class Ids(Protocol):
    """The ids an export goes by (node/store/export.py)."""

    def after(self, kind: str, last: bytes, limit: int) -> Sequence[bytes]: ...  # noqa: D102


class Said(Protocol):
    """Notes of what was said."""

    def get(self, note: bytes, /) -> Note | None: ...  # noqa: D102


class ExportUnit(Protocol):
    """A unit that reads everything: the ports of all the services below. Which of them fit is their business."""

    @property
    def export_ids(self) -> Ids: ...  # noqa: D102

    @property
    def customers(self) -> CustomerBook: ...  # noqa: D102

    @property
    def notes(self) -> Said: ...  # noqa: D102

    @property
    def tasks(self) -> TaskBook: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Stretch:
    """Values of one kind, and where to go on; None: the kind is through."""

    values: tuple[Any, ...]
    after: bytes | None


@dataclass(frozen=True, slots=True)
class Section:
    """A kind of line: the type of its values, and how a stretch is read."""

    view: Any
    read: Callable[[Any, bytes], Stretch]


def header(unit: RulesUnit) -> Header:
    """How a file begins."""
    me = unit.me
    return Header(FORMAT, unit.now, me.identity.hex(), me.name, me.role, me.currency)


def read_stretch(unit: Any, kind: str, after: bytes = _BEFORE_ALL) -> Stretch:
    """The next values of a kind. Raises UserError `unknown-kind`."""
    if kind not in SECTIONS:
        raise UserError(f"There is no {kind!r} to export; say one of {', '.join(SECTIONS)}.", code="unknown-kind")
    return SECTIONS[kind].read(unit, after)


def _customers(unit: ExportUnit, after: bytes) -> Stretch:
    found: list[CustomerLine] = []
    size = 0
    ids = unit.export_ids.after("customer", after, ROWS)
    for id_ in ids:
        customer = unit.customers.get(id_)
        if customer is not None:
            found.append(CustomerLine(id_.hex(), customer.person, customer.created, customer.updated, customer.archived))
            size += len(customer.person.photo or b"")
        if size > _MOST_BYTES:  # pictures: fewer at a time
            return Stretch(tuple(found), id_)
    return Stretch(tuple(found), ids[-1] if len(ids) == ROWS else None)


def _note(unit: ExportUnit, id_: bytes) -> NoteLine:
    note = unit.notes.get(id_)
    assert note is not None  # of the same snapshot
    return NoteLine(id_.hex(), note.customer.hex(), note.at, note.text, note.channel, note.direction, note.created)


def _task(unit: ExportUnit, id_: bytes) -> TaskLine:
    listed = unit.tasks.get(id_)
    assert listed is not None  # of the same snapshot
    task, name, _ = listed
    whose, order = (value.hex() if value else "" for value in (task.customer, task.order))
    head = (task.id.hex(), task.title, task.note, task.day.isoformat(), task.channel.value, task.status.value, whose, name)
    return TaskLine(*head, task.rule, task.occasion, order, task.created, task.updated, task.finished)


def _rules(unit: RulesUnit) -> list[RuleLine]:
    return [RuleLine(row.kind, row.on, row.days, row.channel, row.most, row.tag, row.segment) for row in task_rules.list_rules(unit)]


def _segments(unit: SearchUnit) -> list[SegmentLine]:
    return [SegmentLine(row.id.hex(), row.name, row.filters, row.created, row.updated) for row in unit.segments.all()]


def _disclosures(unit: Any, after: bytes) -> Stretch:
    """The ledger, by grant."""
    keys = unit.export_ids.after("grant", after, ROWS)
    found = [disclosure_view(unit, item) for key in keys for item in unit.grants.disclosures(key, None, _MOST_DISCLOSURES)]
    return Stretch(tuple(found), keys[-1] if len(keys) == ROWS else None)


def _each(kind: str, read: Callable[[Any, bytes], Any]) -> Callable[[Any, bytes], Stretch]:
    """By ids of the kind, one value each."""

    def stretch(unit: Any, after: bytes) -> Stretch:
        ids = unit.export_ids.after(kind, after, ROWS)
        return Stretch(tuple(read(unit, id_) for id_ in ids), ids[-1] if len(ids) == ROWS else None)

    return stretch


def _all(read: Callable[[Any], Sequence[Any]]) -> Callable[[Any, bytes], Stretch]:
    """What is never much, at once."""
    return lambda unit, _: Stretch(tuple(read(unit)), None)


def _grant(unit: Any, key: bytes) -> GrantView:
    return grant_view(unit, find_grant(unit, key))


def _settings(unit: RulesUnit) -> list[SettingLine]:
    return [SettingLine("zone", unit.settings.get(ZONE, ""))]


SECTIONS: Mapping[str, Section] = {
    "setting": Section(SettingLine, _all(_settings)),
    "customer": Section(CustomerLine, _customers),
    "note": Section(NoteLine, _each("note", _note)),
    "task": Section(TaskLine, _each("task", _task)),
    "segment": Section(SegmentLine, _all(_segments)),
    "rule": Section(RuleLine, _all(_rules)),
    "order": Section(OrderView, _each("order", orders.get_order)),
    "grant": Section(GrantView, _each("grant", _grant)),
    "disclosure": Section(DisclosureView, _disclosures),
    "commission": Section(LineWhy, _each("commission", commissions.get_line)),
    "statement": Section(StatementView, _all(statements.list_statements)),
    "claim": Section(ClaimView, _all(claims.list_claims)),
    "plan": Section(PlanView, _all(plans.list_plans)),
    "membership": Section(MembershipView, _all(team.list_memberships)),
    "member": Section(MemberView, _all(team.list_members)),
    "edge": Section(EdgeView, _all(team.list_edges)),
    "peer": Section(PeerView, _all(peers.list_peers)),
}
"""Kinds in the order of the file. What comes later may name what came before."""
