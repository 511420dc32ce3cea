"""The JSON-RPC methods over the chain: one small function each, in one table."""

from collections.abc import Callable
from typing import Any

from node.chain.embedded import params as read
from node.chain.embedded.chain import EmbeddedChain
from node.chain.embedded.evm import GAS_LIMIT, Outcome
from node.chain.embedded.faucet import Faucet
from node.chain.embedded.heartbeat import Heartbeat
from node.chain.embedded.ledger import TooManyLogs
from node.chain.embedded.revert import reason
from node.chain.embedded.shapes import data, quantity, transaction_body

PRIORITY_FEE = 10**8
"""Wei per gas that we suggest as tip; the chain itself asks for none."""
LONGEST_RANGE = 10_000
"""Blocks in one eth_getLogs or eth_feeHistory."""
DEEPEST_REORG = 128

Params = list[Any]


class RpcFailure(Exception):
    """An error object of JSON-RPC."""

    def __init__(self, code: int, message: str, detail: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.detail = detail


class Methods:
    """Dispatches by name; raises `RpcFailure`, `InvalidParams` or `RefusedTransaction`."""

    def __init__(self, chain: EmbeddedChain, heartbeat: Heartbeat, faucet: Faucet) -> None:
        self._chain = chain
        self._heartbeat = heartbeat
        self._faucet = faucet
        self._table: dict[str, Callable[[Params], Any]] = {
            "web3_clientVersion": lambda _: "Gemstra/embedded",
            "net_version": lambda _: str(chain.chain_id),
            "net_listening": lambda _: True,
            "eth_chainId": lambda _: quantity(chain.chain_id),
            "eth_syncing": lambda _: False,
            "eth_accounts": lambda _: [],
            "eth_blockNumber": lambda _: quantity(chain.head.block_number),
            "eth_gasPrice": lambda _: quantity(chain.next_base_fee() + PRIORITY_FEE),
            "eth_maxPriorityFeePerGas": lambda _: quantity(PRIORITY_FEE),
            "eth_feeHistory": self._fee_history,
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getTransactionCount": self._transaction_count,
            "eth_getBalance": lambda p: quantity(self._state(p, 1).get_balance(read.at(p, 0, read.address, "address"))),
            "eth_getCode": lambda p: data(self._state(p, 1).get_code(read.at(p, 0, read.address, "address"))),
            "eth_getStorageAt": self._storage,
            "eth_call": self._call,
            "eth_estimateGas": self._estimate,
            "eth_sendRawTransaction": lambda p: data(chain.submit(read.at(p, 0, read.data, "transaction"))),
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionReceipt": lambda p: chain.ledger.receipt(_hash(p)),
            "eth_getLogs": self._logs,
            "astra_waitUntil": self._wait_until,
            "astra_faucet": lambda p: faucet.give(read.at(p, 0, read.address, "address"), p[1] if len(p) > 1 else {}),
        }
        if chain.config.testing:
            self._table |= {"astra_reorg": self._reorg, "astra_hold": self._hold}

    def call(self, name: str, params: Params) -> Any:
        """The result of one method; RpcFailure -32601 when there is no such method."""
        method = self._table.get(name)
        if method is None:
            raise RpcFailure(-32601, f"the method {name[:64]} does not exist/is not available")
        return method(params)

    # Blocks

    def _number(self, tag: Any) -> int:
        """A block tag, 0x-number or {blockNumber|blockHash} as a number; above the head is not found."""
        if isinstance(tag, dict):
            if "blockHash" in tag:
                return self._number_of(read.data(tag["blockHash"], "blockHash", size=32))
            tag = tag.get("blockNumber")
        if tag in read.TAGS:
            if tag in {"safe", "finalized"}:
                self._heartbeat.want_finality()
            return self._chain.number(tag)
        return read.quantity(tag, "block")

    def _number_of(self, block_hash: bytes) -> int:
        block = self._chain.ledger.block(block_hash, full=False)
        number = None if block is None else int(block["number"], 16)
        if number is None or self._chain.ledger.hash_at(number) != block_hash:
            raise RpcFailure(-32000, "header not found")
        return number

    def _header(self, tag: Any) -> Any:
        number = self._number(tag)
        if number == self._chain.head.block_number:
            return self._chain.head
        found = self._chain.ledger.hash_at(number) if number < 2**63 else None
        if found is None:
            raise RpcFailure(-32000, "header not found")
        return self._chain.machine.header(found)

    def _state(self, params: Params, position: int) -> Any:
        return self._chain.machine.state(self._header(params[position] if len(params) > position else "latest"))

    def _block_by_number(self, params: Params) -> Any:
        number = self._number(params[0] if params else None)
        found = self._chain.ledger.hash_at(number) if number < 2**63 else None
        return None if found is None else self._chain.ledger.block(found, full=params[1:2] == [True])

    def _block_by_hash(self, params: Params) -> Any:
        return self._chain.ledger.block(_hash(params), full=params[1:2] == [True])

    def _fee_history(self, params: Params) -> Any:
        wanted = params[0] if params else None
        count = wanted if isinstance(wanted, int) else read.quantity(wanted, "blockCount")
        newest = self._number(params[1] if len(params) > 1 else "latest")
        if newest > self._chain.head.block_number or not 1 <= count <= LONGEST_RANGE:
            raise read.InvalidParams("blockCount or newestBlock out of range")
        first = max(0, newest - min(count, 1024) + 1)
        headers = [self._header(quantity(number)) for number in range(first, newest + 1)]
        fees = [header.base_fee_per_gas for header in headers] + [self._chain.machine.next_base_fee(headers[-1])]
        percentiles = params[2] if len(params) > 2 and isinstance(params[2], list) else []
        return {
            "oldestBlock": quantity(first),
            "baseFeePerGas": [quantity(fee) for fee in fees],
            "gasUsedRatio": [header.gas_used / header.gas_limit for header in headers],
            "reward": [[quantity(PRIORITY_FEE)] * min(len(percentiles), 100) for _ in headers],
        }

    # Accounts and calls

    def _transaction_count(self, params: Params) -> Any:
        sender = read.at(params, 0, read.address, "address")
        nonce = int(self._state(params, 1).get_nonce(sender))
        if params[1:2] == ["pending"]:
            nonce = self._chain.pool.next_nonce(sender, nonce)
        return quantity(nonce)

    def _storage(self, params: Params) -> Any:
        slot = read.at(params, 1, read.quantity, "slot")
        value = self._state(params, 2).get_storage(read.at(params, 0, read.address, "address"), slot)
        return data(value.to_bytes(32, "big"))

    def _call(self, params: Params) -> Any:
        call = read.transaction(params[0] if params else None)
        tag = params[1] if len(params) > 1 else "latest"
        call["gas"] = call["gas"] or GAS_LIMIT
        now = tag in {"latest", "pending"}
        return data(_succeeded(self._chain.machine.call(self._header(tag), **call, now=now)).output)

    def _estimate(self, params: Params) -> Any:
        call = read.transaction(params[0] if params else None)
        call["gas"] = min(call["gas"] or GAS_LIMIT, GAS_LIMIT)
        header = self._header(params[1] if len(params) > 1 else "latest")
        return quantity(_succeeded(self._chain.machine.estimate(header, **call)).gas)

    # Transactions and logs

    def _transaction(self, params: Params) -> Any:
        wanted = _hash(params)
        found = self._chain.ledger.transaction(wanted)
        if found is None and (waiting := self._chain.pool.find(wanted)) is not None:
            return transaction_body(waiting, None)
        return found

    def _logs(self, params: Params) -> Any:
        query = read.log_query(params[0] if params else None, self._number)
        if query.block is None and not 0 <= query.last - query.first < LONGEST_RANGE:
            raise RpcFailure(-32000, f"block range must be ordered and below {LONGEST_RANGE} blocks")
        if query.last >= 2**63:
            raise read.InvalidParams("toBlock: too large")
        if query.block is not None and self._chain.ledger.block(query.block, full=False) is None:
            raise RpcFailure(-32000, "unknown block")
        try:
            return self._chain.ledger.logs(query)
        except TooManyLogs:
            raise RpcFailure(-32005, "query returned more than 10000 results") from None

    # Ours

    def _wait_until(self, params: Params) -> Any:
        wanted = params[0] if params else None
        self._heartbeat.wait_until(wanted if isinstance(wanted, int) else read.quantity(wanted, "timestamp"))
        return True

    def _reorg(self, params: Params) -> Any:
        depth = params[0] if params else None
        if not isinstance(depth, int) or not 1 <= depth <= DEEPEST_REORG:
            raise read.InvalidParams(f"depth: 1 to {DEEPEST_REORG} is needed")
        self._chain.reorg(depth, keep=params[1:2] == [True])
        return quantity(self._chain.head.block_number)

    def _hold(self, params: Params) -> Any:
        self._chain.held = params[:1] == [True]
        if not self._chain.held:
            self._chain.mine_ready()
        return self._chain.held


def _hash(params: Params) -> bytes:
    if not params:
        raise read.InvalidParams("hash: missing")
    return read.data(params[0], "hash", size=32)


def _succeeded(outcome: Outcome) -> Outcome:
    if outcome.reverted:
        why = reason(outcome.output)
        raise RpcFailure(3, "execution reverted" + (f": {why}" if why else ""), data(outcome.output))
    if outcome.error is not None:
        raise RpcFailure(-32000, outcome.error)
    return outcome
