"""JSON-RPC of the embedded chain, where a plain py-evm chain falls short: logs, receipts, time, finality, refusals."""

import sqlite3
import time

import pytest

from node.chain.contracts import abi
from node.chain.embedded.chain import EmbeddedChain
from node.chain.embedded.config import ChainConfig
from node.chain.embedded.pool import RefusedTransaction
from node.chain.signing import Unsigned, sign
from node.errors import IntegrityError, UserError
from tests.node.chain.parts import Key, addresses, funded
from tests.node.chain.support import RpcError, eventually, post

ANA = "0x" + "a1" * 20


def transfer(chain, key, nonce, *, fee=10**12, tip=10**9, to=b"\x77" * 20, gas=100_000, chain_id=None, amount=1):
    data = abi("GMS").call("transfer", to, amount)
    where = addresses(chain).gms
    return sign(Unsigned(chain_id or chain.facts["chain_id"], nonce, tip, fee, gas, where, data), key)


def send(chain, signed):
    return chain.call("eth_sendRawTransaction", "0x" + signed.raw.hex())


def refusal(chain, *request):
    with pytest.raises(RpcError) as caught:
        chain.call(*request)
    return caught.value


def test_receipts_and_logs_agree_by_hash_range_and_topic(chain):
    key = funded(chain, gms=10)
    receipt = chain.call("eth_getTransactionReceipt", send(chain, transfer(chain, key, 0)))
    gms = chain.facts["gms"]
    assert (receipt["status"], len(receipt["logs"])) == ("0x1", 1)
    topics = receipt["logs"][0]["topics"]
    found = [
        chain.call("eth_getLogs", query)
        for query in (
            {"blockHash": receipt["blockHash"]},
            {"blockHash": receipt["blockHash"], "address": gms, "topics": [topics[0]]},
            {"fromBlock": receipt["blockNumber"], "toBlock": receipt["blockNumber"]},
            {"fromBlock": "earliest", "toBlock": "latest", "topics": [None, topics[1]], "address": [gms]},
        )
    ]
    assert found[:3] == [receipt["logs"]] * 3
    assert receipt["logs"][0] in found[3]
    assert chain.call("eth_getLogs", {"blockHash": receipt["blockHash"], "address": ANA}) == []
    assert refusal(chain, "eth_getLogs", {"blockHash": "0x" + "00" * 32}).code == -32000
    assert refusal(chain, "eth_getLogs", {"fromBlock": "0x0", "toBlock": "0xfffffff"}).code == -32000
    assert refusal(chain, "eth_getLogs", {"blockHash": receipt["blockHash"], "fromBlock": "0x0"}).code == -32602
    transaction = chain.call("eth_getTransactionByHash", receipt["transactionHash"])
    assert transaction["blockHash"] == receipt["blockHash"]
    assert chain.call("eth_getBlockByHash", receipt["blockHash"], True)["transactions"] == [transaction]


def test_logs_over_many_blocks(chain):
    key = funded(chain, gms=10**6)
    for nonce in range(60):
        send(chain, transfer(chain, key, nonce))
    assert len(chain.call("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest"})) >= 60


def test_a_reorg_takes_receipts_and_logs_away(chain):
    key = funded(chain, gms=10)
    signed = transfer(chain, key, 0)
    receipt = chain.call("eth_getTransactionReceipt", send(chain, signed))
    chain.undo(int(receipt["blockNumber"], 16))
    assert chain.call("eth_getTransactionReceipt", receipt["transactionHash"]) is None
    assert chain.call("eth_getBlockByNumber", receipt["blockNumber"], False)["hash"] != receipt["blockHash"]
    everything = chain.call("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest"})
    assert receipt["logs"][0] not in everything
    # By hash the lost block can still be asked for, as on geth.
    assert chain.call("eth_getLogs", {"blockHash": receipt["blockHash"]}) == receipt["logs"]
    send(chain, signed)
    assert chain.call("eth_getTransactionReceipt", receipt["transactionHash"])["status"] == "0x1"


def test_refusals_in_geths_words(chain):
    key = funded(chain, gms=10)
    poor = Key()
    first = transfer(chain, key, 0)
    send(chain, first)
    for signed, words in (
        (first, "nonce too low: next nonce 1, tx nonce 0"),
        (transfer(chain, key, 0, amount=2), "nonce too low"),
        (transfer(chain, key, 1, chain_id=5), "invalid chain id for signer"),
        (transfer(chain, poor, 0), "insufficient funds for gas * price + value"),
        (transfer(chain, key, 1, gas=20_000), "intrinsic gas too low"),
        (transfer(chain, key, 1, gas=40_000_000), "exceeds block gas limit"),
        (transfer(chain, key, 1, tip=10**13), "max priority fee per gas higher"),
        (transfer(chain, key, 100), "nonce too high"),
    ):
        error = refusal(chain, "eth_sendRawTransaction", "0x" + signed.raw.hex())
        assert error.code == -32000
        assert words in str(error)
    for raw in ("0x", "0x02", "0xff00", "0x" + first.raw.hex()[:-2], "0x" + "00" * 200_000):
        assert refusal(chain, "eth_sendRawTransaction", raw).code == -32000
    chain.call("astra_hold", True)
    try:
        waiting = transfer(chain, key, 1)
        send(chain, waiting)
        assert "already known" in str(refusal(chain, "eth_sendRawTransaction", "0x" + waiting.raw.hex()))
        cheap = transfer(chain, key, 1, fee=10**12 + 1)
        assert "replacement transaction underpriced" in str(refusal(chain, "eth_sendRawTransaction", "0x" + cheap.raw.hex()))
        assert chain.call("eth_getTransactionCount", key.hex, "pending") == "0x2"
        assert chain.call("eth_getTransactionCount", key.hex, "latest") == "0x1"
        assert chain.call("eth_getTransactionByHash", "0x" + waiting.hash.hex())["blockHash"] is None
    finally:
        chain.call("astra_hold", False)
    assert chain.call("eth_getTransactionCount", key.hex, "latest") == "0x2"


def test_a_gap_waits_and_is_filled(chain):
    key = funded(chain, gms=10)
    late = send(chain, transfer(chain, key, 1))
    assert chain.call("eth_getTransactionReceipt", late) is None
    send(chain, transfer(chain, key, 0))
    assert chain.call("eth_getTransactionReceipt", late)["status"] == "0x1"


def test_revert_data_reaches_the_caller(chain):
    call = {"from": ANA, "to": chain.facts["gms"], "data": "0x" + abi("GMS").call("transfer", b"\x01" * 20, 5).hex()}
    for method in ("eth_call", "eth_estimateGas"):
        error = refusal(chain, method, call)
        assert error.code == 3
        assert error.data.startswith("0xe450d38c")
    key = funded(chain)
    receipt = chain.call("eth_getTransactionReceipt", send(chain, transfer(chain, key, 0)))
    assert (receipt["status"], receipt["logs"]) == ("0x0", [])


def test_safe_and_finalized_lag_and_catch_up_only_while_asked(chain):
    # 8 behind in this file; nobody has asked since the last block, or somebody's question has been served.
    block = int(chain.call("eth_getTransactionReceipt", chain.call("astra_faucet", ANA, {"gas": 1})["gas"])["blockNumber"], 16)
    assert chain.number("finalized") < chain.number("safe") <= chain.number("latest")
    eventually(lambda: chain.number("finalized") >= block, "finality")

    def resting() -> int:
        head = chain.number("latest")
        time.sleep(0.3)
        return head if chain.number("latest") == head else 0

    assert chain.number("finalized") == eventually(resting, "rest") - 8


def test_block_time_follows_the_wall_and_never_runs_ahead(chain):
    key = funded(chain, gms=100)
    for nonce in range(20):
        send(chain, transfer(chain, key, nonce))
    head = chain.call("eth_getBlockByNumber", "latest", False)
    assert int(head["timestamp"], 16) <= time.time()
    later = int(time.time()) + 2
    chain.call("astra_waitUntil", hex(later))
    eventually(lambda: int(chain.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16) >= later, "time")
    assert time.time() >= later


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (("eth_nothing",), -32601),
        (("eth_getBalance",), -32602),
        (("eth_getBalance", "0x12", "latest"), -32602),
        (("eth_getBalance", ANA, "0xzz"), -32602),
        (("eth_getBalance", ANA, "0x" + "f" * 64), -32000),
        (("eth_getBalance", ANA, {"blockHash": "0x" + "11" * 32}), -32000),
        (("eth_getBlockByNumber", 5, False), -32602),
        (("eth_call", []), -32602),
        (("eth_call", {"to": ANA, "data": 5}), -32602),
        (("eth_getLogs", {"topics": [None] * 5}), -32602),
        (("eth_getLogs", {"address": [ANA] * 300}), -32602),
        (("eth_feeHistory", "0x0", "latest", []), -32602),
        (("astra_faucet", ANA, {"gas": str(10**20)}), -32602),
        (("astra_faucet", ANA, {"gms": -1}), -32602),
        (("astra_faucet", ANA, {"gms": str(10**40)}), -32602),
        (("astra_reorg", 0), -32602),
    ],
)
def test_bad_requests_are_named(chain, request_, code):
    assert refusal(chain, *request_).code == code


def test_bad_envelopes(chain):
    for body, code in (
        (b"{", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b"5", -32600),
        (b'{"id":1,"method":5}', -32600),
        (b'{"id":1,"method":"eth_chainId","params":{}}', -32602),
        (b"[" + b",".join([b'{"id":1,"method":"eth_chainId"}'] * 101) + b"]", -32600),
    ):
        status, answer = post(chain.url, body)
        assert status == 200
        assert str(code).encode() in answer


def test_test_methods_are_absent_without_the_flag(tmp_path):
    from node.chain.embedded.faucet import Faucet
    from node.chain.embedded.heartbeat import Heartbeat
    from node.chain.embedded.methods import Methods, RpcFailure

    made = EmbeddedChain(ChainConfig(data=tmp_path))
    methods = Methods(made, Heartbeat(made, 100), Faucet(made))
    for name in ("astra_reorg", "astra_hold"):
        with pytest.raises(RpcFailure):
            methods.call(name, [1])
    made.close()


@pytest.mark.parametrize("table", ["trie", "block"])
def test_flipped_bits_are_found_and_never_become_a_balance(tmp_path, table):
    made = EmbeddedChain(ChainConfig(data=tmp_path))
    made.close()
    with sqlite3.connect(tmp_path / "chain.sqlite") as file:
        column = "value" if table == "trie" else "body"
        for (value,) in file.execute(f"SELECT {column} FROM {table} WHERE {column} <> x''").fetchall():
            harmed = value[:-1] + bytes([value[-1] ^ 1])
            file.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (harmed, value))
    file.close()
    if table == "trie":
        with pytest.raises(IntegrityError) as caught:
            EmbeddedChain(ChainConfig(data=tmp_path))
        assert caught.value.code == "chain-file-damaged"
    else:
        opened = EmbeddedChain(ChainConfig(data=tmp_path))
        head = opened.ledger.head()
        with pytest.raises(sqlite3.DatabaseError):
            opened.ledger.block(head[1], full=False)
        opened.close()


def test_failed_write_leaves_the_chain_as_it_was(tmp_path):
    made = EmbeddedChain(ChainConfig(data=tmp_path))
    before = made.ledger.head()
    pages = made._connection.execute("PRAGMA page_count").fetchone()[0]
    made._connection.execute(f"PRAGMA max_page_count = {pages}")

    def fill() -> None:
        for _ in range(200):
            made.mine_empty()

    with pytest.raises(sqlite3.OperationalError):
        fill()
    stopped = made.ledger.head()
    assert made.head.hash == stopped[1]
    made._connection.execute("PRAGMA max_page_count = 1000000")
    made.mine_empty()
    assert made.ledger.head()[0] == stopped[0] + 1 > before[0]
    made.close()


def test_empty_raw_is_refused_in_process(tmp_path):
    made = EmbeddedChain(ChainConfig(data=tmp_path))
    with pytest.raises(RefusedTransaction):
        made.submit(b"")
    made.close()


def test_folder_that_may_not_be_written_is_not_called_damaged(tmp_path):
    (tmp_path / "chain.sqlite").mkdir()
    with pytest.raises(UserError) as caught:
        EmbeddedChain(ChainConfig(data=tmp_path))
    assert caught.value.code == "chain-file-unusable"
    assert "delete" not in str(caught.value)
