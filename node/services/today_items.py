"""What each noun puts on the home page. A provider takes the unit and gives what waits for this person, bounded in number."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

DAY_MS = 86_400_000
LONG_MS = 10 * 60_000
MOST = 20
_COMPARING = ("comparing", "confirmed-there")


@dataclass(frozen=True, slots=True)
class TodayItem:
    """One thing that waits. `kind` is its noun, `section` the part of the desk it counts under, `who` the other side's name.

    `action` is what to do in a word or two (empty: good to know); `at` in ms. `seen`: where the person says that it has seen it, of what
    waits for nothing else.
    """

    kind: str
    section: str
    title: str
    text: str
    href: str
    action: str
    at: int
    who: str
    seen: str = ""


def name_of(unit: Any, peer: str) -> str:
    """A peer's name, also while pairing; its shortened id where it has none yet."""
    known = unit.peers.get(peer)
    if known is not None:
        return str(known.name)
    row = next((row for row in unit.peers.pairings(open_only=False) if row.peer == peer and row.name), None)
    return row.name if row else f"{peer[:6]}…{peer[-4:]}"


def pairings(unit: Any) -> Iterable[TodayItem]:
    """Codes to compare."""
    for row in unit.peers.pairings(open_only=True):
        if row.machine.status in _COMPARING:
            text = "You opened their invite" if row.started_here else "They opened your invite"
            href = f"/peers/pairings/{row.id.hex()}"
            yield TodayItem("pairing", "peers", f"Connect to {row.name}", text, href, "Compare the code", row.created, row.name)


def sponsor_requests(unit: Any) -> Iterable[TodayItem]:
    """Sellers who ask us to be their sponsor."""
    for row in unit.team.edges():
        if (row.side, row.status) == ("sponsor", "asked"):
            name, merchant = name_of(unit, row.peer), unit.peers.by_identity(row.merchant)
            at = f" at {merchant.name}" if merchant else ""
            yield TodayItem(
                "sponsor", "team", f"{name} asks you to be their sponsor{at}", "You both sign it", "/team", "Answer", row.created, name
            )


def members(unit: Any) -> Iterable[TodayItem]:
    """Sellers who ask the merchant to be its member."""
    if unit.me.role != "merchant":
        return
    for row in unit.team.members():
        if row.status == "asked":
            name = name_of(unit, row.peer)
            text = "Once accepted, they can order for their customers"
            yield TodayItem("member", "merchant", f"{name} wants to sell for you", text, "/merchant/members", "Answer", row.asked_at, name)


_ABOUT = {
    "hello": "how to reach you", "catalog": "a catalog", "order": "an order", "grant": "who sees what", "team": "the team",
    "commission": "commissions", "recovery": "getting records back",
}  # fmt: skip
"""What a topic is to a person."""


def refused(unit: Any) -> list[Any]:
    """Messages refused in the last day."""
    return list(unit.outbox.refusals(unit.now - DAY_MS, MOST))


def messages(unit: Any) -> Iterable[TodayItem]:
    """Messages that a peer refused today, and peers that have not answered for long."""
    for entry in refused(unit):
        name = name_of(unit, entry.peer)
        title = f"{name} did not take a message"
        text = f"It was about {_ABOUT.get(entry.topic, entry.topic)}. The answer was: {entry.code.replace('-', ' ')}."
        yield TodayItem("message", "", title, text, "/peers", "", entry.created, name)
    oldest: dict[str, int] = {}
    for entry in unit.outbox.open():
        if unit.now - entry.created > LONG_MS:
            oldest.setdefault(entry.peer, entry.created)
    for peer, since in list(oldest.items())[:MOST]:
        name = name_of(unit, peer)
        title, text = f"{name} has not answered yet", "It may be offline. Your desk keeps trying."
        yield TodayItem("message", "", title, text, f"/peers/{peer}", "", since, name)


PROVIDERS: tuple[Callable[[Any], Iterable[TodayItem]], ...] = (pairings, sponsor_requests, members, messages)
