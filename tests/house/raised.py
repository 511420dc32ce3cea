"""Every error the two packages raise: its code, its class and what it says, read from the source."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.house.sources import modules, tree

ROOTS = {"NodeError", "ProtocolError"}


@dataclass
class Raised:
    """One code. `kinds` are class names; `says` its texts, `…` where a value stands."""

    kinds: set[str] = field(default_factory=set)
    says: set[str] = field(default_factory=set)
    where: set[str] = field(default_factory=set)


def classes(trees: Mapping[str, ast.Module]) -> dict[str, tuple[str, str | None]]:
    """Error class → (its base, the code it sets itself)."""
    found: dict[str, tuple[str, str | None]] = {}
    every = [item for module in trees.values() for item in ast.walk(module) if isinstance(item, ast.ClassDef)]
    grown = True
    while grown:
        grown = False
        for item in every:
            bases = [base.id for base in item.bases if isinstance(base, ast.Name)]
            if item.name not in found and (item.name in ROOTS or any(base in found for base in bases)):
                found[item.name] = (bases[0] if bases else "", _own_code(item))
                grown = True
    return found


def _own_code(item: ast.ClassDef) -> str | None:
    for line in item.body:
        if not isinstance(line, ast.AnnAssign | ast.Assign):
            continue
        target = line.target if isinstance(line, ast.AnnAssign) else line.targets[0]
        if isinstance(target, ast.Name) and target.id == "code" and isinstance(line.value, ast.Constant):
            return str(line.value.value)
    return None


def default_code(name: str, known: Mapping[str, tuple[str, str | None]]) -> str:
    base, own = known[name]
    return own if own is not None else default_code(base, known) if base in known else "error"


def lineage(name: str, known: Mapping[str, tuple[str, str | None]]) -> Iterator[str]:
    """The class and its error bases, nearest first."""
    while name in known:
        yield name
        name = known[name][0]


def text_of(node: ast.expr) -> str:
    """A message as far as the source tells it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "…" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return text_of(node.left) + text_of(node.right)
    return "…"


def _codes(call: ast.Call, default: str) -> list[str]:
    for keyword in call.keywords:
        if keyword.arg == "code":
            arms = [keyword.value]
            if isinstance(keyword.value, ast.IfExp):
                arms = [keyword.value.body, keyword.value.orelse]
            return [arm.value for arm in arms if isinstance(arm, ast.Constant) and isinstance(arm.value, str)]
    return [default]


def raised(paths: Mapping[str, Path] | None = None) -> tuple[dict[str, Raised], dict[str, tuple[str, str | None]]]:
    """Code → what is known of it; and the classes."""
    trees = {name: tree(path) for name, path in (paths or modules()).items()}
    known = classes(trees)
    found: dict[str, Raised] = defaultdict(Raised)
    for module, parsed in trees.items():
        for item in ast.walk(parsed):
            if not (isinstance(item, ast.Call) and isinstance(item.func, ast.Name) and item.func.id in known):
                continue
            for code in _codes(item, default_code(item.func.id, known)):
                entry = found[code]
                entry.kinds.add(item.func.id)
                entry.where.add(module)
                if item.args and (said := text_of(item.args[0]).strip(" .:;,")) != "…":
                    entry.says.add(" ".join(said.split()))
    for name, (_, own) in known.items():
        if own is not None:
            found[own].kinds.add(name)
    return dict(found), known
