"""Real nodes and chains for the tests: started as programs, set up over their sockets, ended by the cast that started them."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from node.cli.client import Client
from node.cli.demo.cast import PASSPHRASE, Cast
from tests.integration.performance import ROOT
from tests.patience import PATIENCE

SECONDS = PATIENCE


@contextmanager
def household() -> Iterator[Cast]:
    """A cast on a stage with a short path; everything is ended afterwards."""
    with tempfile.TemporaryDirectory(prefix="house-") as folder:
        cast = Cast(Path(folder) / "h")
        try:
            yield cast
        finally:
            cast.stop()


def settle(cast: Cast, name: str, role: str) -> Client:
    """A started node, set up and unlocked, with its network ready."""
    client = cast.node(name)
    client.post_once("/setup", passphrase=PASSPHRASE, name=name.capitalize(), role=role, currency="USD")
    client.post_once("/unlock", passphrase=PASSPHRASE)
    client.until(lambda: client.get("/status")["network"] == "ready", seconds=SECONDS, what="the network")
    return client


def command(folder: Path, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """One command of the program on a data folder; its exit code and what it said."""
    program = [sys.executable, "-m", "node.main", "--data", str(folder), *arguments]
    return subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False, **more)


def log_of(cast: Cast, name: str) -> str:
    return (cast.root / name / "log.txt").read_text("utf-8", "replace")
