"""The project's own source files, and what its modules import: read, never executed."""

import ast
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("node", "protocol")
OUTSIDE = {".venv", ".venv-uv", ".git", "build", "dist", "node_modules", "vendor", "out", "cache", "__pycache__"}


def files(*suffixes: str, root: Path = ROOT, under: tuple[str, ...] = ("",)) -> Iterator[Path]:
    """Every file of ours with one of the suffixes, in no folder of tools or of other people's code."""
    for part in under:
        for folder, inside, names in os.walk(root / part):
            inside[:] = sorted(name for name in inside if name not in OUTSIDE and not name.startswith("."))
            yield from (Path(folder, name) for name in sorted(names) if Path(name).suffix in suffixes)


def modules(root: Path = ROOT) -> dict[str, Path]:
    """Dotted name → file, for both packages."""
    found = {}
    for path in files(".py", root=root, under=PACKAGES):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imported(name: str, path: Path, known: frozenset[str] = frozenset()) -> set[str]:
    """Dotted names a module imports anywhere in its text, lazily too; a member that is itself a module counts as that module."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for item in ast.walk(tree(path)):
        if isinstance(item, ast.Import):
            found |= {alias.name for alias in item.names}
        elif isinstance(item, ast.ImportFrom):
            base = item.module or ""
            if item.level:
                above = package.split(".")[: len(package.split(".")) - item.level + 1]
                base = ".".join([*above, base] if base else above)
            found |= {full if (full := f"{base}.{alias.name}") in known else base for alias in item.names}
    return found


def graph(root: Path = ROOT) -> dict[str, set[str]]:
    """Who imports whom, among our own modules."""
    ours = modules(root)
    known = frozenset(ours)
    return {name: (imported(name, path, known) & known) - {name} for name, path in ours.items()}


def two_way(edges: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Pairs of modules that import each other."""
    return sorted((a, b) for a, targets in edges.items() for b in targets if a < b and a in edges.get(b, ()))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and length in lines of every function of a file."""
    for item in ast.walk(tree(path)):
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and item.end_lineno is not None:
            yield item.name, item.end_lineno - item.lineno + 1
