"""SIGKILL at every step of a real sender process: the payment happens once."""

import os
import signal
import subprocess
import sys

import pytest

from node.store.store import Store
from tests.node.chain.parts import Key, funded
from tests.node.chain.support import token_balance
from tests.patience import PATIENCE

ONE = b"\x01" * 32


def run(chain, file, store_key, payer, step):
    facts = chain.facts
    words = [str(file), store_key.hex(), payer.secret.hex(), chain.url, str(facts["chain_id"]), facts["gms"]]
    command = [sys.executable, "-m", "tests.node.chain.sender_program", *words, facts["vault"], step]
    return subprocess.run(command, timeout=PATIENCE, check=False).returncode


@pytest.mark.parametrize("step", ["pending", "signed", "sent", "confirmed", "finalized"])
def test_killed_at(chain, tmp_path, step):
    payer, payee, store_key, file = funded(chain, gms=50), Key(), os.urandom(32), tmp_path / "store.db"
    store = Store.open(file, store_key, "me")
    store.write_now(lambda unit: unit.transactions.add(ONE, "gms.transfer", (payee.address, 7)))
    store.close()
    assert run(chain, file, store_key, payer, step) == -signal.SIGKILL
    assert token_balance(chain, payee.hex) == (0 if step in {"pending", "signed"} else 7)
    assert run(chain, file, store_key, payer, "never") == 0
    assert token_balance(chain, payee.hex) == 7
    assert chain.call("eth_getTransactionCount", payer.hex, "latest") == "0x1"
    store = Store.open(file, store_key, "me")
    found = store.read_now(lambda unit: (unit.transactions.get(ONE), unit.transactions.attempts(ONE)))
    store.close()
    assert found[0].state == "finalized"
    assert len(found[1]) == 1
