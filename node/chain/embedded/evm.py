"""The virtual machine: executes transactions into blocks and calls without a trace. Knows no pool, no JSON, no canonical chain."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import rlp  # type: ignore[import-untyped]
from eth.chains.base import Chain
from eth.consensus import ConsensusContext
from eth.db.chain import ChainDB
from eth.exceptions import OutOfGas, Revert
from eth.vm.chain_context import ChainContext
from eth.vm.forks.london.headers import calculate_expected_base_fee_per_gas
from eth.vm.forks.prague import PragueVM
from eth.vm.spoof import SpoofTransaction
from eth_utils.exceptions import ValidationError

from node.chain.embedded.database import TrieStore

GAS_LIMIT = 30_000_000
"""Of a block, and so of a transaction and of a call."""
INITIAL_BASE_FEE = 10**9
"""Wei per gas; falls on its own while blocks are nearly empty."""
COINBASE = bytes(20)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call or an estimate came to."""

    output: bytes
    gas: int
    error: str | None = None
    reverted: bool = False


@dataclass(frozen=True, slots=True)
class Executed:
    """A finished block that is not stored yet."""

    block: Any
    receipts: tuple[Any, ...]


class Machine:
    """Prague rules over a `TrieStore`."""

    def __init__(self, store: TrieStore, chain_id: int) -> None:
        self._store = store
        self._chaindb = ChainDB(store)
        self._context = ChainContext(chain_id)
        self._consensus = ConsensusContext(store)
        self.chain_id = chain_id
        self.builder = PragueVM.get_transaction_builder()

    def genesis(self, alloc: dict[bytes, int], timestamp: int) -> Any:
        """The header of block 0 with these balances (wei), its state waiting in the store."""
        rules: Any = type("Genesis", (Chain,), {"chain_id": self.chain_id, "vm_configuration": ((0, PragueVM),)})
        accounts = {address: {"balance": wei, "nonce": 0, "code": b"", "storage": {}} for address, wei in alloc.items()}
        parameters = {"gas_limit": GAS_LIMIT, "timestamp": timestamp, "mix_hash": os.urandom(32), "difficulty": 0}
        parameters["base_fee_per_gas"] = INITIAL_BASE_FEE
        return rules.from_genesis(self._store, parameters, accounts).get_canonical_block_header_by_number(0)

    def header(self, block_hash: bytes) -> Any:
        """The stored header; KeyError-like py-evm error when unknown."""
        return self._chaindb.get_block_header_by_hash(block_hash)

    def execute(self, parent: Any, transactions: Sequence[Any]) -> tuple[Executed, list[Any]]:
        """A block on `parent` at the current time, and the transactions that its rules refused.

        Several blocks may share a second, as on rollups: a strict clock would run ahead of the wall with every
        block, and delays measured in block time would end early.
        """
        header = PragueVM.create_header_from_parent(
            parent, timestamp=refreshed(parent), gas_limit=parent.gas_limit, coinbase=COINBASE, mix_hash=os.urandom(32)
        )
        machine = self._machine(header)
        included: list[Any] = []
        receipts: list[Any] = []
        refused: list[Any] = []
        for transaction in transactions:
            snapshot = machine.state.snapshot()
            try:
                receipt, _ = machine.apply_transaction(header, transaction)
            except ValidationError:
                machine.state.revert(snapshot)
                refused.append(transaction)
                continue
            header = machine.add_receipt_to_header(header, receipt)
            included.append(transaction)
            receipts.append(receipt)
        filled = machine.set_block_transactions_and_withdrawals(machine.get_block(), header, included, receipts)
        block = machine.finalize_block(machine.pack_block(filled)).block
        self._store[block.header.hash] = rlp.encode(block.header)
        return Executed(block, tuple(receipts)), refused

    def next_base_fee(self, header: Any) -> int:
        """Wei per gas that a block on `header` charges."""
        return int(calculate_expected_base_fee_per_gas(header))

    def transactions(self, block_hash: bytes) -> tuple[Any, ...]:
        """The transactions of a stored block."""
        return tuple(self._chaindb.get_block_transactions(self.header(block_hash), self.builder))

    def state(self, header: Any) -> Any:
        """State after the block of `header`, to read from."""
        return self._machine(header).state

    def call(self, header: Any, *, sender: bytes, to: bytes, value: int, data: bytes, gas: int, now: bool) -> Outcome:
        """Execute without a trace and without fees, on the state after `header`; `now` puts the clock to the present."""
        child = PragueVM.create_header_from_parent(
            header,
            timestamp=refreshed(header) if now else header.timestamp,
            gas_limit=header.gas_limit,
            coinbase=COINBASE,
        )
        free = child.copy(base_fee_per_gas=0)
        hashes = (header.hash, *PragueVM.get_prev_hashes(header.parent_hash, self._chaindb))
        state = PragueVM.build_state(self._store, free, self._context, hashes)
        unsigned = self.builder.create_unsigned_transaction(
            nonce=state.get_nonce(sender), gas_price=0, gas=min(gas, GAS_LIMIT), to=to, value=value, data=data
        )
        if unsigned.intrinsic_gas > unsigned.gas:
            return Outcome(b"", unsigned.intrinsic_gas, "intrinsic gas too low")
        snapshot = state.snapshot()
        try:
            computation = state.costless_execute_transaction(SpoofTransaction(unsigned, from_=sender))
        except ValidationError as error:
            return Outcome(b"", 0, f"insufficient funds for transfer: {error}" if value else str(error))
        finally:
            state.revert(snapshot)
            self._store.discard()
        return _outcome(unsigned, computation)

    def estimate(self, header: Any, *, sender: bytes, to: bytes, value: int, data: bytes, gas: int) -> Outcome:
        """Gas that suffices, at most 2 % above what does; `error` when no amount would."""

        def attempt(limit: int) -> Outcome:
            return self.call(header, sender=sender, to=to, value=value, data=data, gas=limit, now=True)

        most = attempt(gas)
        if most.error is not None:
            return most
        # A call may forward only 63/64 of what is left, and a stipend must remain: usually this suffices at once.
        guess = min(gas, (most.gas + 2300) * 64 // 63)
        if attempt(guess).error is None:
            return Outcome(b"", guess)
        low, high = guess, gas
        while high - low > max(1, low // 50):
            middle = (low + high) // 2
            low, high = (low, middle) if attempt(middle).error is None else (middle, high)
        return Outcome(b"", high)

    def _machine(self, header: Any) -> Any:
        return PragueVM(header=header, chaindb=self._chaindb, chain_context=self._context, consensus_context=self._consensus)


def refreshed(parent: Any) -> int:
    """Seconds since 1970, never before the parent."""
    return max(int(parent.timestamp), int(time.time()))


def _outcome(transaction: Any, computation: Any) -> Outcome:
    # Prague charges at least 10 gas a token of call data (EIP-7623), whatever the execution took.
    zeros = transaction.data.count(0)
    floor = 21_000 + 10 * (zeros + 4 * (len(transaction.data) - zeros))
    used = max(int(transaction.gas - computation.get_gas_remaining()), floor)
    if not computation.is_error:
        return Outcome(computation.output, used)
    error = computation.error
    if isinstance(error, Revert):
        return Outcome(computation.output, used, "execution reverted", reverted=True)
    if isinstance(error, OutOfGas):
        return Outcome(b"", used, f"out of gas (limit {transaction.gas})")
    return Outcome(b"", used, f"{type(error).__name__}: {error}"[:200])
