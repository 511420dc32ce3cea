"""Chain processes for the tests: started on free ports, asked over plain HTTP, ended by their own pid."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tests.patience import PATIENCE


class RpcError(Exception):
    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code = error["code"]
        self.data = error.get("data")


def rpc(url: str, method: str, *params: Any) -> Any:
    status, body = post(url, json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode())
    assert status == 200, (status, body)
    reply = json.loads(body)
    if "error" in reply:
        raise RpcError(reply["error"])
    return reply["result"]


def post(url: str, body: bytes, **headers: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", "/", body, sent)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def eventually(check: Any, what: str, patience: float = PATIENCE) -> Any:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        found = check()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"never: {what}")


class ChainProcess:
    def __init__(self, data: Path, *arguments: str, wait: bool = True) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [sys.executable, "-m", "node.chain.embedded", "--data", str(data), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.facts: dict[str, Any] = {}
        if wait:
            self.ready()

    def ready(self) -> None:
        path = self.data / "chain.json"

        def announced() -> bool:
            if self.process.poll() is not None:
                raise AssertionError(self.process.communicate()[1])
            if not path.exists():
                return False
            self.facts = json.loads(path.read_text())
            return bool(self.facts["pid"] == self.process.pid)

        eventually(announced, "chain.json")

    @property
    def url(self) -> str:
        return str(self.facts["rpc"])

    def call(self, method: str, *params: Any) -> Any:
        return rpc(self.url, method, *params)

    def number(self, tag: str = "latest") -> int:
        return int(self.call("eth_getBlockByNumber", tag, False)["number"], 16)

    def undo(self, number: int) -> None:
        """A reorg that takes every block from `number` on; nothing is mined in between."""
        self.call("astra_hold", True)
        try:
            self.call("astra_reorg", self.number() - number + 1)
        finally:
            self.call("astra_hold", False)

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate(timeout=PATIENCE)

    def stop(self) -> int:
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode

    def refused(self) -> tuple[int, str]:
        try:
            _, words = self.process.communicate(timeout=PATIENCE / 3)
        finally:
            self.process.kill()
        return self.process.returncode, words

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def token_balance(chain: ChainProcess, holder: str, tag: str = "latest") -> int:
    call = {"to": chain.facts["gms"], "data": "0x70a08231" + holder[2:].rjust(64, "0")}
    return int(chain.call("eth_call", call, tag), 16)
