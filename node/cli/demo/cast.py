"""The demo's processes: an embedded chain and four nodes, each in a folder and process group of its own, ended in the end."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from node.cli.client import Client
from node.errors import Unavailable

PASSPHRASE = "three lemons on a blue plate"  # noqa: S105  the demo's, printed for everybody
START_SECONDS = 120.0
STOP_SECONDS = 12.0
ACTIVATION_SECONDS = 3


class Cast:
    """Everything the demo started. `stop` ends it all, and is called however the demo ends."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("GEMSTRA_")}
        (root / "tmp").mkdir(parents=True)
        self._environment["TMPDIR"] = str(root / "tmp")

    def start_chain(self) -> None:
        """Start the chain; `chain` waits for it."""
        arguments = ("chain", "run", "--data", str(self.root / "chain"), "--activation-delay", str(ACTIVATION_SECONDS))
        self._spawn("chain", *arguments, "--die-with-parent")

    def chain(self) -> Mapping[str, Any]:
        """Where the chain is, once it is ready."""
        path = self.root / "chain" / "chain.json"
        self._wait("chain", path.is_file)
        found: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
        return found

    def start_node(self, name: str, *, locked: bool = True) -> None:
        """Start the node of `name`; `node` waits for it. `locked` False: it gets the passphrase at once."""
        folder = self.root / name
        arguments = ("--data", str(folder), "run", "--host-name", f"{name}.localhost", "--die-with-parent")
        if locked:
            self._spawn(name, *arguments)
            return
        reader, writer = os.pipe()
        os.write(writer, PASSPHRASE.encode() + b"\n")
        os.close(writer)
        try:
            self._spawn(name, *arguments, "--passphrase-fd", str(reader), keep=(reader,))
        finally:
            os.close(reader)

    def node(self, name: str) -> Client:
        """The client of a node, once its socket answers."""
        client = Client(self.root / name)

        def answers() -> bool:
            with contextlib.suppress(Unavailable):
                client.get("/status")
                return True
            return False

        self._wait(name, answers)
        return client

    def kill(self, name: str) -> None:
        """End a process at once, as a power cut would."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """End every process: asked first, killed after a while. None is left."""
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        for process in self._processes.values():
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def _spawn(self, name: str, *arguments: str, keep: tuple[int, ...] = ()) -> None:
        folder = self.root / name
        folder.mkdir(mode=0o700, exist_ok=True)
        with (folder / "log.txt").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                (sys.executable, "-m", "node.main", *arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                pass_fds=keep,
                start_new_session=True,
            )

    def _wait(self, name: str, ready: Any) -> None:
        end = time.monotonic() + START_SECONDS
        while not ready():
            code = self._processes[name].poll()
            if code is not None:
                log = (self.root / name / "log.txt").read_text("utf-8", "replace").strip().splitlines()
                raise Unavailable(f"{name} ended with code {code}: {log[-1] if log else 'no word'}", code="demo-failed")
            if time.monotonic() > end:
                raise Unavailable(f"{name} did not start within {START_SECONDS:g} s", code="demo-failed")
            time.sleep(0.05)
