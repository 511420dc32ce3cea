"""What the machines' tests share: the table test, the walk of any events, playing a vector."""

from types import ModuleType
from typing import Any, get_args

import machines

from protocol.errors import IllegalTransition


def check_table(machine: ModuleType, states: dict[Any, Any], events: dict[type, Any]) -> None:
    """Every status × event: allowed leads where the table says, the rest is illegal. `events` take the next seq from the state."""
    assert set(machine.TRANSITIONS) == set(machine.Status) == set(states)
    kinds = set(get_args(machine.Event))
    assert {event for row in machine.TRANSITIONS.values() for event in row} == kinds == set(events)
    for status, state in states.items():
        assert state.status is status
        for kind, make in events.items():
            event = make(state)
            allowed = machine.TRANSITIONS[status].get(kind)
            try:
                after, _ = machine.apply(state, event)
            except IllegalTransition:
                assert allowed is None, (status, kind)
            else:
                assert allowed is not None, (status, kind)
                assert after.status in allowed, (status, kind, after.status)


def check_vector(machine: ModuleType, start: Any, found: dict[str, Any]) -> tuple[Any, list[Any]]:
    """Play a machine vector; the state and effects, both as JSON shows them."""
    state, effects = machines.play(machine, start, machines.read(machine, found["input"]["events"]))
    return state, [machines.told(effect) for effect in effects]
