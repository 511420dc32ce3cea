"""The batteries by name, and what one is: how many runs in full and shortened, the runs, and the control."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

NAMES = (
    "backup",
    "kill",
    "power",
    "twice",
    "forged",
    "decoder",
    "reorg",
    "flood",
    "canary",
    "demo",
    "vault_power",
    "vault_kill",
    "vault_disk",
    "vault_bits",
    "vault_migrate",
    "vault_canary",
    "catalog_kill",
    "catalog_forged",
    "catalog_bits",
)

Run = Callable[[int, Path], list[str]]
Control = Callable[[Path], bool]


@dataclass(frozen=True)
class Outcome:
    """`failures` say what went wrong; `control_caught` whether the planted fault was seen."""

    size: int
    failures: list[str]
    control_caught: bool

    @property
    def passed(self) -> bool:
        return not self.failures and self.control_caught


def module(name: str) -> ModuleType:
    """A battery: FULL and SHORT sizes, `run(size, folder)` giving the failures, `control(folder)`."""
    return import_module(f"tests.battery.{name}")


def perform(name: str, size: int | None = None, *, short: bool = False) -> Outcome:
    """Run one battery and its control."""
    battery = module(name)
    chosen = size or (battery.SHORT if short else battery.FULL)
    run: Run = battery.run
    control: Control = battery.control
    with tempfile.TemporaryDirectory(prefix="battery-") as folder:
        for part in ("run", "control"):
            (Path(folder) / part).mkdir()
        failures = run(chosen, Path(folder) / "run")
        return Outcome(chosen, failures, control(Path(folder) / "control"))
