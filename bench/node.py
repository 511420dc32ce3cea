"""A node's start, its command line and its memory, beside a bare Python. `python -m bench.node [--quick] [--json]`.

Real processes: `gemstra run` on an empty folder until /open answers 200, set-up and unlock over its socket, an embedded chain
beside it, then a resident size after a pause. Bars are for a machine that is otherwise idle; beside each time stands the processor
time it took, which a busy machine does not stretch as much.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.report import Asked, Figure, Report, main
from node.cli.client import Client
from node.errors import Unavailable

PASSPHRASE = "a passphrase for the bench"
HOST = "bench.localhost"
PATIENCE = 60.0
QUIET_SECONDS = 3.0
BARS = {"first_page": 2000.0, "cli_call": 500.0, "unlock": 4000.0, "network_ready": 8000.0, "chain_ready": 8000.0, "resident_idle": 200.0}
NODE = (sys.executable, "-m", "node.main")


def until(what: str, test: Callable[[], Any]) -> Any:
    """The first true answer, asked every 5 ms."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if answer := test():
                return answer
        except (Unavailable, urllib.error.URLError, ConnectionError, FileNotFoundError):
            pass
        time.sleep(0.005)
    raise SystemExit(f"waited {PATIENCE:g} s for {what}")


def milliseconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1000


def children_cpu() -> float:
    """Processor seconds of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def process_cpu(pid: int) -> float:
    """Processor milliseconds of a running process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def answers(port: int) -> bool:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/open")
    with urllib.request.urlopen(request, timeout=5) as response:
        return bool(response.status == 200)


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def call(command: list[str]) -> tuple[float, float]:
    """Wall and processor milliseconds of one command."""
    before = children_cpu()
    wall = milliseconds(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True))
    return wall, (children_cpu() - before) * 1000


def one_start(folder: Path, rounds: int) -> dict[str, float]:
    """Everything measured on one node."""
    data, port = folder / "node", free_port()
    started = time.perf_counter()
    process = subprocess.Popen([*NODE, "--data", str(data), "run", "--port", str(port), "--host-name", HOST, "--die-with-parent"])
    try:
        until("the page", lambda: answers(port))
        found = {"first_page": (time.perf_counter() - started) * 1000, "first_page_cpu": process_cpu(process.pid)}
        client = Client(data)
        calls = [call([*NODE, "--data", str(data), "status"]) for _ in range(rounds)]
        bare = [call([sys.executable, "-c", "pass"])[0] for _ in range(rounds)]
        found |= {"cli_call": statistics.median(wall for wall, _ in calls), "cli_cpu": statistics.median(cpu for _, cpu in calls)}
        found["bare"] = statistics.median(bare)
        client.post_once("/setup", passphrase=PASSPHRASE, name="Bench", role="seller", currency="USD")
        found["unlock"] = milliseconds(lambda: client.post_once("/unlock", passphrase=PASSPHRASE))
        found["network_ready"] = milliseconds(lambda: until("the network", lambda: client.get("/status")["network"] == "ready"))
        found["chain_ready"] = chain_ready(folder / "chain", client)
        time.sleep(QUIET_SECONDS)
        found["resident_idle"] = resident_mb(process.pid)
        return found
    finally:
        process.terminate()
        process.wait(30)


def chain_ready(folder: Path, client: Client) -> float:
    """From naming a running chain until the node has surveyed it."""
    chain = subprocess.Popen([*NODE, "chain", "run", "--data", str(folder), "--die-with-parent"], stdout=subprocess.DEVNULL)
    try:
        place = json.loads(until("the chain", (folder / "chain.json").read_text))
        named = {"url": place["rpc"], "chain_id": place["chain_id"], "gms": place["gms"], "vault": place["vault"]}
        start = time.perf_counter()
        client.post("/chain/connect", **named)
        until("the survey", lambda: client.get("/status")["chain"] == "ready")
        return (time.perf_counter() - start) * 1000
    finally:
        chain.terminate()
        chain.wait(30)


def measure(asked: Asked) -> Report:
    starts, rounds = (1, 3) if asked.quick else (5, 10)
    found = []
    for _ in range(starts):
        with tempfile.TemporaryDirectory() as folder:
            found.append(one_start(Path(folder), rounds))
    return Report("node", {"starts": starts, "calls": starts * rounds}, figures(found))


def figures(found: list[dict[str, float]]) -> dict[str, Figure]:
    middle = {name: statistics.median(one[name] for one in found) for name in found[0]}
    beside = {
        "first_page": {"processor": middle["first_page_cpu"], "bare Python": middle["bare"]},
        "cli_call": {"processor": middle["cli_cpu"], "bare Python": middle["bare"]},
    }
    units = {"resident_idle": "MB"}
    return {name: Figure(middle[name], units.get(name, "ms"), bar, beside.get(name, {})) for name, bar in BARS.items()}


if __name__ == "__main__":
    sys.exit(main(__doc__, measure))
