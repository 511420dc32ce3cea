"""What the vectors of the machines share: one vector, one file, a script of events told as JSON and played again."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from parts import plain, text

from protocol.errors import ProtocolError

Script = list[Any]


def vector(kind: str, comment: str, given: Mapping[str, Any], expect: str = "ok", **output: Any) -> dict[str, Any]:
    """One vector: `expect` is "ok" or the error code."""
    made = {"kind": kind, "comment": comment, "input": plain(given), "expect": expect}
    return {**made, "output": plain(output)} if output else made


def write(topic: str, vectors: list[dict[str, Any]]) -> None:
    """Write `<topic>.json` beside this file."""
    Path(__file__).with_name(f"{topic}.json").write_text(text(vectors))


def told(part: Any) -> list[Any]:
    """An event or effect as [name, fields]."""
    return [type(part).__name__, {name: getattr(part, name) for name in part.__slots__}]


def play(machine: ModuleType, state: Any, events: Script) -> tuple[Any, list[Any]]:
    """The state after the events, and every effect on the way."""
    effects: list[Any] = []
    for event in events:
        state, found = machine.apply(state, event)
        effects += found
    return state, effects


def code_of(function: Callable[..., Any], *args: Any, **options: Any) -> str:
    """The code of the error a call ends in, or "ok"."""
    try:
        function(*args, **options)
    except ProtocolError as error:
        return error.code
    return "ok"


def script(machine: ModuleType, comment: str, start: Any, events: Script, expect: str = "ok") -> dict[str, Any]:
    """One vector; with `expect` a code, the last event is the one that fails."""
    given = {"start": start, "events": [told(event) for event in events]}
    if expect == "ok":
        state, effects = play(machine, start, events)
        return vector("machine", comment, given, state=state, effects=[told(effect) for effect in effects])
    play(machine, start, events[:-1])
    code = code_of(play, machine, start, events)
    assert code == expect, (comment, code)
    return vector("machine", comment, given, expect)


def read(machine: ModuleType, told_events: list[Any]) -> Script:
    """The events of a vector."""
    return [getattr(machine, name)(**fields) for name, fields in told_events]
