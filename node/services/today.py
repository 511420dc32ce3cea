"""What waits for the person: one list over all nouns, the counts beside the navigation, and the way to the first sale.

Each noun gives its part by a provider, a function of the unit; this file joins them and knows no noun's rules.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from node.errors import UserError

from . import (
    anchors,
    backup_items,
    catalog_findings,
    catalog_heads,
    catalog_sources,
    catalog_whole,
    evidence,
    feed_trouble,
    greeting,
    lookouts,
    order_items,
    piles,
    restored,
    step_up,
    tasks,
    today_items,
    today_setup,
    trust_items,
)
from .tasks import ZONE, TasksUnit, TodayTasks
from .today_items import TodayItem
from .today_setup import SetupTask

_NETWORK_FINE = ("ready", "starting")
_CHAIN_BANNERS = {
    "unavailable": ("The chain cannot be reached", "Commissions are shown as they were. Your desk keeps trying.", "chain"),
    "wrong-chain": ("This is another chain than yours", "Nothing is sent to it. See which one with: gemstra chain show", "chain"),
}

Provider = Callable[[Any], Iterable[TodayItem]]
PROVIDERS: tuple[Provider, ...] = (
    restored.waiting,
    *today_items.PROVIDERS,
    order_items.waiting,
    *trust_items.PROVIDERS,
    greeting.outdated,
    evidence.found,
    *anchors.PROVIDERS,
    *catalog_heads.PROVIDERS,
    *catalog_findings.PROVIDERS,
    *feed_trouble.PROVIDERS,
    *catalog_sources.PROVIDERS,
    *catalog_whole.PROVIDERS,
    lookouts.waiting,
    piles.failed,
    backup_items.backups,
    step_up.waiting,
)


@dataclass(frozen=True, slots=True)
class TodayView:
    """Home. `items` newest first; `tasks` by day; `setup` until the first sale; `waiting` counts messages nobody has answered yet."""

    items: list[TodayItem]
    tasks: TodayTasks
    setup: list[SetupTask]
    waiting: int


@dataclass(frozen=True, slots=True)
class Face:
    """What every page shows of the desk: time zone, and how many things wait by section."""

    zone: str = "UTC"
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutboxView:
    """A message to a peer. `state` waiting, sent, stored, received, accepted or refused (then `code` says why); times in ms."""

    id: str
    peer: str
    name: str
    topic: str
    about: str
    state: str
    code: str
    attempts: int
    created: int
    due: int


class DeskUnit(TasksUnit, Protocol):
    """What this service needs of a transaction: every noun's repository, each through its provider."""

    @property
    def peers(self) -> Any: ...  # noqa: D102


def show(unit: DeskUnit, network: str = "ready", chain: str = "off") -> TodayView:
    """What waits for you, and what is left to do before the first sale."""
    found = sorted(_items(unit), key=lambda item: -item.at)
    return TodayView([*_banners(unit, network, chain), *found], tasks.for_today(unit), today_setup.tasks(unit), len(unit.outbox.open()))


def face(unit: DeskUnit) -> Face:
    """Time zone and counts for the frame of every page."""
    counts = Counter(item.section for item in _items(unit) if item.action)
    counts["today"] += tasks.count_due(unit)
    return Face(unit.settings.get(ZONE, "UTC"), dict(+counts))


def list_outbox(unit: DeskUnit) -> list[OutboxView]:
    """Messages not answered yet, in the order they are sent, after those refused in the last day."""
    return [_outbox_view(unit, entry) for entry in (*today_items.refused(unit), *unit.outbox.open())]


def set_zone(unit: DeskUnit, zone: str) -> Face:
    """Keep the person's time zone, such as Europe/Madrid."""
    from zoneinfo import available_timezones

    if zone not in available_timezones():
        raise UserError("Choose a time zone such as Europe/Madrid.", code="bad-zone")
    unit.settings.set(ZONE, zone)
    unit.touched("changes")
    return face(unit)


def _items(unit: DeskUnit) -> Iterable[TodayItem]:
    for provider in PROVIDERS:
        yield from provider(unit)


def _banners(unit: DeskUnit, network: str, chain: str) -> Iterable[TodayItem]:
    if network not in _NETWORK_FINE:
        text = "Nobody can reach your desk, and it sends nothing: " + network.removeprefix("stopped: ")
        yield TodayItem("network", "", "Your desk is not connected", text, "/peers", "", unit.now, "")
    if chain in _CHAIN_BANNERS:
        title, text, kind = _CHAIN_BANNERS[chain]
        yield TodayItem(kind, "", title, text, "/wallet", "", unit.now, "")


def _outbox_view(unit: DeskUnit, entry: Any) -> OutboxView:
    name = today_items.name_of(unit, entry.peer)
    about = entry.about[0] if entry.about else ""
    return OutboxView(
        entry.id.hex(), entry.peer, name, entry.topic, about, entry.state, entry.code or "", entry.attempts, entry.created, entry.due
    )
