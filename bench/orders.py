"""Orders between a seller's and a merchant's store, every step on the disk. `python -m bench.orders [--quick] [--json]`.

Both nodes' services and encrypted stores are real, with full synchronisation; between them stands a postman instead of the network
(bench/links.py measures that). A placed order: from the seller's order until the merchant's receipt is in the seller's store.
Beside it: commits a second of one row into a plain SQLite file, fully synchronised, on the same disk.
"""

import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.report import Asked, Figure, Report, main
from node.services import orders, quotes
from tests.node.services.shop import Shop

ORDERS = 200
# Milliseconds and orders a second on two idle cores; the commits of an order on both sides alone are about a dozen.
PLACED_P50, PLACED_P99, ACCEPTED = 100.0, 300.0, 5.0


def play(shop: Shop, count: int) -> tuple[list[float], float]:
    """Seconds of each placing, and of all acceptances together."""
    placed, ids = [], []
    for _ in range(count):
        draft = bytes.fromhex(shop.draft().id)
        shop.world.deliver()
        began = time.perf_counter()
        ids.append(bytes.fromhex(shop.ana.write(quotes.place, order=draft).id))
        shop.world.deliver()
        placed.append(time.perf_counter() - began)
    began = time.perf_counter()
    for order in ids:
        shop.lumen.write(orders.accept, order=order)
        shop.world.deliver()
    accepting = time.perf_counter() - began
    for order in ids:
        if shop.statuses(order) != ("ACCEPTED", "ACCEPTED"):
            raise SystemExit(f"order {order.hex()} is {shop.statuses(order)}: the figures mean nothing")
    return placed, accepting


def commits(folder: Path, count: int) -> float:
    """Plain commits a second."""
    database = sqlite3.connect(folder / "plain.db", isolation_level=None)
    for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB)"):
        database.execute(statement)
    began = time.perf_counter()
    for _ in range(count):
        database.execute("INSERT INTO rows (body) VALUES (?)", (bytes(1000),))
    database.close()
    return count / (time.perf_counter() - began)


def measure(asked: Asked) -> Report:
    count = asked.scaled(ORDERS)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        (Path(folder) / "shop").mkdir()
        shop = Shop(Path(folder) / "shop")
        try:
            placed, accepting = play(shop, count)
        finally:
            shop.world.close()
        plain = round(commits(Path(folder), count * 10))
    cuts = statistics.quantiles(placed, n=100)
    figures = {
        "placed_p50": Figure(cuts[49] * 1e3, "ms", PLACED_P50),
        "placed_p99": Figure(cuts[98] * 1e3, "ms", PLACED_P99),
        "accepted": Figure(count / accepting, "1/s", ACCEPTED, {"plain commits": plain}),
    }
    return Report("orders", {"orders": count}, figures)


if __name__ == "__main__":
    sys.exit(main(__doc__, measure))
