"""Transactions that wait for a block: checked at the door as geth checks them, one per sender and nonce, replaced for a higher fee."""

from dataclasses import dataclass, field
from typing import Any

PER_SENDER = 64
IN_ALL = 4096
BUMP_PERCENT = 10
"""A replacement pays at least this much more, in both fees."""


class RefusedTransaction(Exception):
    """The message is the one that geth answers; clients match on it."""


@dataclass(slots=True)
class Pool:
    """Waiting transactions by sender and nonce. In memory: one that was never mined was never acknowledged as such."""

    _by_sender: dict[bytes, dict[int, Any]] = field(default_factory=dict)

    def __contains__(self, transaction_hash: object) -> bool:
        return isinstance(transaction_hash, bytes) and self.find(transaction_hash) is not None

    def __len__(self) -> int:
        return sum(map(len, self._by_sender.values()))

    def find(self, transaction_hash: bytes) -> Any | None:
        """The waiting transaction with this hash."""
        for waiting in self._by_sender.values():
            for transaction in waiting.values():
                if transaction.hash == transaction_hash:
                    return transaction
        return None

    def add(self, transaction: Any) -> None:
        """Keep it; `RefusedTransaction` when the place is taken or the pool is full."""
        mine = self._by_sender.setdefault(transaction.sender, {})
        earlier = mine.get(transaction.nonce)
        if earlier is not None:
            if not _outbids(transaction, earlier):
                raise RefusedTransaction("replacement transaction underpriced")
        elif len(mine) >= PER_SENDER or len(self) >= IN_ALL:
            raise RefusedTransaction("txpool is full")
        mine[transaction.nonce] = transaction

    def next_nonce(self, sender: bytes, nonce: int) -> int:
        """The nonce after those that wait without a gap."""
        mine = self._by_sender.get(sender, {})
        while nonce in mine:
            nonce += 1
        return nonce

    def ready(self, sender_nonce: dict[bytes, int], base_fee: int) -> list[Any]:
        """What a block may take now: per sender from its nonce on, without a gap, fee high enough."""
        chosen = []
        for sender, mine in self._by_sender.items():
            nonce = sender_nonce[sender]
            while nonce in mine and mine[nonce].max_fee_per_gas >= base_fee:
                chosen.append(mine[nonce])
                nonce += 1
        return chosen

    def senders(self) -> tuple[bytes, ...]:
        """Everybody with something waiting."""
        return tuple(self._by_sender)

    def drop(self, transaction: Any) -> None:
        """It was mined, or the rules refuse it."""
        mine = self._by_sender.get(transaction.sender, {})
        mine.pop(transaction.nonce, None)
        if not mine:
            self._by_sender.pop(transaction.sender, None)


def _outbids(new: Any, old: Any) -> bool:
    def enough(offered: int, before: int) -> bool:
        return offered * 100 >= before * (100 + BUMP_PERCENT)

    return enough(new.max_fee_per_gas, old.max_fee_per_gas) and enough(new.max_priority_fee_per_gas, old.max_priority_fee_per_gas)
