"""One line a use case: method, path and the function itself; parameters, bodies and OpenAPI come from its signature.

A use case takes the unit of work first, then named parameters of type str, int, bool, bytes (hex in JSON and paths), lists of
JSON-able dataclasses, or `X | None`. Those named in the path are taken from it, the others from the JSON body (POST) or query (GET).
"""

import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import msgspec

from node.errors import UserError

Kind = Literal["read", "write", "task"]
_PATH_NAME = re.compile(r"{(\w+)}")
_WHOLE = re.compile(r"-?[0-9]{1,30}")


@dataclass(frozen=True)
class Route:
    """`run` is a service run in a transaction (`read`, `write`) or a coroutine of the runtime (`task`)."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    run: Callable[..., Any]
    kind: Kind = "write"
    locked: bool = False
    """Whether it also answers while the vault is locked or not set up."""
    money: bool = False
    """Whether it moves or counts money: then an Idempotency-Key holds for good and not for a day."""

    @property
    def name(self) -> str:
        """`module.function`, unique: the operation id."""
        return f"{self.run.__module__.rsplit('.', 1)[-1]}.{self.run.__name__}"

    @cached_property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """The use case's own parameters, without the unit of work or runtime."""
        signature = inspect.signature(self.run, eval_str=True)
        return dict(list(signature.parameters.items())[1:])

    @cached_property
    def in_path(self) -> frozenset[str]:
        """Names taken from the path."""
        return frozenset(_PATH_NAME.findall(self.path))

    @cached_property
    def body(self) -> type[msgspec.Struct]:
        """What the JSON body or the query must hold."""
        rows: list[tuple[str, Any] | tuple[str, Any, Any]] = []
        for name, parameter in self.parameters.items():
            if name in self.in_path:
                continue
            hint = _wire_type(parameter.annotation)
            rows.append((name, hint) if parameter.default is parameter.empty else (name, hint, parameter.default))
        rows.sort(key=len)
        return msgspec.defstruct(self.name.replace(".", "_"), rows, forbid_unknown_fields=True)

    @cached_property
    def result(self) -> Any:
        """The type of what it answers."""
        return inspect.signature(self.run, eval_str=True).return_annotation

    def arguments(self, path: Mapping[str, str], query: Mapping[str, str], content: bytes) -> dict[str, Any]:
        """Keyword arguments for `run`. Raises UserError `bad-request` naming the field."""
        try:
            if self.method == "GET":
                given = msgspec.convert(dict(query), self.body, strict=False)
            else:
                given = msgspec.json.decode(content or b"{}", type=self.body)
        except msgspec.DecodeError as error:
            raise UserError(f"{self.name}: {error}", code="bad-request") from error
        values = {name: getattr(given, name) for name in self.body.__struct_fields__} | dict(path)
        return {name: _from_wire(name, values[name], self.parameters[name].annotation) for name in self.parameters}


def _arms(hint: Any) -> tuple[Any, ...]:
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return typing.get_args(hint)
    return (hint,)


def _wire_type(hint: Any) -> Any:
    if bytes in _arms(hint):
        return str | None if type(None) in _arms(hint) else str
    return hint


def _from_wire(name: str, value: Any, hint: Any) -> Any:
    arms = _arms(hint)
    if value is None and type(None) in arms:
        return None
    if bytes in arms:
        try:
            return bytes.fromhex(value)
        except ValueError:
            raise UserError(f"{name} is no id: copy its 64 letters and digits from the list", code="bad-request") from None
    if int in arms and isinstance(value, str):
        if not _WHOLE.fullmatch(value):
            raise UserError(f"{name} is not a whole number of at most 30 digits", code="bad-request")
        return int(value)
    return value
