"""The demo as a stranger runs it: a process, its one document on stdout, and what it leaves behind."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.reckoned import reckon

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
SHARED = ROOT.parent / "shared" / "data"
SAMPLE = ROOT / "node" / "files" / "samples" / "lumen-beauty.csv"
SECONDS = 240


@dataclass(frozen=True)
class Performance:
    """How one run of the demo ended. `left` are files and processes that should be gone."""

    code: int
    stdout: str
    stderr: str
    left: tuple[str, ...]

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.stdout)


@contextmanager
def stage() -> Iterator[Path]:
    """A folder for temporary files, with a short path: sockets lie in it."""
    folder = Path(tempfile.mkdtemp(prefix="stage-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def program(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "node.main", "demo", "--exit", "--json", *arguments]


def perform(folder: Path, command: Sequence[str]) -> Performance:
    """Run the demo with `folder` for its temporary files."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GEMSTRA_")} | {"TMPDIR": str(folder)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    left = [path.name for path in folder.iterdir() if path.name.startswith("gemstra-demo-")]
    return Performance(done.returncode, done.stdout, done.stderr, (*left, *processes_of(folder)))


def processes_of(folder: Path) -> list[str]:
    """Living processes that were started with temporary files in `folder`, or name it."""
    found, mark = [], os.fsencode(folder)
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        try:
            told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            state = (process / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if mark in told and state != "Z":
            found.append(f"process {process.name}")
    return found


def wrong_in(done: Performance, catalog: Path) -> list[str]:
    """What is not as it must be, after playing with `catalog`."""
    if done.code != 0:
        return [f"exit code {done.code}: {done.stderr[-400:]}"]
    found, sale = done.document, reckon(catalog)
    rate = int(found["gms_rate"])
    amounts = sale.commissions(rate)
    order, grant, seen = found["order"], found["grant"], found["catalog"]
    expected = {
        "ok": (found["ok"], True),
        "rate": (rate, 10**16),
        "file": (seen["file"], catalog.name),
        "products": (seen["products"], sale.products),
        "variants": (seen["variants"], sale.variants),
        "skipped": (tuple(row["row"] for row in seen["skipped"]), sale.skipped),
        "reasons": (all(row["reason"] for row in seen["skipped"]), True),
        "ids": ({len(seen["feed"]), len(seen["checkpoint"]), len(order["id"])}, {64}),
        "state": (order["state"], "COMPLETED"),
        "lines": (tuple((line["sku"], line["quantity"], line["price"]) for line in order["lines"]), sale.lines),
        "base": (order["base"], sale.base),
        "total": (order["total"], {"minor": sale.base, "currency": "USD"}),
        "commissions": ({row["payee"]: (row["level"], int(row["amount"])) for row in found["commissions"]}, _levels(amounts)),
        "one line each": (len(found["commissions"]), 2),
        "balances": ({name: int(amount) for name, amount in found["chain"]["balances"].items()}, amounts),
        "chain": ((found["chain"]["chain_id"] > 0, len(found["chain"]["vault"]), len(found["chain"]["root"])), (True, 42, 66)),
        "grant": (grant, {"mode": "ask", "state": "revoked", "disclosures": 1, "refused_after_revoke": True, "erasure_receipt": True}),
        "canary": (found["canary_hits"], 0),
        "customers": (found["customers"] > 0, True),
        "brand": (found["brand"], {"products": 2, "offers": 3, "recalled": "halo-oil", "refused": "withdrawn"}),
        "steps": (len(found["steps"]), 11),
        "left": (done.left, ()),
    }
    return [f"{what}: {got!r}, not {due!r}" for what, (got, due) in expected.items() if got != due]


def _levels(amounts: dict[str, int]) -> dict[str, tuple[int, int]]:
    return {"ana": (0, amounts["ana"]), "ben": (1, amounts["ben"])}


def combinations() -> list[tuple[Path, Path]]:
    """Every catalog with every contacts file: real exports where they lie beside the checkout, else our own of the same shape."""
    folder = SHARED if SHARED.is_dir() else None
    catalogs = sorted((folder / "catalogs").glob("woocommerce*.csv")) if folder else [DATA / "woocommerce.csv"]
    contacts = sorted((folder / "contacts").glob("*.vcf")) if folder else [DATA / "postal.vcf", DATA / "pickup.vcf"]
    return [(catalog, people) for catalog in catalogs for people in contacts]


def with_files(catalog: Path, people: Path) -> list[str]:
    return program("--catalog", str(catalog), "--contacts", str(people))
