"""Moving to another computer, step by step, as seen from the one you sit at: the old one, the new one, or one that was retired."""

from dataclasses import dataclass
from datetime import UTC, datetime

from . import backup_head, greeting
from .catching_up import DONE, Progress, is_active, progress
from .pauses import paused
from .restored import RestoredUnit

HOUR_MS = 3_600_000
OLD, NEW, RETIRED = "old", "new", "retired"


@dataclass(frozen=True, slots=True)
class MoveStep:
    """One step. `state` done, now or later; `href` its page and `command` the same by hand, each may be empty."""

    title: str
    text: str
    state: str
    href: str
    command: str


@dataclass(frozen=True, slots=True)
class MoveView:
    """`here` is the computer you sit at: `old` (to be left), `new` (set up from a backup) or `retired`."""

    here: str
    steps: tuple[MoveStep, ...]


def show(unit: RestoredUnit) -> MoveView:
    """What is done and what comes next of a move to another computer."""
    if "not-live" in unit.settings.get(greeting.REFUSED, {}).values():
        text = "Your peers take another computer for you now and refuse this one. Keep it until you are sure that nothing is missing there."
        return MoveView(RETIRED, (MoveStep("This computer was retired", text, "done", "", ""),))
    steps = _from_new(unit) if is_active(unit) else _from_old(unit)
    first = next((place for place, (_, done) in enumerate(steps) if not done), len(steps))
    states = ["done" if done else "now" if place == first else "later" for place, (_, done) in enumerate(steps)]
    here = NEW if is_active(unit) else OLD
    return MoveView(here, tuple(MoveStep(*words[:2], state, *words[2:]) for (words, _), state in zip(steps, states, strict=True)))


_Step = tuple[tuple[str, str, str, str], bool]


def _from_old(unit: RestoredUnit) -> list[_Step]:
    kept = unit.settings.get(backup_head.ANNOUNCED)
    fresh = kept is not None and unit.now - int(kept["at"]) < HOUR_MS
    last = f"The newest is of {_when(int(kept['at']))}" if kept else "None was made yet"
    words = "The words of your first sheet, and the place of the backup. Then a passphrase, which may be another one."
    end = "Confirm there what is held back, and retire this computer: its page Move leads through it."
    return [
        (("Make a last backup here", f"{last}. What happens after it stays behind.", "/backup", "gemstra backup now"), fresh),
        (("Lock this desk", "So that nothing new happens here while you set the other one up.", "", "gemstra lock"), False),
        (("Restore on the new computer", words, "", "gemstra backup restore WHERE"), False),
        (("Go on there", end, "", "gemstra move"), False),
    ]


def _from_new(unit: RestoredUnit) -> list[_Step]:
    asked = progress(unit)
    waiting = [peer.name for peer in unit.peers.all() if asked.get(peer.identity, Progress()).section != DONE]
    follow = "Each follows you here and gives back what was signed since the backup."
    if waiting:
        follow += f" Not heard from yet: {', '.join(waiting)}. Those come by themselves when they are online."
    held = ", ".join(paused(unit))
    look = f"Held back: {held}" if held else "Nothing is held back any more"
    others = [device for device in unit.peers.own().devices if device.device_public != unit.me.device.public]
    names = ", ".join(f"{device.name} (since {_when(device.not_before)})" for device in others)
    retire = f"Still yours: {names}. It needs your words; new keys shut it out." if others else "No other computer is yours."
    old = others[0].device_public.hex() if others else ""
    page, command = (f"/keys/devices/{old}/revoke", f"gemstra keys revoke {old}") if old else ("/keys", "gemstra keys show")
    return [
        (("Set this computer up from a backup", "Done: it is a new device of yours.", "", ""), True),
        (("Peers follow", follow, "/peers", "gemstra restored show"), not waiting),
        (("Look at what is held back", look, "/restored", "gemstra restored show"), not held),
        (("Retire the old computer", retire, page, command), not others),
    ]


def _when(at: int) -> str:
    day = datetime.fromtimestamp(at / 1000, UTC)
    return f"{day.day} {day:%B %Y}"
