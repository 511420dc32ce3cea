"""The embedded chain itself: accepts transactions, makes blocks, knows head, safe and finalized. One thread, one writer."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from eth_utils.exceptions import ValidationError
from rlp.exceptions import RLPException  # type: ignore[import-untyped]

from node.chain.embedded.config import DEFAULT_CHAIN_ID, ChainConfig
from node.chain.embedded.database import TrieStore, damaged, open_database, unusable
from node.chain.embedded.evm import GAS_LIMIT, Machine
from node.chain.embedded.ledger import Ledger
from node.chain.embedded.pool import PER_SENDER, Pool, RefusedTransaction
from node.errors import UserError
from protocol.settlement import address_of

LARGEST_TRANSACTION = 128 * 1024
"""Bytes, as in geth."""
DEPLOYER_WEI = 10**27


class EmbeddedChain:
    """Opens the folder's file (`UserError` foreign-chain, `IntegrityError` chain-file-damaged) and runs the chain in it."""

    def __init__(self, config: ChainConfig) -> None:
        self.config = config
        path = config.data / "chain.sqlite"
        self._connection = open_database(path)
        self.ledger = Ledger(self._connection)
        self._store = TrieStore(self._connection, path)
        self.pool = Pool()
        self.held = False
        """Test switch: True keeps transactions waiting."""
        try:
            self.chain_id = self._stored_chain_id()
            self.machine = Machine(self._store, self.chain_id)
            if self.ledger.head() is None:
                self._begin()
            head = self.ledger.head()
            assert head is not None
            self.head = self.machine.header(head[1])
        except UserError:
            self._connection.close()
            raise
        except sqlite3.OperationalError as error:
            self._connection.close()
            raise unusable(path, error) from error
        except Exception as error:
            self._connection.close()
            raise damaged(path, f"{type(error).__name__}: {error}"[:200]) from error
        self.busiest = int(self.head.block_number)
        """Number of the newest block that somebody may want to see final."""

    def close(self) -> None:
        """Fold the write-ahead log in and let go of the file."""
        self._connection.close()

    # Settings kept with the chain

    def deployer_key(self) -> bytes:
        """Secret key of the account that holds the gas and deploys the contracts."""
        key = self.ledger.meta("deployer")
        assert key is not None
        return key

    def keep(self, name: str, value: bytes) -> None:
        """Store a setting durably."""
        with self._transaction():
            self.ledger.set_meta(name, value)

    # Blocks

    def number(self, tag: str) -> int:
        """Number behind `latest`, `pending`, `safe`, `finalized` or `earliest`."""
        head = int(self.head.block_number)
        if tag == "safe":
            return max(0, head - self.config.safe_depth)
        if tag == "finalized":
            return max(0, head - max(self.config.finalized_depth, self.config.safe_depth))
        return 0 if tag == "earliest" else head

    def submit(self, raw: bytes) -> bytes:
        """Take a signed transaction and, unless mining is held, mine what is ready; its hash.

        `RefusedTransaction` with geth's words when it cannot enter. When this returns, a mined one is on disk.
        """
        transaction = self._decode(raw)
        self._check(transaction)
        self.pool.add(transaction)
        if not self.held:
            self.mine_ready()
        return bytes(transaction.hash)

    def mine_ready(self) -> None:
        """Mine blocks until nothing more is ready."""
        while ready := self._ready():
            self._mine(ready)
            self.busiest = int(self.head.block_number)

    def mine_empty(self) -> None:
        """One block with whatever is ready, usually nothing."""
        self._mine(self._ready() if not self.held else [])

    def reorg(self, depth: int, *, keep: bool) -> None:
        """Test hook: replace the newest `depth` blocks by one more than that; `keep` puts their transactions back in."""
        base = max(0, int(self.head.block_number) - depth)
        with self._transaction():
            orphans = self.ledger.leave(base)
            parent = self.ledger.hash_at(base)
            assert parent is not None
            self.head = self.machine.header(parent)
        if keep:
            self._put_back(orphans)
        for _ in range(len(orphans) + 1):
            self._mine(self._ready())
        self.busiest = int(self.head.block_number)

    def _put_back(self, orphans: list[bytes]) -> None:
        for block_hash in reversed(orphans):
            for transaction in self.machine.transactions(block_hash):
                self.pool.add(transaction)

    def _mine(self, transactions: list[Any]) -> None:
        with self._transaction():
            executed, refused = self.machine.execute(self.head, transactions)
            self.ledger.add(executed)
            self._store.flush()
        self.head = executed.block.header
        for transaction in (*executed.block.transactions, *refused):
            self.pool.drop(transaction)

    def _ready(self) -> list[Any]:
        if not len(self.pool):
            return []
        state = self.machine.state(self.head)
        nonces = {sender: int(state.get_nonce(sender)) for sender in self.pool.senders()}
        room = GAS_LIMIT
        chosen = []
        for transaction in self.pool.ready(nonces, self.next_base_fee()):
            room -= transaction.gas
            if room < 0:
                break
            chosen.append(transaction)
        return chosen

    def next_base_fee(self) -> int:
        """Wei per gas that the next block will charge."""
        return self.machine.next_base_fee(self.head)

    # Transactions at the door

    def _decode(self, raw: bytes) -> Any:
        if len(raw) > LARGEST_TRANSACTION:
            raise RefusedTransaction("oversized data")
        if not raw:
            raise RefusedTransaction("rlp: value size exceeds available input length")
        try:
            transaction = self.machine.builder.decode(raw)
            transaction.check_signature_validity()
            bytes(transaction.sender)
        except (ValidationError, RLPException, ValueError, TypeError, IndexError, KeyError, OverflowError) as error:
            raise RefusedTransaction(f"invalid transaction: {error}"[:300]) from error
        if transaction.chain_id != self.chain_id:
            raise RefusedTransaction(f"invalid chain id for signer: have {transaction.chain_id} want {self.chain_id}")
        if getattr(transaction, "type_id", None) == 3:
            raise RefusedTransaction("transaction type not supported")
        return transaction

    def _check(self, transaction: Any) -> None:
        if transaction.hash in self.pool:
            raise RefusedTransaction("already known")
        state = self.machine.state(self.head)
        nonce = int(state.get_nonce(transaction.sender))
        if transaction.nonce < nonce:
            raise RefusedTransaction(f"nonce too low: next nonce {nonce}, tx nonce {transaction.nonce}")
        if transaction.nonce > nonce + PER_SENDER:
            raise RefusedTransaction(f"nonce too high: next nonce {nonce}, tx nonce {transaction.nonce}")
        if transaction.gas > GAS_LIMIT:
            raise RefusedTransaction("exceeds block gas limit")
        if transaction.gas < transaction.intrinsic_gas:
            raise RefusedTransaction(f"intrinsic gas too low: gas {transaction.gas}, minimum needed {transaction.intrinsic_gas}")
        if transaction.max_priority_fee_per_gas > transaction.max_fee_per_gas:
            raise RefusedTransaction("max priority fee per gas higher than max fee per gas")
        cost = transaction.gas * transaction.max_fee_per_gas + transaction.value
        balance = int(state.get_balance(transaction.sender))
        if balance < cost:
            raise RefusedTransaction(
                f"insufficient funds for gas * price + value: balance {balance}, tx cost {cost}, overshot {cost - balance}"
            )

    # Start

    def _stored_chain_id(self) -> int:
        stored = self.ledger.meta("chain_id")
        wanted = self.config.chain_id
        if stored is None:
            return DEFAULT_CHAIN_ID if wanted is None else wanted
        found = int.from_bytes(stored, "big")
        if wanted is not None and wanted != found:
            raise UserError(
                f"The folder {self.config.data} holds chain {found}, not {wanted}. "
                f"Start with --chain-id {found} (or without it), or choose another folder with --data.",
                code="foreign-chain",
            )
        return found

    def _begin(self) -> None:
        from coincurve import PrivateKey

        key = PrivateKey()
        address = address_of(key.secret)
        with self._transaction():
            self.ledger.set_meta("chain_id", self.chain_id.to_bytes(32, "big"))
            self.ledger.set_meta("deployer", key.secret)
            self.ledger.add_genesis(self.machine.genesis({address: DEPLOYER_WEI}, int(time.time())))
            self._store.flush()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            self._store.discard()
            raise
