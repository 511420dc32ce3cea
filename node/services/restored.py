"""Set up from a backup: what is held back until a person has looked, what it would do, and whether peers know of a newer backup."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from node.errors import ConflictError, UserError
from protocol.grant import Status

from . import backup_head, claims, grants, greeting
from .backup_arrival import REVOKED
from .backup_head import BackupUnit, KnownBackup
from .grant_views import name_of
from .pauses import PAUSED, Pause, paused
from .recovery import FetchedView, list_fetched
from .taken_back import RecoveryUnit
from .today_items import TodayItem

MOST_SHOWN = 200


class RestoredUnit(RecoveryUnit, BackupUnit, Protocol):
    """What this service needs of a transaction."""


@dataclass(frozen=True, slots=True)
class HeldItem:
    """One thing that goes on once its part is confirmed. `at` in ms: when it ends, or is due; 0 = not known."""

    title: str
    text: str
    href: str
    at: int


@dataclass(frozen=True, slots=True)
class HeldPart:
    """Grants, renewals or payouts. `paused` until it is confirmed; `items` is what would happen then."""

    name: str
    paused: bool
    items: tuple[HeldItem, ...]


@dataclass(frozen=True, slots=True)
class RestoredView:
    """`restored` is whether this node was set up from a backup, number `sequence`; `backups` what peers know of others, `silent` names
    peers that have not said; `fetched` is what each has given back of what came after the backup.
    """

    restored: bool
    sequence: int
    parts: tuple[HeldPart, ...]
    backups: tuple[KnownBackup, ...]
    silent: tuple[str, ...]
    fetched: tuple[FetchedView, ...]


def show(unit: RestoredUnit) -> RestoredView:
    """What is held back since this node was set up from a backup, and what each peer knows of newer ones."""
    manifest, held = unit.settings.get(backup_head.MANIFEST), paused(unit)
    restored = manifest is not None or unit.settings.get(PAUSED) is not None
    silent = tuple(peer.name for peer in backup_head.silent(unit)) if restored else ()
    parts = tuple(HeldPart(pause.value, pause in held, tuple(_ITEMS[pause](unit))) for pause in Pause) if restored else ()
    return RestoredView(
        restored, int(manifest["sequence"]) if manifest else 0, parts, tuple(backup_head.known(unit)), silent, tuple(list_fetched(unit))
    )


def confirm(unit: RestoredUnit, what: str, anyway: bool = False) -> RestoredView:
    """Let grants, renewals or payouts go on. `anyway`: though a peer knows of a newer backup than the one this node was set up from."""
    if what not in tuple(Pause):
        raise UserError(f"Confirm one of: {', '.join(Pause)}.", code="bad-request")
    newer = next((found for found in backup_head.known(unit) if found.newer), None)
    if newer is not None and not anyway:
        raise ConflictError(f"{_newer(newer)}. Restore that one, or confirm anyway.", code="newer-backup")
    left = [pause.value for pause in paused(unit) if pause != what]
    if left != unit.settings.get(PAUSED, []):
        unit.settings.set(PAUSED, left)
        greeting.greet_all(unit)  # what peers asked meanwhile they ask again at once
        unit.touched("transactions")
        unit.touched("changes")
    return show(unit)


def tick(unit: RestoredUnit) -> None:
    """Until everything is confirmed, ask each peer once what it knows of our backups."""
    if paused(unit):
        backup_head.ask(unit)
    _revoke_again(unit)


def _revoke_again(unit: RestoredUnit) -> None:
    """Grants that the backup set up from has as given, and the newest one as taken back: the end is signed once more, by this device."""
    known = unit.settings.get(REVOKED, [])
    for name in known:
        row = unit.grants.by_id(bytes.fromhex(name))
        if row is not None and row.side == "seller" and row.status in (Status.ISSUED, Status.EXPIRED):
            grants.revoke_grant(unit, row.key, "taken back before this desk was restored")
    if known:
        unit.settings.set(REVOKED, [])


# --- what would happen


def _grants(unit: RestoredUnit) -> Iterable[HeldItem]:
    for row in unit.grants.all(MOST_SHOWN):
        grant = row.grant
        if row.side == "seller" and row.status is Status.ISSUED and grant is not None and grant.expires > unit.now:
            fields = ", ".join(field.value.replace("_", " ") for field in grant.fields)
            title = f"{name_of(unit, row.peer) or 'A shop you are not connected to'} may ask for {fields}"
            yield HeldItem(title, "Your desk answers by itself while the order is open", f"/grants/{row.key.hex()}", grant.expires)


def _renewals(_unit: RestoredUnit) -> Iterable[HeldItem]:
    """Every grant here is by asking; none is renewed by itself."""
    return ()


def _payouts(unit: RestoredUnit) -> Iterable[HeldItem]:
    for due in claims.list_claimable(unit):
        if int(due.amount) > 0:
            name = due.merchant_name or "a shop you are not connected to"
            yield HeldItem(f"Collect statement {due.epoch} of {name}", f"{due.amount} GMS base units", "/wallet", due.active_at)
    for sending in unit.transactions.open():
        yield HeldItem(f"Send {sending.method}", "It was waiting when the backup was made", "/wallet", sending.created)


_ITEMS = {Pause.GRANTS: _grants, Pause.RENEWALS: _renewals, Pause.PAYOUTS: _payouts}


# --- home


def waiting(unit: Any) -> Iterable[TodayItem]:
    """What is held back, and who knows of a newer backup."""
    held: Sequence[Pause] = paused(unit)
    if not held:
        return
    for found in backup_head.known(unit):
        if found.newer:
            text = "Whoever keeps your backups gave you an older one. Restore the newest before you go on."
            yield TodayItem("backup", "", _newer(found), text, "/restored", "Look", unit.now, found.name)
    title = f"Set up from a backup: {', '.join(held)} wait for you"
    yield TodayItem("restored", "", title, "See what would happen, then confirm each", "/restored", "Look", unit.now, "")


def _newer(found: KnownBackup) -> str:
    """With the day by the peer's word."""
    who = (f"Your shop {found.name}" if found.role == "merchant" else found.name) or "Somebody you are not connected to any more"
    day = datetime.fromtimestamp(found.at / 1000, UTC)
    return f"{who} knows of a newer backup of {day.day} {day:%B} than the one you restored"
