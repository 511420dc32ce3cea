"""What must reach the places of backups soon, whatever the schedule says: that somebody was erased, or a grant taken back."""

from .unit import Unit

_AT = "backup/hurry"


def hurry(unit: Unit) -> None:
    """Have a backup made at once wherever they are made by themselves."""
    unit.settings.set(_AT, unit.now)


def hurried(unit: Unit) -> int:
    """When that was last asked for, in ms; -1: never."""
    return int(unit.settings.get(_AT, -1))
