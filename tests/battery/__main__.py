"""Runs batteries, prints a table and writes build/battery.json."""

import argparse
import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "vectors"), str(ROOT / "tests" / "node" / "net")]

from tests.battery.registry import NAMES, Outcome, perform  # noqa: E402  after the path

REPORT = ROOT / "build" / "battery.json"


def keep(found: dict[str, Outcome]) -> dict[str, dict[str, object]]:
    """The report's entries of these batteries, added to what build/battery.json holds of others."""
    made = {
        name: {"size": outcome.size, "failures": len(outcome.failures), "control_caught": outcome.control_caught}
        for name, outcome in found.items()
    }
    before = json.loads(REPORT.read_text()) if REPORT.is_file() else {}
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(before | made, indent=1) + "\n")
    return made


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.battery", description=__doc__)
    parser.add_argument("name", choices=[*NAMES, "all"])
    parser.add_argument("--size", type=int, help="runs, instead of the battery's own number")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of the table")
    given = parser.parse_args()
    say = sys.stderr if given.json else sys.stdout
    say.write(f"{'battery':10}{'size':>9}{'failures':>10}  {'control':8}{'seconds':>9}\n")
    found: dict[str, Outcome] = {}
    for name in NAMES if given.name == "all" else [given.name]:
        began = time.monotonic()
        outcome = found[name] = perform(name, given.size)
        caught = "caught" if outcome.control_caught else "MISSED"
        say.write(f"{name:10}{outcome.size:>9}{len(outcome.failures):>10}  {caught:8}{time.monotonic() - began:>9.1f}\n")
        for failure in outcome.failures[:5]:
            say.write(f"    {failure}\n")
        say.flush()
    made = keep(found)
    if given.json:
        sys.stdout.write(json.dumps(made) + "\n")
    return 0 if all(outcome.passed for outcome in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
