"""`gemstra backup verify` and `restore`: a folder, the words from a descriptor, and no node."""

import json
import os

import pytest
from typer.testing import CliRunner

from node.app import restoring
from node.main import app
from node.store.store import Store
from node.targets.folder import Folder
from node.vault import vault
from tests.node.desk import COSTS, OTHER, PASSPHRASE, WORDS, Desk
from tests.node.services.vaulted import Vaulted


def descriptor(text):
    reading, writing = os.pipe()
    os.write(writing, text.encode() + b"\n")
    os.close(writing)
    return reading


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A desk's backup in a folder."""
    desk = Desk(tmp_path / "old")
    desk.store.write_now(lambda unit: Vaulted.add(None, unit, 5))
    desk.target = Folder(tmp_path / "disk")
    desk.target.found("")
    made = desk.make()
    desk.head = desk.store.read_now(lambda unit: unit.backups.targets()[0].head).hex()
    desk.close()
    monkeypatch.setattr(restoring.vault.kdf, "calibrate", lambda: COSTS)
    return desk, made


def run(*arguments, words=WORDS, passphrase=None, data=None):
    given = ["--json", "--no-input", *(("--data", str(data)) if data else ()), "backup", *arguments]
    given += ["--words-fd", str(descriptor(words))]
    given += ["--passphrase-fd", str(descriptor(passphrase))] if passphrase else []
    return CliRunner().invoke(app, given)


def test_verify_reads_all_of_a_backup(kept, tmp_path):
    _, made = kept
    result = run("verify", str(tmp_path / "disk"))
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["number"], found["rows"], found["withheld"]) == (made.number, made.rows, 0)


def test_restore_sets_a_node_up(kept, tmp_path):
    desk, _ = kept
    result = run("restore", str(tmp_path / "disk"), "--newest", f"1:{desk.head}", passphrase="a new passphrase", data=tmp_path / "new")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["name"] == "Ana"
    keys = vault.unlock(tmp_path / "new", "a new passphrase")
    store = Store.open(tmp_path / "new" / "node.db", keys.store_key, keys)
    assert store.read_now(lambda unit: unit.customer_search.look((), ()).total) == 5
    store.close()


@pytest.mark.parametrize(
    ("arguments", "words", "code", "says"),
    [
        (("verify", "DISK"), OTHER, 7, "sealed to other keys"),
        (("verify", "DISK"), "abandon art", 1, "words"),
        (("verify", "DISK", "--newest", "2:" + "00" * 32), WORDS, 7, "older"),
        (("verify", "DISK", "--newest", "two"), WORDS, 1, "colon"),
        (("verify", "DISK", "--number", "9"), WORDS, 3, "no backup 9"),
        (("verify", "NOWHERE"), WORDS, 6, ""),
        (("verify", "DISK", "--kind", "tape"), WORDS, 2, ""),
        (("restore", "DISK"), WORDS, 5, "already"),
    ],
)
def test_what_cannot_be_done_is_said_and_writes_nothing(kept, tmp_path, arguments, words, code, says):
    places = {"DISK": str(tmp_path / "disk"), "NOWHERE": str(tmp_path / "nowhere")}
    before = sorted(path.name for path in tmp_path.rglob("*"))
    result = run(*(places.get(part, part) for part in arguments), words=words, data=tmp_path / "old")
    assert result.exit_code == code, result.output
    assert says in result.stderr
    assert sorted(path.name for path in tmp_path.rglob("*")) == before
    assert PASSPHRASE not in result.output
