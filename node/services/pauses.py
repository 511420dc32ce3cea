"""What a node set up from a backup does not do by itself until a person has looked: grants, renewals, payouts.

The copy may be older than what was agreed since: a grant taken back may stand in it as given, a payout made as due. Restoring sets the
setting `restore/paused`; `restored` shows what each would do and takes it off.
"""

from collections.abc import Sequence
from enum import StrEnum

from node.errors import ConflictError
from protocol.errors import Conflict

from .unit import Unit

PAUSED = "restore/paused"
CODE = "restored-paused"


class Pause(StrEnum):
    """What is held back."""

    GRANTS = "grants"
    RENEWALS = "renewals"
    PAYOUTS = "payouts"


def paused(unit: Unit) -> Sequence[Pause]:
    """What is held back still, in the order it is shown."""
    kept = unit.settings.get(PAUSED, [])
    return [pause for pause in Pause if pause.value in kept]


def is_paused(unit: Unit, pause: Pause) -> bool:
    """Whether it is held back."""
    return pause in paused(unit)


def require(unit: Unit, pause: Pause) -> None:
    """For a person who asks for it. Raises ConflictError `restored-paused`."""
    if is_paused(unit, pause):
        raise ConflictError(
            f"This desk was set up from a backup and holds back {pause.value}. See what would happen on its page, or with: "
            f"gemstra restored show; then: gemstra restored confirm {pause.value}",
            code=CODE,
        )


def wait(unit: Unit, pause: Pause) -> None:
    """For a peer that asks for it: it asks again later, nothing is lost. Raises Conflict `restored-paused`."""
    if is_paused(unit, pause):
        raise Conflict("set up from a backup; its owner looks at it first", code=CODE)
