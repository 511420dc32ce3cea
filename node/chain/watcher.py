"""Follows the chain block by block and tells, inside the transaction that stores a block, what happened to our contracts.

Theory. The stored blocks form a chain by parent hash; each step first leaves what the RPC's chain has left, block by block
from the tip, then adds what follows. Logs are asked for by block hash, so they belong to the block they are stored with. A
fact is told when its block is added (confirmed), left (reorged) or cannot be undone (finalized). If the RPC's chain parts from
ours below a final block, nothing is undone: the watcher halts and says so.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from node.chain.client import Block, ChainClient, RawLog
from node.chain.contracts import Addresses, abi, event
from node.chain.errors import WrongChain
from node.chain.ports import ChainUnit, StoredBlock, StoredLog, UnitStore
from node.errors import IntegrityError, Unavailable
from protocol.settlement import keccak

AT_ONCE = 16
"""Blocks fetched side by side while catching up."""
KEPT_BLOCKS = 256
"""Final blocks without a log of ours kept below the newest final one."""

T = TypeVar("T")
Status = Literal["confirmed", "finalized", "reorged"]
State = Literal["following", "unavailable", "wrong-chain", "halted"]


@dataclass(frozen=True, slots=True)
class ChainFact:
    """An event of one of our contracts. `name` and `values` are the ABI's; `timestamp` in seconds UTC.

    (block_hash, index) names the fact; the same event in another block after a reorg is another fact.
    """

    status: Status
    contract: str
    name: str
    values: dict[str, Any]
    block: int
    block_hash: bytes
    timestamp: int
    index: int
    transaction: bytes


OnFact = Callable[[Any, ChainFact], None]
"""`(unit, fact)`, inside the transaction that moves the cursor."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched: every event of the vault and of the anchors, and GMS transfers from or to `accounts`, from block `start` on."""

    addresses: Addresses
    accounts: tuple[bytes, ...] = ()
    start: int = 0


class Watcher:
    """One task. `state` is for the banner."""

    def __init__(self, client: ChainClient, store: UnitStore, watch: Watch, on_fact: OnFact, *, seconds: float = 0.5) -> None:
        self._client = client
        self._store = store
        self._watch = watch
        self._on_fact = on_fact
        self._seconds = seconds
        self.state: State = "following"
        self.moved = asyncio.Event()
        """Set after every step that changed something; whoever waits clears it."""

    def follow(self, account: bytes) -> None:
        """Watch GMS transfers of one more account, from the next block on."""
        if account not in self._watch.accounts:
            self._watch = replace(self._watch, accounts=(*self._watch.accounts, account))

    async def run(self) -> None:
        """Until cancelled, or `IntegrityError("chain-rewritten")` when final history changed; other trouble is retried."""
        while True:
            pause = self._seconds
            try:
                if await self.step():
                    self.moved.set()
                self.state = "following"
            except Unavailable:
                self.state, pause = "unavailable", max(pause, 1.0)
            except WrongChain:
                self.state, pause = "wrong-chain", max(pause, 5.0)
            except IntegrityError:
                self.state = "halted"
                raise
            await asyncio.sleep(pause)

    async def step(self) -> bool:
        """Catch up with the head and with finality; True when anything changed."""
        head = await self._client.block("latest")
        if head is None:
            raise Unavailable("The chain has no blocks yet.", code="chain-unavailable")
        changed = await self._rewind(head)
        changed = await self._advance(head) or changed
        return await self._settle() or changed

    # Leaving

    async def _rewind(self, head: Block) -> bool:
        changed = False
        while (tip := await self._store.read(_tip)) is not None:
            there = head if tip.number == head.number else None
            if tip.number < head.number:
                there = await self._client.block(tip.number)
            if there is not None and there.hash == tip.hash:
                break
            final = await self._store.read(_final)
            if final is not None and tip.number <= final.number:
                if there is None:
                    # An RPC that lags behind what is final shows nothing new; it contradicts nothing either.
                    raise Unavailable("The chain's RPC is behind what it showed before.", code="chain-unavailable")
                raise IntegrityError(
                    f"Block {tip.number} was final and is now another one on this chain. Nothing was undone. "
                    "The RPC is wrong or the chain was rewritten: check the RPC before you trust any balance.",
                    code="chain-rewritten",
                )
            await self._store.write(self._leave, tip)
            changed = True
        return changed

    def _leave(self, unit: ChainUnit, tip: StoredBlock) -> None:
        for log in reversed(unit.blocks.logs(tip.hash)):
            self._tell(unit, log, "reorged")
        unit.blocks.remove(tip.hash)

    # Adding

    async def _advance(self, head: Block) -> bool:
        tip = await self._store.read(_tip)
        first = self._watch.start if tip is None else tip.number + 1
        changed = False
        for low in range(first, head.number + 1, AT_ONCE):
            numbers = range(low, min(low + AT_ONCE, head.number + 1))
            blocks = await _together([self._fetch(number) for number in numbers])
            for block, logs in blocks:
                if tip is not None and block.parent != tip.hash:
                    return changed  # the chain moved while we read: the next step rewinds
                tip = await self._store.write(self._add, block, logs)
                changed = True
        return changed

    async def _fetch(self, number: int) -> tuple[Block, list[tuple[str, RawLog]]]:
        block = await self._client.block(number)
        if block is None:
            raise Unavailable(f"Block {number} is gone again.", code="chain-unavailable")
        found: dict[int, tuple[str, RawLog]] = {}
        for contract, address, topics in self._queries(block):
            for log in await self._client.logs(block.hash, address, topics):
                found[log.index] = (contract, log)
        return block, [found[index] for index in sorted(found)]

    def _queries(self, block: Block) -> list[tuple[str, bytes, list[bytes | None] | None]]:
        """What to ask of this block; the bloom filter spares the rest."""
        watch = self._watch
        queries: list[tuple[str, bytes, list[bytes | None] | None]] = []
        if in_bloom(block.bloom, watch.addresses.vault):
            queries.append(("CommissionVault", watch.addresses.vault, None))
        if watch.addresses.anchors is not None and in_bloom(block.bloom, watch.addresses.anchors):
            queries.append(("CatalogAnchors", watch.addresses.anchors, None))
        if in_bloom(block.bloom, watch.addresses.gms):
            transfer = next(item.hash for item in abi("GMS").events.values() if item.name == "Transfer")
            for account in watch.accounts:
                word = account.rjust(32, b"\0")
                if in_bloom(block.bloom, word):
                    queries.append(("GMS", watch.addresses.gms, [transfer, word]))
                    queries.append(("GMS", watch.addresses.gms, [transfer, None, word]))
        return queries

    def _add(self, unit: ChainUnit, block: Block, logs: Sequence[tuple[str, RawLog]]) -> StoredBlock:
        unit.blocks.add(block.number, block.hash, block.parent, block.timestamp)
        for contract, log in logs:
            unit.blocks.add_log(block.hash, log.index, contract, log.transaction, log.topics, log.data)
        for stored in unit.blocks.logs(block.hash):
            self._tell(unit, stored, "confirmed")
        tip = unit.blocks.tip()
        assert tip is not None
        return tip

    # Settling

    async def _settle(self) -> bool:
        there = await self._client.block("finalized")
        if there is None:
            return False
        return bool(await self._store.write(self._finalize, there))

    def _finalize(self, unit: ChainUnit, there: Block) -> int:
        ours = unit.blocks.at(there.number)
        # A final block that we do not hold, or hold otherwise: the next step sorts that out first.
        if ours is None or ours.hash != there.hash:
            return 0
        blocks = unit.blocks.finalize(there.number)
        for block in blocks:
            for log in unit.blocks.logs(block.hash):
                self._tell(unit, log, "finalized")
        if blocks:
            unit.blocks.prune(there.number - KEPT_BLOCKS)
        return len(blocks)

    def _tell(self, unit: ChainUnit, log: StoredLog, status: Status) -> None:
        decoded = event(log.contract, log.topics, log.data)
        if decoded is None:
            return  # an event that this version does not know
        name, values = decoded
        self._on_fact(
            unit,
            ChainFact(
                status=status,
                contract=log.contract,
                name=name,
                values=values,
                block=log.block,
                block_hash=log.block_hash,
                timestamp=log.timestamp,
                index=log.position,
                transaction=log.transaction,
            ),
        )


def in_bloom(bloom: bytes, value: bytes) -> bool:
    """Whether a block's 2048-bit filter may hold an address or topic; False is certain."""
    digest = keccak(value)
    bits = int.from_bytes(bloom, "big")
    return all(bits >> (int.from_bytes(digest[at : at + 2], "big") & 2047) & 1 for at in (0, 2, 4))


async def _together(jobs: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """All results in order, or the first error once nothing runs any more."""
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _tip(unit: ChainUnit) -> StoredBlock | None:
    return unit.blocks.tip()


def _final(unit: ChainUnit) -> StoredBlock | None:
    return unit.blocks.final()
