"""The embedded chain as a process: what it keeps, what it refuses, how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from node.chain.embedded.config import ChainConfig
from node.errors import UserError
from tests.node.chain.support import ChainProcess, eventually, post, token_balance
from tests.patience import PATIENCE

ANA = "0x" + "a1" * 20


def test_sigkill_keeps_what_was_acknowledged(tmp_path):
    with ChainProcess(tmp_path) as chain:
        paid = chain.call("astra_faucet", ANA, {"gas": "5", "gms": "7"})
        first = dict(chain.facts)
        head = chain.call("eth_getBlockByNumber", "latest", False)
        chain.kill()
    assert (tmp_path / "chain.json").exists()
    with ChainProcess(tmp_path) as chain:
        assert chain.facts["pid"] != first["pid"]
        assert {key: chain.facts[key] for key in ("chain_id", "gms", "vault", "deployer")} == {
            key: first[key] for key in ("chain_id", "gms", "vault", "deployer")
        }
        assert chain.call("eth_getBlockByNumber", "latest", False) == head
        assert chain.call("eth_getTransactionReceipt", paid["gms"])["status"] == "0x1"
        assert int(chain.call("eth_getBalance", ANA, "latest"), 16) == 5
        assert token_balance(chain, ANA) == 7
        chain.call("astra_faucet", ANA, {"gas": 1, "gms": 1})
        assert token_balance(chain, ANA) == 8


def test_second_process_on_the_folder_is_refused_and_the_first_goes_on(tmp_path):
    with ChainProcess(tmp_path) as chain:
        code, words = ChainProcess(tmp_path, wait=False).refused()
        assert code == 1
        assert words.startswith("chain-folder-busy: ")
        assert str(chain.process.pid) in words
        assert "--data" in words
        assert chain.call("eth_blockNumber")
        assert json.loads((tmp_path / "chain.json").read_text())["pid"] == chain.process.pid


def test_other_chain_id_is_refused_and_the_folder_keeps_its_own(tmp_path):
    with ChainProcess(tmp_path, "--chain-id", "777") as chain:
        assert chain.call("eth_chainId") == hex(777)
    code, words = ChainProcess(tmp_path, "--chain-id", "778", wait=False).refused()
    assert (code, words.split(":")[0]) == (1, "foreign-chain")
    assert "--chain-id 777" in words
    with ChainProcess(tmp_path) as chain:
        assert chain.call("net_version") == "777"


def test_port_in_use_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        code, words = ChainProcess(tmp_path, "--port", str(port), wait=False).refused()
    assert (code, words.split(":")[0]) == (1, "port-in-use")
    assert str(port) in words
    assert "--port" in words


@pytest.mark.parametrize("harm", ["garbage", "other", "truncated"])
def test_damaged_file_is_named(tmp_path, harm):
    import sqlite3

    file = tmp_path / "chain.sqlite"
    if harm == "garbage":
        file.write_bytes(b"not a database at all" * 400)
    elif harm == "other":
        with sqlite3.connect(file) as other:
            other.execute("CREATE TABLE mine (a)")
        other.close()
    else:
        with ChainProcess(tmp_path) as chain:
            assert chain.number() >= 2
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
    code, words = ChainProcess(tmp_path, wait=False).refused()
    assert (code, words.split(":")[0]) == (1, "chain-file-damaged")
    assert "delete the folder" in words


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(tmp_path, number):
    with ChainProcess(tmp_path) as chain:
        os.kill(chain.process.pid, number)
        assert chain.process.wait(PATIENCE) == 0
        assert not (tmp_path / "chain.json").exists()
        assert not (tmp_path / "chain.sqlite-wal").exists()


def test_ends_with_its_parent(tmp_path):
    program = (
        "import subprocess, sys, time; "
        "child = subprocess.Popen([sys.executable, '-m', 'node.chain.embedded', *sys.argv[1:]]); time.sleep(600)"
    )
    arguments = ["--data", str(tmp_path), "--die-with-parent"]
    parent = subprocess.Popen([sys.executable, "-c", program, *arguments])
    try:
        facts = json.loads(eventually(lambda: (tmp_path / "chain.json").exists() and (tmp_path / "chain.json").read_text(), "ready"))
    finally:
        parent.kill()
        parent.wait(PATIENCE)

    def gone() -> bool:
        try:
            os.kill(facts["pid"], 0)
        except ProcessLookupError:
            return True
        # An ended child of a killed parent may stay a zombie where nobody reaps.
        return Path(f"/proc/{facts['pid']}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"

    eventually(gone, "child ended")
    assert not (tmp_path / "chain.json").exists()


@pytest.mark.parametrize(
    "setting",
    [
        {"chain_id": 0},
        {"chain_id": 2**53},
        {"finalized_depth": 65},
        {"safe_depth": 3},
        {"activation_delay": -1},
        {"activation_delay": 30 * 86400},
        {"recipient_delay": -1},
        {"dispute_bond": 2**128},
        {"port": 65536},
        {"block_interval_ms": 0},
    ],
)
def test_impossible_settings_are_refused_before_anything_is_made(tmp_path, setting):
    from node.chain.embedded.process import run

    with pytest.raises(UserError) as caught:
        run(ChainConfig(data=tmp_path / "new", **setting))
    assert caught.value.code == "bad-chain-setting"
    assert not (tmp_path / "new").exists()


def test_who_may_ask(tmp_path):
    body = b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}'
    with ChainProcess(tmp_path) as chain:
        port = chain.url.rsplit(":", 1)[1]
        assert post(chain.url, body)[0] == 200
        assert post(chain.url, body, Host=f"localhost:{port}")[0] == 200
        assert post(chain.url, body, Host=f"evil.example:{port}")[0] == 421
        assert post(chain.url, body, Host="127.0.0.1")[0] == 421
        assert post(chain.url, body, Origin="http://evil.example")[0] == 403
        assert post(chain.url, body, Content_Type="text/plain")[0] == 415
        assert post(chain.url, b" " * (1024 * 1024 + 1) + body)[0] == 413


def test_python_module_needs_a_folder():
    done = subprocess.run([sys.executable, "-m", "node.chain.embedded"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--data" in done.stderr
