"""Orders between a seller's and a merchant's store, every step on the disk. `python -m bench.orders [--quick] [--json]`.

Both nodes' services and encrypted stores are real, with full synchronisation; between them stands a postman instead of the network
(bench/links.py measures that). A placed order: from the seller's order until the merchant's receipt is in the seller's store.
Beside it: commits a second of one row into a plain SQLite file, fully synchronised, on the same disk.
"""

import argparse
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from node.services import orders, quotes
from tests.node.services.shop import Shop

ORDERS = 200
# Milliseconds and orders a second on two idle cores; the commits of an order on both sides alone are about a dozen.
BARS = {"placed_p50": 100.0, "placed_p99": 300.0, "accepted": 5.0}


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


def measure(count: int) -> dict[str, Any]:
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
        "placed_p50": figure("placed_p50", cuts[49] * 1e3, "ms", {}),
        "placed_p99": figure("placed_p99", cuts[98] * 1e3, "ms", {}),
        "accepted": figure("accepted", count / accepting, "1/s", {"plain commits": plain}),
    }
    return {"name": "orders", "size": {"orders": count}, "figures": figures}


def figure(key: str, value: float, unit: str, beside: dict[str, int]) -> dict[str, Any]:
    """One figure with its bar: of rates more is better, of times less."""
    bar = BARS[key]
    return {"value": round(value, 2), "unit": unit, "beside": beside, "bar": bar, "ok": value >= bar if unit == "1/s" else value <= bar}


def table(document: dict[str, Any]) -> str:
    lines = [f"{'figure':14}{'value':>10}{'bar':>10}  unit"]
    for key, one in document["figures"].items():
        beside = "".join(f"   {name}: {value}" for name, value in one["beside"].items())
        lines.append(f"{key:14}{one['value']:>10}{one['bar']:>10}  {one['unit']}{beside}{'' if one['ok'] else '  MISSED'}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.orders", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of the table")
    given = parser.parse_args()
    document = measure(ORDERS // (10 if given.quick else 1))
    print(json.dumps(document) if given.json else table(document))
    return 0 if all(one["ok"] for one in document["figures"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
