"""The engine every machine shares: the order of events, the table look-up, the diagram.

A machine keeps a frozen state with a `status` and the `seq` of its last event. `TRANSITIONS[status][event type]` lists where the event may
lead; where it lists more than one status, the guard in the machine's `apply` chooses among them and no other.
It knows no machine in particular.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from .errors import IllegalTransition, OutOfOrder

S = TypeVar("S", bound=StrEnum)
Table = Mapping[S, Mapping[type, tuple[S, ...]]]


def is_replay(seq: int, event_seq: int) -> bool:
    """True when the event was applied before. Raises OutOfOrder at a gap."""
    if event_seq > seq + 1:
        raise OutOfOrder(f"expected event {seq + 1}, got {event_seq}")
    return event_seq <= seq


def targets(table: Table[S], status: S, event: object) -> tuple[S, ...]:
    """Where `event` may lead from `status`. Raises IllegalTransition when it is not in the table."""
    found = table[status].get(type(event))
    if found is None:
        raise illegal(status, event)
    return found


def illegal(status: StrEnum, event: object) -> IllegalTransition:
    """The error for an event that may not happen now."""
    return IllegalTransition(f"{type(event).__name__} is not allowed while the status is {status}")


def draw(table: Table[S], initial: S) -> str:
    """The Mermaid source of a table, in the table's order."""
    lines = ["stateDiagram-v2", f"    [*] --> {initial}"]
    for source, row in table.items():
        lines += [f"    {source} --> {target}: {event.__name__}" for event, found in row.items() for target in found]
        if not any(target is not source for found in row.values() for target in found):
            lines.append(f"    {source} --> [*]")
    return "\n".join(lines) + "\n"
