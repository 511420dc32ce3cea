"""What sender and watcher need of the store: one transaction at a time, with two repositories in it.

Rows are the store's; here they are read-only shapes. Whatever callback comes along runs inside the same transaction.
"""

# ruff: noqa: D102 - fields are named for what they are; the class says their units

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

R = TypeVar("R")


class ChainKey(Protocol):
    """An account's key. It signs and gives no secret away."""

    @property
    def address(self) -> bytes:
        """20 bytes."""

    def sign(self, digest: bytes) -> bytes:
        """65 bytes r, s, v (27 or 28) over 32 bytes, with low s."""


class Intent(Protocol):
    """One thing asked of the chain; `id` makes asking twice the same as once. Times in milliseconds UTC."""

    @property
    def id(self) -> bytes: ...
    @property
    def account(self) -> int: ...
    @property
    def method(self) -> str: ...
    @property
    def arguments(self) -> tuple[Any, ...]: ...
    @property
    def due(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def nonce(self) -> int | None: ...
    @property
    def block(self) -> int | None: ...
    @property
    def block_hash(self) -> bytes | None: ...
    @property
    def code(self) -> str | None: ...


class Attempt(Protocol):
    """A signed transaction. Fees in wei per gas."""

    @property
    def hash(self) -> bytes: ...
    @property
    def nonce(self) -> int: ...
    @property
    def raw(self) -> bytes: ...
    @property
    def gas(self) -> int: ...
    @property
    def max_fee(self) -> int: ...
    @property
    def priority_fee(self) -> int: ...
    @property
    def signed(self) -> int: ...


class TransactionStore(Protocol):
    """Intents and what was signed for them."""

    def get(self, id: bytes, /) -> Intent | None:  # noqa: A002
        """One intent."""

    def open(self) -> Sequence[Intent]:
        """What has not ended, per account in order of adding."""

    def attempts(self, id: bytes, /) -> Sequence[Attempt]:  # noqa: A002
        """Everything signed for an intent, oldest first."""

    def next_nonce(self, account: int, /) -> int:
        """One above the highest nonce that an open intent of the account holds."""

    def signed(
        self,
        id: bytes,  # noqa: A002
        /,
        *,
        nonce: int,
        transaction: bytes,
        raw: bytes,
        gas: int,
        max_fee: int,
        priority_fee: int,
    ) -> None:
        """Keep a signed transaction before it is sent."""

    def postponed(self, id: bytes, due: int, code: str, detail: str, /) -> None:  # noqa: A002
        """Look again at `due`."""

    def confirmed(self, id: bytes, block: int, block_hash: bytes, /) -> None:  # noqa: A002
        """It is in a block."""

    def finalized(self, id: bytes, /) -> None:  # noqa: A002
        """Its block cannot be undone."""

    def refused(self, id: bytes, code: str, detail: str, /) -> None:  # noqa: A002
        """It will not happen."""

    def reorged(self, id: bytes, /) -> None:  # noqa: A002
        """Its block left the chain."""


class StoredBlock(Protocol):
    """A block as last seen; `timestamp` in seconds UTC."""

    @property
    def number(self) -> int: ...
    @property
    def hash(self) -> bytes: ...
    @property
    def parent(self) -> bytes: ...
    @property
    def timestamp(self) -> int: ...


class StoredLog(Protocol):
    """A log of one of our contracts."""

    @property
    def block(self) -> int: ...
    @property
    def block_hash(self) -> bytes: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def position(self) -> int: ...
    @property
    def contract(self) -> str: ...
    @property
    def transaction(self) -> bytes: ...
    @property
    def topics(self) -> tuple[bytes, ...]: ...
    @property
    def data(self) -> bytes: ...


class BlockStore(Protocol):
    """Blocks and logs seen."""

    def tip(self) -> StoredBlock | None:
        """The newest."""

    def at(self, number: int, /) -> StoredBlock | None:
        """By number."""

    def final(self) -> StoredBlock | None:
        """The newest that cannot be undone."""

    def add(self, number: int, block_hash: bytes, parent: bytes, timestamp: int, /) -> None:
        """A new tip."""

    def add_log(self, block: bytes, position: int, contract: str, transaction: bytes, topics: Sequence[bytes], data: bytes, /) -> None:
        """A log of a block."""

    def logs(self, block: bytes, /) -> Sequence[StoredLog]:
        """Of one block, in order."""

    def remove(self, block: bytes, /) -> None:
        """A reorg left it."""

    def finalize(self, number: int, /) -> Sequence[StoredBlock]:
        """Mark up to `number`; the blocks this newly made final, oldest first."""

    def prune(self, below: int, /) -> None:
        """Forget old final blocks without logs."""


class ChainUnit(Protocol):
    """One transaction of the store."""

    @property
    def now(self) -> int:
        """Milliseconds UTC."""

    @property
    def transactions(self) -> TransactionStore:
        """Intents."""

    @property
    def blocks(self) -> BlockStore:
        """Blocks and logs."""


class UnitStore(Protocol):
    """The store."""

    async def read(self, fn: Callable[..., R], /, *args: Any) -> R:
        """Run `fn(unit, *args)` on a snapshot."""

    async def write(self, fn: Callable[..., R], /, *args: Any) -> R:
        """Run `fn(unit, *args)` in one transaction; when this returns, it is on the disk."""
