"""A sender in a process of its own that kills itself with SIGKILL at a given step: `signed`, `sent`, `confirmed` or `never`.

Arguments: store file, store key, account secret, RPC URL, chain id, GMS, vault, step.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from node.chain.client import ChainClient
from node.chain.contracts import Addresses
from node.chain.sender import Sender
from node.store.store import Store
from tests.node.chain.parts import QUICK, Key


async def main() -> None:
    file, store_key, secret, url, chain_id, gms, vault, step = sys.argv[1:]
    store = Store.open(Path(file), bytes.fromhex(store_key), "me")
    key = Key(bytes.fromhex(secret))

    def die(at: str) -> None:
        if at == step:
            os.kill(os.getpid(), signal.SIGKILL)

    class Client(ChainClient):
        async def send(self, raw: bytes) -> None:
            die("signed")
            await super().send(raw)
            die("sent")

    def on_change(unit: object, intent: bytes, state: str, detail: str) -> None:
        # Inside the transaction: what is not committed yet must not count either.
        die(state)

    client = Client(url, int(chain_id))
    addresses = Addresses(bytes.fromhex(gms[2:]), bytes.fromhex(vault[2:]))
    sender = Sender(client, store, lambda _: key, addresses, on_change, pace=QUICK)
    while await sender.step():  # noqa: ASYNC110 - the chain sends no event
        await asyncio.sleep(0.01)
    await client.close()
    store.close()


asyncio.run(main())
