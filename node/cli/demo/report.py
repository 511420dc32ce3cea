"""What the demo says while it plays, and the document it prints in the end."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

ORDER = ("ok", "catalog", "brand", "customers", "order", "gms_rate", "grant", "commissions", "chain", "canary_hits", "seconds", "steps")


@dataclass
class Report:
    """Steps on stderr as they happen; the document is filled in by the play."""

    quiet: bool
    document: dict[str, Any] = field(default_factory=lambda: {"ok": False})
    steps: list[dict[str, Any]] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """One numbered step, with its time."""
        number = len(self.steps) + 1
        self._say(f"\n{number:>3}  {name}")
        began = time.monotonic()
        yield
        seconds = round(time.monotonic() - began, 2)
        self.steps.append({"name": name, "seconds": seconds})
        self._say(f"     {seconds:.1f} s")

    def proved(self, text: str) -> None:
        """A fact that this step established."""
        self._say(f"     · {text}")

    def finish(self) -> dict[str, Any]:
        """The whole document."""
        self.document |= {"ok": True, "seconds": round(time.monotonic() - self._began, 2), "steps": self.steps}
        self.document = {name: self.document[name] for name in ORDER}
        return self.document

    def _say(self, text: str) -> None:
        if not self.quiet:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()


def gms(amount: str | int) -> str:
    """Base units as GMS, for reading."""
    whole, rest = divmod(int(amount), 10**18)
    decimals = f"{rest:018d}".rstrip("0")
    return f"{whole:,}{'.' + decimals if decimals else ''} GMS"


def money(minor: int, currency: str) -> str:
    """Minor units, for reading."""
    from protocol.money import exponent

    places = exponent(currency)
    whole, rest = divmod(minor, 10**places)
    return f"{whole:,}{f'.{rest:0{places}d}' if places else ''} {currency}"
