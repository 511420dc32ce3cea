"""Step-up: a dangerous act is approved with passphrase and words, takes effect after a delay, and can be cancelled until it is used.

Malware in an unlocked session must not be able to do it at once: it lacks the words, and the person sees the approval on Today for as
long as it waits. The approval is kept, never the passphrase or the words; who asks for one has checked both (node/app/keys.py).

    waiting ── due ──> ready ── use ──> used
       └──── cancel ─────┴──> cancelled    ready ── until ──> lapsed

Another dangerous act is another `Kind` with its words in `WORDS`; it asks by `request` and takes effect by `use`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from node.errors import ConflictError, NotFound
from node.model.step_up import Kind, Status, StepUpRow

from .today_items import TodayItem
from .unit import Unit

WINDOW_MS = 24 * 3600 * 1000
"""How long one that is ready stays so."""
SHOWN = 20
OPEN = (Status.WAITING, Status.READY)
TRANSITIONS: dict[Status, dict[str, Status]] = {
    Status.WAITING: {"due": Status.READY, "cancel": Status.CANCELLED},
    Status.READY: {"use": Status.USED, "cancel": Status.CANCELLED, "lapse": Status.LAPSED},
    Status.USED: {},
    Status.CANCELLED: {},
    Status.LAPSED: {},
}
WORDS = {Kind.WALLET_WORDS: ("Your wallet's words", "/keys/wallet-words")}
"""What a person calls it, and the page where it takes effect."""


class StepUps(Protocol):
    """Approvals as the store keeps them (node/store/step_ups.py says what each does)."""

    def get(self, id_: bytes, /) -> StepUpRow | None: ...  # noqa: D102
    def open(self) -> Sequence[StepUpRow]: ...  # noqa: D102
    def recent(self, limit: int) -> Sequence[StepUpRow]: ...  # noqa: D102
    def keep(self, row: StepUpRow) -> None: ...  # noqa: D102


class StepUpUnit(Unit, Protocol):
    """What this service needs of a transaction."""

    @property
    def step_ups(self) -> StepUps: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class StepUpView:
    """An approval. `status` waiting, ready, used, cancelled or lapsed; it takes effect from `due` to `until`; times in ms."""

    id: str
    kind: str
    subject: str
    status: str
    asked: int
    due: int
    until: int
    ended: int


def request(unit: StepUpUnit, kind: Kind, delay_ms: int, subject: str = "") -> StepUpView:
    """Approve it, to take effect `delay_ms` from now. One that is open already stays as it is: asking again shortens nothing."""
    known = _open(unit, kind, subject)
    if known is not None:
        return _view(known)
    due = unit.now + delay_ms
    row = StepUpRow(unit.random(32), kind, subject, unit.now, due, due + WINDOW_MS)
    unit.step_ups.keep(row)
    unit.touched("changes")
    return _view(row)


def list_step_ups(unit: StepUpUnit) -> list[StepUpView]:
    """Dangerous acts that were approved, newest first."""
    return [_view(_due(row, unit.now)) for row in unit.step_ups.recent(SHOWN)]


def cancel_step_up(unit: StepUpUnit, step_up: bytes) -> StepUpView:
    """Take an approval back before it takes effect."""
    row = unit.step_ups.get(step_up)
    if row is None:
        raise NotFound("There is no such approval.")
    return _view(_keep(unit, row, "cancel"))


def find(unit: StepUpUnit, kind: Kind, subject: str = "") -> StepUpView | None:
    """The open approval, if there is one."""
    row = _open(unit, kind, subject)
    return _view(row) if row else None


def require_ready(unit: StepUpUnit, kind: Kind, subject: str = "") -> None:
    """Raises ConflictError `step-up-needed`, `step-up-waits`."""
    _ready(unit, kind, subject)


def use(unit: StepUpUnit, kind: Kind, subject: str = "") -> None:
    """It takes effect now, once: in the transaction of the effect, or just before what is outside the store. Raises as `require_ready`."""
    _keep(unit, _ready(unit, kind, subject), "use")


def tick(unit: StepUpUnit) -> None:
    """What is due becomes ready, what nobody used lapses."""
    for row in unit.step_ups.open():
        now = _due(row, unit.now)
        if now.status is not row.status:
            unit.step_ups.keep(now)
            unit.touched("changes")


def waiting(unit: Any) -> Iterable[TodayItem]:
    """On Today for as long as it is open, so that one the person did not ask for is seen."""
    for stored in unit.step_ups.open():
        row = _due(stored, unit.now)
        title, href = WORDS[row.kind]
        if row.status is Status.WAITING:
            text = "Approved with your words; it takes effect once its delay is over. Cancel it if it was not you."
            yield TodayItem("step-up", "keys", f"{title}: waiting", text, href, "Look or cancel", row.asked, "")
        elif row.status is Status.READY:
            yield TodayItem("step-up", "keys", f"{title}: ready", "For a day. Cancel it if it was not you.", href, "Go on", row.due, "")


# --- inside


def _open(unit: StepUpUnit, kind: Kind, subject: str) -> StepUpRow | None:
    rows = (_due(row, unit.now) for row in unit.step_ups.open() if (row.kind, row.subject) == (kind, subject))
    return next((row for row in rows if row.status in OPEN), None)


def _ready(unit: StepUpUnit, kind: Kind, subject: str) -> StepUpRow:
    row = _open(unit, kind, subject)
    if row is None:
        raise ConflictError("This needs an approval first: your words and the passphrase, and a delay.", code="step-up-needed")
    if row.status is not Status.READY:
        hours = -(-(row.due - unit.now) // 3_600_000)
        raise ConflictError(f"It takes effect in {hours} hours at most. You can cancel it until then.", code="step-up-waits")
    return row


def _due(row: StepUpRow, now: int) -> StepUpRow:
    """As of now, whether or not a tick came by."""
    if row.status is Status.WAITING and now >= row.due:
        row = _step(row, "due", now)
    if row.status is Status.READY and now >= row.until:
        row = _step(row, "lapse", now)
    return row


def _step(row: StepUpRow, event: str, now: int) -> StepUpRow:
    status = TRANSITIONS[row.status].get(event)
    if status is None:
        raise ConflictError(f"It is {row.status} already.", code="step-up-over")
    return replace(row, status=status, ended=0 if status in OPEN else now)


def _keep(unit: StepUpUnit, row: StepUpRow, event: str) -> StepUpRow:
    row = _step(_due(row, unit.now), event, unit.now)
    unit.step_ups.keep(row)
    unit.touched("changes")
    return row


def _view(row: StepUpRow) -> StepUpView:
    return StepUpView(row.id.hex(), row.kind.value, row.subject, row.status.value, row.asked, row.due, row.until, row.ended)
