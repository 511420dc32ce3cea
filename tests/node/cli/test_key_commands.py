"""The commands around keys against a real node in this process: through the socket, the API, the vault and back; secrets by descriptor only."""

import asyncio
import json
import os
import threading

import pytest
from typer.testing import CliRunner

from node.app.node import Node
from node.app.serve import _socket
from node.cli import nodes
from node.cli.output import Output
from node.cli.root import app
from node.config import Config
from node.services import devices
from node.vault import sheets, words
from node.vault.kdf import Profile as Costs
from node.web.page import clock_ms
from node.web.sessions import Sessions
from protocol.identity import DeviceAdded, DeviceCertificate, replay, sign_entry

PASSPHRASE = "correct horse battery"
FIRST = words.to_words(bytes(range(32)))
SECOND = words.to_words(bytes(range(100, 116)))
THIRD = words.to_words(bytes(range(200, 216)))


class Served:
    """A node with its socket, in a loop of its own thread."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.loop = asyncio.new_event_loop()
        self.node = None

    async def run(self, ready, stop):
        config = Config(self.folder)
        self.node = Node(config, vault_costs=Costs(memory_kib=64, passes=1, lanes=1))
        self.node.sessions = Sessions(clock_ms)
        async with _socket(config, self.node):
            ready.set()
            await asyncio.to_thread(stop.wait)
            await self.node.lock()

    def call(self, *arguments, **secrets):
        """A command with its secrets on descriptors; the JSON it printed, or its code."""
        given = [part for name, text in secrets.items() for part in (f"--{name.replace('_', '-')}-fd", str(readable(text)))]
        result = CliRunner().invoke(app, ["--data", str(self.folder), "--json", "--yes", "--no-input", *arguments, *given])
        if result.exit_code:
            return result.stderr.rpartition("[")[2].rstrip("]\n")
        return json.loads(result.stdout)

    def write(self, run, **arguments):
        return asyncio.run_coroutine_threadsafe(self.node.write(run, **arguments), self.loop).result(30)


def readable(text):
    reading, writing = os.pipe()
    os.write(writing, text.encode() + b"\n")
    os.close(writing)
    return reading


@pytest.fixture
def served(tmp_path):
    made = Served(tmp_path)
    ready, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=made.loop.run_until_complete, args=(made.run(ready, stop),))
    thread.start()
    assert ready.wait(20)
    yield made
    stop.set()
    thread.join(20)
    made.loop.close()


def add_device(unit):
    shown = unit.peers.presentation()
    state = replay(shown.inception, shown.entries)
    certificate = DeviceCertificate(state.identity, b"L" * 32, b"l" * 32, "Old laptop", unit.now)
    unit.peers.append(sign_entry(state, sheets.read(FIRST).root, DeviceAdded(certificate), created=unit.now).raw)


def test_from_own_words_to_a_rotated_root(served, ring):
    init = ("init", "--name", "Ana")
    assert served.call(*init, "--own-words", passphrase=PASSPHRASE, words=FIRST.replace(FIRST.split()[6], "appel")) == "bad-words"
    founded = served.call(*init, passphrase=PASSPHRASE, words=FIRST, rotation_words=SECOND)
    assert (founded["words"], founded["rotation_words"]) == ([], [])  # they are on paper already
    assert served.call("keys", "show") == "locked"
    assert served.call("unlock", passphrase=PASSPHRASE)["state"] == "open"
    assert served.call("keys", "passphrase", passphrase="wrong", new_passphrase="another passphrase") == "wrong-passphrase"
    assert served.call("keys", "passphrase", passphrase=PASSPHRASE, new_passphrase="another passphrase")["state"] == "changed"
    secret = {"passphrase": "another passphrase"}
    assert served.call("keys", "auto-lock", "60")["vault_lock"] == 60

    assert served.call("keys", "remember", **secret)["state"] == "remembered"
    assert list(ring.kept.values()) == ["another passphrase"]
    assert served.call("keys", "forget")["state"] == "forgotten"
    assert served.call("keys", "bind-device", **secret)["state"] == "bound"
    assert served.call("keys", "show")["bound"] is True
    assert served.call("keys", "unbind-device", **secret)["state"] == "not bound"
    assert ring.kept == {}

    assert served.call("keys", "ask-wallet-words", words=SECOND, **secret) == "not-the-root"
    assert served.call("keys", "ask-wallet-words", words=FIRST, **secret)["status"] == "waiting"
    assert served.call("keys", "wallet-words", **secret) == "step-up-waits"
    [approval] = served.call("keys", "approvals")
    assert served.call("keys", "cancel", approval["id"])["status"] == "cancelled"
    assert served.call("keys", "wallet-words", **secret) == "step-up-needed"

    join = ("restored", "rejoin")
    assert served.call(*join, words=FIRST, passphrase="another try") == "wrong-passphrase"
    assert served.call(*join, words="abandon", **secret) == "bad-words"
    assert served.call(*join, words=FIRST, **secret) == "nothing-to-join"

    served.write(add_device)
    lost = ("keys", "revoke", (b"L" * 32).hex(), "--reason", "lost")
    assert served.call(*lost, words=SECOND, **secret) == "not-the-root"
    shown = served.call(*lost, words=FIRST, **secret)
    assert [(row["name"], row["state"]) for row in shown["identity"]["devices"]] == [("Old laptop", "revoked"), ("Ana", "live")]

    assert served.call("keys", "rotate", words=SECOND, **secret) == "needs-words"  # one document: no sheet among it
    assert served.call("keys", "rotate", words=FIRST, next_words=THIRD, **secret) == "not-the-rotation-sheet"
    shown = served.call("keys", "rotate", words=SECOND, next_words=THIRD, **secret)
    assert (shown["identity"]["rotations"], shown["identity"]["generation"]) == (1, 2)

    session = served.node.sessions.start()
    assert served.call("lock", "--page")["state"] == "page locked"
    assert (session.locked, served.call("status")["state"]) == (True, "open")
    assert served.call("lock")["state"] == "locked"
    assert served.call("keys", "show") == "locked"


def test_own_words_bring_back_wallet_and_names_and_a_fresh_second_sheet(served):
    founded = served.call("init", "--name", "Ana", passphrase=PASSPHRASE, words=FIRST)
    assert (founded["words"], len(founded["rotation_words"])) == ([], 12)
    served.call("unlock", passphrase=PASSPHRASE)
    keys = served.node.opened().keys
    expected = sheets.read(FIRST)
    assert keys.recovery_public == expected.recovery
    assert served.write(lambda unit: devices.standing(unit).state.root_public) == expected.root.public
    fresh = " ".join(founded["rotation_words"])
    assert served.call("keys", "rotate", words=fresh, next_words=THIRD, passphrase=PASSPHRASE)["identity"]["rotations"] == 1


def test_shown_words_are_asked_for_until_they_are_right(monkeypatch):
    shown, asked = FIRST.split(), []

    def answer(text, **_):
        asked.append(text)
        place = int(text.split()[1])
        return "wrong" if asked.count(text) == 1 else f" {shown[place - 1].upper()} "

    monkeypatch.setattr(nodes.sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(nodes.typer, "prompt", answer)
    call = nodes.Call(None, Output(quiet=True), no_input=False, yes=False)
    nodes.confirm_sheet(call, shown)
    assert (len(asked), len(set(asked))) == (2 * nodes.ASKED, nodes.ASKED)
    asked.clear()
    nodes.confirm_sheet(nodes.Call(None, Output(quiet=True), no_input=True, yes=False), shown)
    assert asked == []


def test_without_a_descriptor_and_a_terminal_nothing_is_asked(served):
    assert served.call("keys", "ask-wallet-words", passphrase=PASSPHRASE) == "needs-words"
