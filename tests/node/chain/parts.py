"""Keys, recorders and shortcuts that the chain tests share."""

import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import Any

from node.chain.client import ChainClient
from node.chain.contracts import Addresses
from node.chain.sender import Pace, Sender
from node.chain.watcher import ChainFact
from node.store.store import Store
from protocol.settlement import address_of, sign_digest
from tests.node.chain.support import ChainProcess
from tests.patience import PATIENCE

QUICK = Pace(busy=0.02, idle=0.05, stuck=30.0, down=0.05)


class Key:
    def __init__(self, secret: bytes | None = None) -> None:
        self.secret = secret or os.urandom(32)
        self.address = address_of(self.secret)

    @property
    def hex(self) -> str:
        return "0x" + self.address.hex()

    def sign(self, digest: bytes) -> bytes:
        return sign_digest(self.secret, digest)


@dataclass
class Changes:
    seen: list[tuple[bytes, str, str]] = field(default_factory=list)

    def __call__(self, unit: Any, intent: bytes, state: str, detail: str) -> None:
        assert unit.transactions.get(intent) is not None
        self.seen.append((intent, state, detail))

    def states(self, intent: bytes) -> list[str]:
        return [state for which, state, _ in self.seen if which == intent]


@dataclass
class Facts:
    seen: list[ChainFact] = field(default_factory=list)

    def __call__(self, unit: Any, fact: ChainFact) -> None:
        self.seen.append(fact)


def addresses(chain: ChainProcess) -> Addresses:
    return Addresses(*(bytes.fromhex(chain.facts[name][2:]) for name in ("gms", "vault", "anchors")))


def funded(chain: ChainProcess, *, gms: int = 0, gas: int = 10**18) -> Key:
    key = Key()
    chain.call("astra_faucet", key.hex, {"gas": str(gas), "gms": str(gms)})
    return key


def sender(client: ChainClient, store: Store[str], chain: ChainProcess, *keys: Key, pace: Pace = QUICK) -> tuple[Sender, Changes]:
    changes = Changes()
    return Sender(client, store, lambda index: keys[index], addresses(chain), changes, pace=pace), changes


async def ask(store: Store[str], intent: bytes, method: str, *arguments: Any, **more: Any) -> None:
    await store.write(lambda unit: unit.transactions.add(intent, method, arguments, **more))


async def row(store: Store[str], intent: bytes) -> Any:
    return await store.read(lambda unit: unit.transactions.get(intent))


async def until(made: Sender, store: Store[str], intent: bytes, state: str, seconds: float = PATIENCE) -> Any:
    """Steps until the intent is in `state`; the bound is for a hang, not for a busy machine."""
    end = time.monotonic() + seconds
    while True:
        await made.step()
        found = await row(store, intent)
        if found.state == state:
            return found
        assert time.monotonic() < end, f"never {state}: {found}"
        await asyncio.sleep(0.02)
