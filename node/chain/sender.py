"""Carries out intents on the chain: one writer a key, the signed transaction stored before it is sent.

Theory. An intent becomes at most one transaction that takes effect, because everything signed for it bears one nonce and a
nonce is used once. Every step can be cut off: what is stored is sent again; what is on the chain is found by its receipt. An
intent whose nonce went to a foreign transaction is refused and never signed anew: an RPC that forgets receipts must not double
it. waiting → pending → confirmed → finalized | refused; a reorg leads from confirmed back to pending.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from node.chain.client import ChainClient, Fees, Receipt
from node.chain.contracts import Addresses, abi, build
from node.chain.errors import RefusedBySender, Reverted, WrongChain
from node.chain.ports import Attempt, ChainKey, ChainUnit, Intent, UnitStore
from node.chain.signing import Signed, Unsigned, sign
from node.errors import Unavailable

GAS_MARGIN_PERCENT = 20
"""Above the estimate: another transaction may come first and make ours dearer."""
BUMP_PERMILLE = 125
"""Nodes replace a waiting transaction for at least a tenth more in both fees; an eighth is safely above."""
SOON_MS = 1_000
_BLOCKING = frozenset({"no-gas"})
_NONCE_TAKEN = (
    "Another transaction of this account used the same number: is this wallet also used elsewhere? "
    "Nothing was sent twice. Check the balance, then ask again."
)

OnChange = Callable[[Any, bytes, str, str], None]
"""`(unit, intent id, state, detail)`, inside the transaction that makes the change."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between looks while something is open or nothing is, until a fee is raised, and between tries of a chain that is down."""

    busy: float = 0.25
    idle: float = 30.0
    stuck: float = 30.0
    down: float = 2.0


class Sender:
    """One task for all accounts of this node; `wake()` when an intent was added."""

    def __init__(
        self,
        client: ChainClient,
        store: UnitStore,
        key_of: Callable[[int], ChainKey],
        addresses: Addresses,
        on_change: OnChange,
        *,
        pace: Pace | None = None,
    ) -> None:
        self._client = client
        self._store = store
        self._key_of = key_of
        self._addresses = addresses
        self._on_change = on_change
        self._pace = pace or Pace()
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Look again now. Call from the event loop's thread."""
        self._news.set()

    async def run(self) -> None:
        """Until cancelled. A chain that is down, or a wrong one, or has other contracts at our addresses, is asked again later."""
        while True:
            self._news.clear()
            try:
                open_left = await self.step()
                pause = self._pace.busy if open_left else self._pace.idle
            except (Unavailable, WrongChain, Reverted):  # Reverted here: by a contract that is not ours
                pause = self._pace.down
            try:
                await asyncio.wait_for(self._news.wait(), pause)
            except TimeoutError:
                continue

    async def step(self) -> bool:
        """One look at everything open; True while something is. `Unavailable` or `WrongChain` when the chain is not there."""
        intents = await self._store.read(_open)
        if not intents:
            return False
        final = await self._client.block("finalized")
        final_number = -1 if final is None else final.number
        for account, mine in groupby(intents, key=lambda intent: intent.account):
            await self._account(account, list(mine), final_number)
        return bool(await self._store.read(_open))

    async def _account(self, account: int, intents: Sequence[Intent], final: int) -> None:
        key = self._key_of(account)
        blocked = False
        """Something earlier is not in a block yet, so that a refusal of something later may be premature."""
        for intent in sorted(intents, key=lambda one: (one.nonce is None, one.nonce or 0)):
            if intent.nonce is None:
                blocked = await self._begin(intent, key, blocked=blocked) or blocked
            else:
                blocked = await self._follow(intent, key, final) or blocked

    # What is signed

    async def _follow(self, intent: Intent, key: ChainKey, final: int) -> bool:
        """Bring a signed intent on; True while it is in no block."""
        attempts = await self._store.read(_attempts, intent.id)
        for attempt in reversed(attempts):
            receipt = await self._client.receipt(attempt.hash)
            if receipt is not None:
                await self._found(intent, receipt, final)
                return False
        if intent.state == "confirmed":
            await self._store.write(self._reorged, intent.id)
        if await self._overtaken(attempts, key, final):
            await self._store.write(self._refused, intent.id, "nonce-taken", _NONCE_TAKEN)
            return False
        await self._send(intent, attempts, key)
        return True

    async def _found(self, intent: Intent, receipt: Receipt, final: int) -> None:
        if intent.block_hash != receipt.block_hash:
            await self._store.write(self._confirmed, intent.id, receipt)
        if receipt.block <= final:
            await self._store.write(self._ended, intent.id, receipt)

    async def _overtaken(self, attempts: Sequence[Attempt], key: ChainKey, final: int) -> bool:
        """Whether a final block holds another transaction under our nonce."""
        if final < 0 or await self._client.nonce(key.address, "finalized") <= attempts[-1].nonce:
            return False
        # Ours may have become final since the receipts were asked for.
        return not any([await self._client.receipt(attempt.hash) is not None for attempt in attempts])

    async def _send(self, intent: Intent, attempts: Sequence[Attempt], key: ChainKey) -> None:
        newest = attempts[-1]
        now = await self._store.read(_now)
        if now - newest.signed > self._pace.stuck * 1000 and await self._client.knows(newest.hash):
            newest = await self._bump(intent, newest, key)
        try:
            await self._client.send(newest.raw)
        except RefusedBySender as error:
            # "nonce too low": mined in this moment, or overtaken; the next look tells which. Other words: try later.
            if "nonce too low" not in str(error):
                await self._store.write(self._postponed, intent.id, SOON_MS, error.code, str(error))

    async def _bump(self, intent: Intent, attempt: Attempt, key: ChainKey) -> Attempt:
        offered = await self._client.fees()
        fees = Fees(_raised(attempt.max_fee, offered.maximum), _raised(attempt.priority_fee, offered.priority))
        return await self._sign(intent, key, _Plan(attempt.nonce, attempt.gas, fees))

    # What is not signed yet

    async def _begin(self, intent: Intent, key: ChainKey, *, blocked: bool) -> bool:
        """Sign and send a new intent; True when later ones of the account shall wait for it."""
        if blocked or intent.due > await self._store.read(_now):
            return blocked or intent.code in _BLOCKING
        try:
            plan = await self._plan(intent, key)
        except ValueError as error:
            await self._store.write(self._refused, intent.id, "bad-arguments", str(error))
            return False
        except Reverted as error:
            await self._declined(intent, error)
            return False
        if plan is None:
            return True
        attempt = await self._sign(intent, key, plan)
        await self._send(intent, [attempt], key)
        receipt = await self._client.receipt(attempt.hash)
        if receipt is not None:
            await self._store.write(self._confirmed, intent.id, receipt)
        return receipt is None

    async def _plan(self, intent: Intent, key: ChainKey) -> "_Plan | None":
        """Nonce, gas and fees; None while the account cannot pay. `Reverted` when the contract would refuse."""
        to, data = build(intent.method, intent.arguments, self._addresses)
        await self._would_pay(intent, key, to, data)
        gas = await self._client.estimate(key.address, to, data)
        gas += gas * GAS_MARGIN_PERCENT // 100
        fees = await self._client.fees()
        balance = await self._client.gas_balance(key.address)
        if balance < gas * fees.maximum:
            words = f"The account 0x{key.address.hex()} needs {gas * fees.maximum} wei for gas and has {balance}."
            await self._store.write(self._postponed, intent.id, SOON_MS, "no-gas", words)
            return None
        nonce = max(await self._client.nonce(key.address), await self._store.read(_next_nonce, intent.account))
        return _Plan(nonce, gas, fees)

    async def _would_pay(self, intent: Intent, key: ChainKey, to: bytes, data: bytes) -> None:
        """A relayed batch that pays nobody does not revert, it would only burn gas: raise what its first claim meets."""
        if intent.method != "vault.claimMany":
            return
        output = await self._client.call(to, data, sender=key.address)
        if abi("CommissionVault").result("claimMany", output)[0] == 0:
            for merchant, leaf, proof in intent.arguments[0]:
                one = abi("CommissionVault").call("claim", merchant, leaf, proof)
                await self._client.call(to, one, sender=key.address)

    async def _declined(self, intent: Intent, error: Reverted) -> None:
        when = await self._curable(error)
        if when is not None:
            await self._client.wait_until(when)
            await self._store.write(self._postponed, intent.id, SOON_MS, error.code, str(error))
        else:
            await self._store.write(self._refused, intent.id, error.code, str(error))

    async def _curable(self, error: Reverted) -> int | None:
        """The second from which a claim that came too early succeeds; None for refusals that time does not cure."""
        if error.name == "RootPending":
            return int(error.arguments["activeAt"])
        if error.name == "NoActiveRoot":
            (pending,) = await self._client.vault(self._addresses.vault, "pendingRoot", error.arguments["merchant"])
            return int(pending[5]) if pending[4] else None
        return None

    async def _sign(self, intent: Intent, key: ChainKey, plan: "_Plan") -> Attempt:
        to, data = build(intent.method, intent.arguments, self._addresses)
        fees = plan.fees
        unsigned = Unsigned(self._client.chain_id, plan.nonce, fees.priority, fees.maximum, plan.gas, to, data)
        signed = sign(unsigned, key)
        return await self._store.write(self._signed, intent.id, plan, signed)

    # Each in one transaction with its report

    def _signed(self, unit: ChainUnit, id: bytes, plan: "_Plan", signed: Signed) -> Attempt:  # noqa: A002
        unit.transactions.signed(
            id,
            nonce=plan.nonce,
            transaction=signed.hash,
            raw=signed.raw,
            gas=plan.gas,
            max_fee=plan.fees.maximum,
            priority_fee=plan.fees.priority,
        )
        self._on_change(unit, id, "pending", signed.hash.hex())
        return next(attempt for attempt in unit.transactions.attempts(id) if attempt.hash == signed.hash)

    def _confirmed(self, unit: ChainUnit, id: bytes, receipt: Receipt) -> None:  # noqa: A002
        unit.transactions.confirmed(id, receipt.block, receipt.block_hash)
        self._on_change(unit, id, "confirmed", receipt.transaction.hex())

    def _ended(self, unit: ChainUnit, id: bytes, receipt: Receipt) -> None:  # noqa: A002
        if receipt.succeeded:
            unit.transactions.finalized(id)
            self._on_change(unit, id, "finalized", receipt.transaction.hex())
        else:
            self._refused(unit, id, "reverted", f"Transaction {receipt.transaction.hex()} failed in its block.")

    def _refused(self, unit: ChainUnit, id: bytes, code: str, detail: str) -> None:  # noqa: A002
        unit.transactions.refused(id, code, detail)
        self._on_change(unit, id, "refused", f"{code}: {detail}")

    def _postponed(self, unit: ChainUnit, id: bytes, pause: int, code: str, detail: str) -> None:  # noqa: A002
        known = unit.transactions.get(id)
        unit.transactions.postponed(id, unit.now + pause, code, detail)
        if known is not None and known.code != code:
            self._on_change(unit, id, known.state, f"{code}: {detail}")

    def _reorged(self, unit: ChainUnit, id: bytes) -> None:  # noqa: A002
        unit.transactions.reorged(id)
        self._on_change(unit, id, "reorged", "")


@dataclass(frozen=True, slots=True)
class _Plan:
    nonce: int
    gas: int
    fees: Fees


def _raised(before: int, offered: int) -> int:
    return max(offered, before + (before * BUMP_PERMILLE + 999) // 1000, 1)


def _open(unit: ChainUnit) -> Sequence[Intent]:
    return unit.transactions.open()


def _attempts(unit: ChainUnit, id: bytes) -> Sequence[Attempt]:  # noqa: A002
    return unit.transactions.attempts(id)


def _next_nonce(unit: ChainUnit, account: int) -> int:
    return unit.transactions.next_nonce(account)


def _now(unit: ChainUnit) -> int:
    return unit.now
