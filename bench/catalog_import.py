"""A merchant's first import: a Shopify export of 100,000 rows, from upload to signed. `python -m bench.catalog_import [--quick] [--json]`.

A real node behind its socket, as `gemstra catalog import` uses it. Products stand in four rows each, a size a row, as the shop writes
them; then the same file once more, which changes nothing, and with other prices. `import_single` is the same number of rows where each is
a product of its own with a text of 450 letters: the most work a row can be, 200,000 records to sign. Beside it stands what one process
takes to write those records into a table of SQLite and to hash each once.
"""

import hashlib
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.catalog_goods import CHEAP, PASSPHRASE, operations, shop_file
from bench.node import process_cpu, until
from bench.report import Asked, Figure, Report, main, timed
from node.app.founding import found
from node.cli.client import Client
from node.model.identity import Founder
from protocol.identity import Role

ROWS, SIZES = 100_000, 4
BARS = {"import": 30.0, "import_single": 30.0, "import_resident": 400.0, "import_single_resident": 400.0}
"""Seconds and MB, of either shape."""
PATIENCE = 300.0
HOST = "bench.localhost"


class Merchant:
    """A node without a catalog, and the way to it."""

    def __init__(self, folder: Path) -> None:
        found(folder, PASSPHRASE, Founder("Lumen", Role.MERCHANT, "USD"), costs=CHEAP)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        command = [sys.executable, "-m", "node.main", "--data", str(folder), "run", "--port", port, "--host-name", HOST]
        self.process = subprocess.Popen([*command, "--die-with-parent"], stderr=subprocess.DEVNULL)
        self.client = Client(folder, timeout=PATIENCE)
        until("the merchant", lambda: self.client.get("/status"))
        self.client.post_once("/unlock", passphrase=PASSPHRASE)
        until("its network", lambda: self.client.get("/status")["network"] == "ready")

    def stage(self, file: Path) -> dict[str, Any]:
        """Upload a file: it is read and compared."""
        with file.open("rb") as source:
            staged: dict[str, Any] = self.client.upload("/catalog/import", source, name=file.name, currency="USD")
        return staged

    def sign(self, staged: dict[str, Any]) -> None:
        """Confirm it."""
        self.client.post_once(f"/catalog/import/{staged['id']}/apply")

    def processor(self) -> float:
        """Seconds of the processor so far."""
        return process_cpu(self.process.pid) / 1000

    def resident(self) -> float:
        """The most that was resident, in MB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1000


@contextmanager
def merchant(folder: Path) -> Iterator[Merchant]:
    """It, until the end."""
    node = Merchant(folder)
    try:
        yield node
    finally:
        node.process.terminate()
        node.process.wait(60)


def plain(path: Path, count: int) -> None:
    """The same entries in a table, hashed once each."""
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE entries (verb TEXT, name TEXT, record BLOB, PRIMARY KEY (verb, name)) WITHOUT ROWID")
    rows = ((verb, name, record, hashlib.sha256(record).digest()) for verb, name, record in operations(count))
    database.executemany("INSERT INTO entries VALUES (?, ?, ?)", (row[:3] for row in rows))
    database.commit()
    database.close()


def taken_in(node: Merchant, file: Path, products: int) -> tuple[float, dict[str, float]]:
    """Seconds of a first import, and of its parts."""
    used = node.processor()
    staging = timed(lambda: node.stage(file))
    if staging.answer["new"] != products:
        raise SystemExit(f"{staging.answer['new']} of {products} are new: the figures mean nothing")
    signing = timed(lambda: node.sign(staging.answer))
    parts = {"read and compared": staging.wall, "signed": signing.wall, "of the processor": node.processor() - used}
    return staging.wall + signing.wall, parts


def measure(asked: Asked) -> Report:
    """All of it."""
    count = asked.scaled(ROWS)
    products = count // SIZES
    figures: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shop_file(folder / "first.csv", products, sizes=SIZES)
        shop_file(folder / "prices.csv", products, sizes=SIZES, price=7)
        shop_file(folder / "single.csv", count)
        with merchant(folder / "sizes") as node:
            seconds, parts = taken_in(node, folder / "first.csv", products)
            figures["import"] = Figure(seconds, "s", BARS["import"], parts)
            figures["import_resident"] = Figure(node.resident(), "MB", BARS["import_resident"])
            again = timed(lambda: node.stage(folder / "first.csv"))
            if (again.answer["same"], again.answer["writes"]) != (products, 0):
                raise SystemExit("the same file again would change something: the figures mean nothing")
            figures["import_again"] = Figure(again.wall, "s")
            figures["import_prices"] = Figure(timed(lambda: node.sign(node.stage(folder / "prices.csv"))).wall, "s")
        with merchant(folder / "single") as node:
            seconds, parts = taken_in(node, folder / "single.csv", count)
            written = timed(lambda: plain(folder / "plain.db", count)).wall
            figures["import_single"] = Figure(seconds, "s", BARS["import_single"], {**parts, "plain SQLite": written})
            figures["import_single_resident"] = Figure(node.resident(), "MB", BARS["import_single_resident"])
    return Report("catalog_import", {"rows": count, "products": products}, figures)


if __name__ == "__main__":
    raise SystemExit(main(__doc__, measure))
