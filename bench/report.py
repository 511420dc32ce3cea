"""What a benchmark tells: figures with what stands beside them and their bars, as a table or as one JSON document.

A benchmark decides what it measures and what it compares with; here is decided what a bar means, how all of it is said, and what the
command line takes. The command ends with 1 where a bar was missed.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DIGITS = 3


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, and the same done `beside` it in other ways. Without a bar it is only told."""

    value: float
    unit: str
    bar: float | None = None
    beside: Mapping[str, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Of rates more is better, of all else less."""
        if self.bar is None:
            return True
        return self.value >= self.bar if self.unit.endswith("/s") else self.value <= self.bar

    def document(self) -> dict[str, Any]:
        beside = {name: round(other, DIGITS) for name, other in self.beside.items()}
        bar = None if self.bar is None else round(self.bar, DIGITS)
        return {"value": round(self.value, DIGITS), "unit": self.unit, "beside": beside, "bar": bar, "ok": self.ok}


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one benchmark at one size."""

    name: str
    size: Mapping[str, int]
    figures: Mapping[str, Figure]

    @property
    def ok(self) -> bool:
        return all(figure.ok for figure in self.figures.values())

    def document(self) -> dict[str, Any]:
        """As one JSON document."""
        figures = {name: figure.document() for name, figure in self.figures.items()}
        return {"name": self.name, "size": dict(self.size), "figures": figures}

    def table(self) -> str:
        """A line for each figure; below it, in the same column, what stands beside it."""
        size = ", ".join(f"{count:,} {what}" for what, count in self.size.items())
        return "\n".join([f"{self.name}: {size}", f"{'figure':34}{'value':>12}{'bar':>12}  unit", *self.lines()])

    def lines(self) -> list[str]:
        """The table's, without its head."""
        lines = []
        for name, one in self.document()["figures"].items():
            bar = "" if one["bar"] is None else f"{one['bar']:,}"
            lines.append(f"{name:34}{one['value']:>12,}{bar:>12}  {one['unit']}{'' if one['ok'] else '  MISSED'}")
            lines += [f"    {other:30}{value:>12,}" for other, value in one["beside"].items()]
        return lines


def told(figures: Mapping[str, Figure]) -> Mapping[str, Figure]:
    """`figures`, shown on the error output as soon as they are there: a long run that is broken off has told what it had."""
    print(*Report("", {}, figures).lines(), sep="\n", file=sys.stderr, flush=True)
    return figures


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks of a benchmark: a tenth of the size, or sizes by name, and only some of its parts (none named: all); where
    to `keep` what takes long to make.
    """

    quick: bool = False
    only: tuple[str, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)
    keep: Path | None = None

    def scaled(self, count: int, name: str = "") -> int:
        return self.sizes.get(name) or (count // 10 if self.quick else count)

    def wants(self, part: str) -> bool:
        return not self.only or part in self.only


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of some work, by the clock and of the processor, and what it gave."""

    wall: float
    processor: float
    answer: Any


def timed(work: Callable[[], Any]) -> Took:
    """The work, done."""
    began, used = time.perf_counter(), time.process_time()
    answer = work()
    return Took(time.perf_counter() - began, time.process_time() - used, answer)


def main(
    about: str | None,
    measure: Callable[[Asked], Report],
    parts: Collection[str] = (),
    inner: Mapping[str, Callable[[str], None]] | None = None,
    arguments: list[str] | None = None,
    sizes: Collection[str] = (),
    *,
    keeps: bool = False,
) -> int:
    """A benchmark's command line, and its exit code. `inner`: what its other processes are started for, by option; `sizes`: what can be
    given a number of its own; `keeps`: whether what is made first may be kept for another run.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of the table")
    if parts:
        parser.add_argument("--only", choices=tuple(parts), action="append", default=[], help="these figures; may be given again")
    for size in sizes:
        parser.add_argument(f"--{size}", type=int, metavar="N", help=f"so many {size} instead")
    if keeps:
        parser.add_argument("--keep", type=Path, metavar="FOLDER", help="what is made first stays there, and another run begins with it")
    for option in inner or ():
        parser.add_argument(option, dest=option, help=argparse.SUPPRESS)
    given = vars(parser.parse_args(arguments))
    for option, work in (inner or {}).items():
        if given[option] is not None:
            work(given[option])
            return 0
    numbers = {size: given[size] for size in sizes if given[size]}
    report = measure(Asked(given["quick"], tuple(given.get("only", ())), numbers, given.get("keep")))
    print(json.dumps(report.document()) if given["json"] else report.table())
    return 0 if report.ok else 1
