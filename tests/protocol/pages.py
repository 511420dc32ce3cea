"""What a spec page must hold of the code: the fields of a record as a table, the codes a module raises."""

import ast
import typing
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

PAGES = Path(__file__).parents[2] / "docs/protocol"
PROTOCOL = Path(__file__).parents[2] / "protocol"


def table(cls: Any) -> str:
    """The record's fields as Markdown: key, name, form with its bounds."""
    hints = typing.get_type_hints(cls)
    rows = [f"| {f.metadata['key'].number} | `{f.name}` | {_form(hints[f.name], f.metadata['key'])} |" for f in fields(cls)]
    return "\n".join([f"**{cls.__name__}**", "", "| key | field | form |", "|---|---|---|", *rows])


def _form(hint: Any, bounds: Any) -> str:
    if typing.get_origin(hint) is tuple:
        return f"list of at most {bounds.most}: {_form(typing.get_args(hint)[0], bounds)}"
    if is_dataclass(hint):
        return typing.cast("type", hint).__name__
    if hint is bytes:
        return f"{bounds.size} bytes"
    if hint is str:
        return f"text, at most {bounds.longest}"
    if hint is bool:
        return "true or false"
    if hint is int:
        return f"integer {_power(bounds.low)} … {_power(bounds.high)}"
    return " or ".join(f"`{value}`" for value in hint)


def _power(number: int) -> str:
    for exponent in (31, 32, 53, 63, 128):
        for shift in (0, 1):
            if abs(number) == 2**exponent - shift:
                return f"{'-' if number < 0 else ''}2^{exponent}{' - 1' if shift else ''}"
    return str(number)


def codes(module: str) -> set[str]:
    """Every code that the module names as `code="…"` or in a tuple beside a refusal."""
    tree = ast.parse((PROTOCOL / f"{module}.py").read_text())
    named = (word.value for call in ast.walk(tree) if isinstance(call, ast.Call) for word in call.keywords if word.arg == "code")
    return {value.value for value in named if isinstance(value, ast.Constant)}
