"""JSON-RPC to the chain through web3: bounded, deadlined, and only ever to the chain whose id is configured.

An RPC that is down is `Unavailable("chain-unavailable")` and recovers by itself; one for another chain is `WrongChain`, checked
whenever a connection is made and before anything is sent. It decides nothing about money.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from node.chain.contracts import abi, reverted
from node.chain.errors import RefusedBySender, WrongChain
from node.errors import Unavailable

LARGEST_ANSWER = 16 * 1024 * 1024
"""Bytes of one answer."""
DEADLINE_SECONDS = 10.0
CONNECTIONS = 8

Tag = Literal["latest", "pending", "safe", "finalized", "earliest"]
State = Literal["new", "ready", "unavailable", "wrong-chain"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Block:
    """A header. `timestamp` in seconds UTC, as the chain has it; `bloom` covers its logs."""

    number: int
    hash: bytes
    parent: bytes
    timestamp: int
    bloom: bytes


@dataclass(frozen=True, slots=True)
class RawLog:
    """A log, undecoded."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    index: int
    transaction: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a transaction ended: in which block, and whether it took effect."""

    transaction: bytes
    block: int
    block_hash: bytes
    succeeded: bool
    gas_used: int


@dataclass(frozen=True, slots=True)
class Fees:
    """Wei per gas."""

    maximum: int
    priority: int


class ChainClient:
    """One RPC. Safe to use from one event loop; every method raises `Unavailable` or `WrongChain` beside what it says."""

    def __init__(self, url: str, chain_id: int, *, deadline: float = DEADLINE_SECONDS) -> None:
        self.url = url
        self.chain_id = chain_id
        self.state: State = "new"
        """What the last request met, for the banner."""
        self._deadline = deadline
        self._web3: Any = None
        self._provider: Any = None
        self._starting = asyncio.Lock()

    async def connect(self) -> None:
        """Import web3 (seconds, in a thread, once) and check the chain id."""
        async with self._starting:
            if self._web3 is None:
                self._web3, self._provider = await asyncio.to_thread(_load, self.url, self._deadline)
        await self._check()

    def move(self, url: str) -> None:
        """The same chain answers at another address from now on; who answers there is checked before it is believed."""
        self.url = url
        if self._provider is not None:
            self._provider.move(url)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._provider is not None:
            await self._provider.close()

    # Blocks and logs

    async def block(self, which: int | Tag) -> Block | None:
        """A header by number or tag; None when there is none yet."""
        return await self._or_none(lambda: self._web3.eth.get_block(which), _block)

    async def logs(self, block: bytes, address: bytes, topics: list[bytes | None] | None = None) -> list[RawLog]:
        """The logs of one block, by its hash, of one contract. A block the RPC does not know is `Unavailable`."""
        query = {"blockHash": _hex(block), "address": _checksum(address)}
        if topics:
            query["topics"] = [None if topic is None else _hex(topic) for topic in topics]  # type: ignore[assignment]
        return await self._ask(lambda: self._web3.eth.get_logs(query), lambda found: [_log(item, block, address) for item in found])

    async def receipt(self, transaction: bytes) -> Receipt | None:
        """The receipt of a transaction on the chain; None while it is not in a block."""
        return await self._or_none(lambda: self._web3.eth.get_transaction_receipt(_hex(transaction)), _receipt)

    async def knows(self, transaction: bytes) -> bool:
        """Whether the RPC has the transaction, waiting or in a block."""
        return await self._or_none(lambda: self._web3.eth.get_transaction(_hex(transaction)), lambda _: True) or False

    # Accounts and calls

    async def nonce(self, account: bytes, tag: Tag = "latest") -> int:
        """How many transactions the account has made."""
        return await self._ask(lambda: self._web3.eth.get_transaction_count(_checksum(account), tag), int)

    async def gas_balance(self, account: bytes, tag: Tag = "latest") -> int:
        """Wei for gas."""
        return await self._ask(lambda: self._web3.eth.get_balance(_checksum(account), tag), int)

    async def token_balance(self, token: bytes, account: bytes, tag: Tag | int = "latest") -> int:
        """GMS base units of an account after the block of `tag`."""
        return int((await self._view("GMS", token, "balanceOf", account, tag=tag))[0])

    async def vault(self, vault: bytes, function: str, *arguments: Any, tag: Tag | int = "latest") -> tuple[Any, ...]:
        """What a view function of the vault returns, e.g. `reserveOf`, `activeRoot`, `claimedOf`."""
        return await self._view("CommissionVault", vault, function, *arguments, tag=tag)

    async def call(self, to: bytes, data: bytes, *, sender: bytes | None = None, tag: Tag | int = "latest") -> bytes:
        """Execute without a trace; `Reverted` when the contract refuses."""
        return await self._ask(lambda: self._web3.eth.call(_call(to, data, sender), tag), bytes)

    async def _view(self, contract: str, at: bytes, function: str, *arguments: Any, tag: Tag | int) -> tuple[Any, ...]:
        call = _call(at, abi(contract).call(function, *arguments), None)
        return await self._ask(lambda: self._web3.eth.call(call, tag), lambda output: abi(contract).result(function, bytes(output)))

    async def estimate(self, sender: bytes, to: bytes, data: bytes) -> int:
        """Gas that suffices now; `Reverted` when no amount would."""
        return await self._ask(lambda: self._web3.eth.estimate_gas(_call(to, data, sender)), int)

    async def fees(self) -> Fees:
        """What gets a transaction into the next blocks, with room for six full ones."""
        base = await self._ask(lambda: self._web3.eth.get_block("latest"), lambda head: int(head["baseFeePerGas"]))
        priority = await self._ask(lambda: self._web3.eth.max_priority_fee, int)
        return Fees(2 * base + priority, priority)

    async def send(self, raw: bytes) -> None:
        """Hand over a signed transaction. "Already known" is success; `RefusedBySender` with the RPC's words otherwise."""
        await self._check()
        try:
            await self._guard(lambda: self._web3.eth.send_raw_transaction(_hex(raw)), bytes)
        except RefusedBySender as error:
            if "already known" not in str(error).lower() and "already imported" not in str(error).lower():
                raise

    # Beyond Ethereum: what the embedded chain offers

    async def faucet(self, account: bytes, *, gas: int = 10**18, gms: int = 0) -> None:
        """Gas money (wei) and GMS from an embedded chain; `RefusedBySender` where the chain has no faucet."""
        await self._check()
        await self._extra("astra_faucet", [_hex(account), {"gas": hex(gas), "gms": hex(gms)}])

    async def wait_until(self, timestamp: int) -> None:
        """Tell an embedded chain that somebody waits for a block at this second; others mine anyway."""
        try:
            await self._extra("astra_waitUntil", [timestamp])
        except RefusedBySender:
            return

    async def _extra(self, method: str, params: list[Any]) -> Any:
        await self._ready()
        answer = await self._guard(lambda: self._provider.make_request(method, params), dict)
        if "error" in answer:
            raise RefusedBySender(f"The chain refused {method}: {answer['error'].get('message', '')}"[:300])
        return answer.get("result")

    # The guarded way to the RPC

    async def _ready(self) -> None:
        if self._web3 is None:
            await self.connect()
        elif self._provider.fresh:
            await self._check()

    async def _check(self) -> None:
        if self._web3 is None:
            await self.connect()
            return
        self._provider.fresh = False
        found = await self._guard(lambda: self._web3.eth.chain_id, int)
        if found != self.chain_id:
            self.state = "wrong-chain"
            self._provider.fresh = True
            raise WrongChain(self.url, found, self.chain_id)
        self.state = "ready"

    async def _ask(self, request: Callable[[], Awaitable[Any]], read: Callable[[Any], T]) -> T:
        """The answer to a question. One that the RPC declines, or about a block it does not have, is `Unavailable`: it is asked again."""
        from web3.exceptions import BlockNotFound, TransactionNotFound

        try:
            return await self._put(request, read)
        except (RefusedBySender, BlockNotFound, TransactionNotFound) as error:
            raise Unavailable(f"The chain cannot answer now: {str(error)[:300]}", code="chain-unavailable") from error

    async def _put(self, request: Callable[[], Awaitable[Any]], read: Callable[[Any], T]) -> T:
        """Run a request, and again when it had to open a connection, once the chain behind it is known to be ours."""
        await self._ready()
        answer = await self._guard(request, read)
        if self._provider.fresh:
            await self._check()
            answer = await self._guard(request, read)
        return answer

    async def _or_none(self, request: Callable[[], Awaitable[Any]], read: Callable[[Any], T]) -> T | None:
        from web3.exceptions import BlockNotFound, TransactionNotFound

        try:
            return await self._put(request, read)
        except (BlockNotFound, TransactionNotFound):
            return None
        except RefusedBySender as error:
            raise Unavailable(f"The chain cannot answer now: {str(error)[:300]}", code="chain-unavailable") from error

    async def _guard(self, request: Callable[[], Awaitable[Any]], read: Callable[[Any], T]) -> T:
        from aiohttp import ClientError
        from web3.exceptions import BlockNotFound, ContractLogicError, TransactionNotFound, Web3Exception, Web3RPCError

        try:
            return read(await request())
        except (BlockNotFound, TransactionNotFound):
            raise
        except ContractLogicError as error:
            raise reverted(_revert_data(error.data), str(error.message or "")) from error
        except Web3RPCError as error:
            raise _refusal(error) from error
        except (OSError, ClientError, Web3Exception, ValueError, TypeError, AttributeError, LookupError) as error:
            self.state = "unavailable"
            self._provider.fresh = True
            raise Unavailable(
                f"The chain at {self.url} does not answer ({type(error).__name__}). It is asked again by itself; "
                "start it if it is stopped.",
                code="chain-unavailable",
            ) from error


def _load(url: str, deadline: float) -> tuple[Any, Any]:
    limit = sys.getrecursionlimit()
    from web3 import AsyncWeb3

    from node.chain.transport import BoundedProvider

    # A dependency of web3 (py_ecc) lifts the limit to 100,000: deeply nested JSON would then end the node's process.
    sys.setrecursionlimit(limit)
    provider = BoundedProvider(url, deadline=deadline, largest=LARGEST_ANSWER, connections=CONNECTIONS)
    return AsyncWeb3(provider, middleware=[]), provider


def _refusal(error: Any) -> Exception:
    response = error.rpc_response or {}
    detail = response.get("error") if isinstance(response, dict) else None
    code, message = (detail.get("code"), str(detail.get("message", ""))) if isinstance(detail, dict) else (None, "")
    if code == 3 or message.startswith("execution reverted"):
        return reverted(_revert_data(detail.get("data") if isinstance(detail, dict) else None), message)
    if code in {-32603, -32002, -32005, 429}:
        return Unavailable(f"The chain cannot answer now: {message[:200]}", code="chain-unavailable")
    if "not found" in message or "unknown block" in message:
        return Unavailable(f"The chain does not have that block (yet, or any more): {message[:200]}", code="chain-unavailable")
    return RefusedBySender(f"The chain refused: {message[:300]}")


def _revert_data(value: Any) -> bytes:
    if isinstance(value, str) and value.startswith("0x"):
        try:
            return bytes.fromhex(value[2:])
        except ValueError:
            return b""
    return b""


def _block(found: Any) -> Block:
    return Block(
        int(found["number"]),
        bytes(found["hash"]),
        bytes(found["parentHash"]),
        int(found["timestamp"]),
        bytes(found["logsBloom"]),
    )


def _log(found: Any, block: bytes, address: bytes) -> RawLog:
    log = RawLog(
        address=bytes.fromhex(str(found["address"])[2:]),
        topics=tuple(bytes(topic) for topic in found["topics"]),
        data=bytes(found["data"]),
        index=int(found["logIndex"]),
        transaction=bytes(found["transactionHash"]),
    )
    if bytes(found["blockHash"]) != block or log.address != address:
        raise ValueError("a log of another block or contract")
    return log


def _receipt(found: Any) -> Receipt:
    return Receipt(
        transaction=bytes(found["transactionHash"]),
        block=int(found["blockNumber"]),
        block_hash=bytes(found["blockHash"]),
        succeeded=int(found["status"]) == 1,
        gas_used=int(found["gasUsed"]),
    )


def _call(to: bytes, data: bytes, sender: bytes | None) -> dict[str, str]:
    call = {"to": _checksum(to), "data": _hex(data)}
    if sender is not None:
        call["from"] = _checksum(sender)
    return call


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _checksum(address: bytes) -> str:
    from protocol.settlement import checksum_address

    return checksum_address(address)
