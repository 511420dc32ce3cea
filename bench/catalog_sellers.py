"""The other process of the catalog's benchmark: so many whole sellers' nodes without pages, told what to do by lines of JSON.

Each line in is `{"do": …}`, each line out its answer. Following begins at `go`, so that what came before isn't counted.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.catalog_goods import CHEAP, PASSPHRASE
from node.app.founding import found
from node.app.opened import Opened, open_store
from node.config import Config
from node.model.identity import Founder
from node.parent import tie_to_parent
from node.services import catalog_following, peers
from node.vault import vault
from protocol.catalog_sync import EntriesRequest
from protocol.identity import Role
from protocol.messages import pack

FRAME_BYTES = 24  # of a request or a reply around its body (protocol/session.py)
AT_ONCE = 8


@dataclass
class Seller:
    """One node, and what it asked about catalogs."""

    opened: Opened
    go: asyncio.Event
    running: asyncio.Task[None] | None = None
    asked: int = 0
    bytes: int = 0
    done: dict[int, float] = field(default_factory=dict)

    async def count(self) -> None:
        """Note how far the feed is, and when."""
        rows = await self.opened.store.read(lambda unit: unit.catalog.feeds(own=False))
        for row in rows:
            self.done.setdefault(row.size if not row.error else -1, time.time())


async def start(folder: Path) -> Seller:
    """A new node that follows nothing before `go`."""
    found(folder, PASSPHRASE, Founder(folder.name, Role.SELLER, "USD"), costs=CHEAP)
    keys, config = vault.unlock(folder, PASSPHRASE), Config(folder)
    opened = Opened(config, keys, open_store(config, keys), lambda: None)
    made = Seller(opened, asyncio.Event())
    _gated(made)
    _counted(made)
    made.running = asyncio.create_task(opened.run())
    await until(lambda: _true(opened.network == "ready"))
    return made


async def until(test: Callable[[], Awaitable[Any]]) -> None:
    """Until it is so; asked every few milliseconds."""
    while not await test():  # noqa: ASYNC110  it is asked of a store, which has no event
        await asyncio.sleep(0.01)


async def _true(said: bool) -> bool:
    return said


def _gated(seller: Seller) -> None:
    original = seller.opened.catalogs.run

    async def run() -> None:
        await seller.go.wait()
        await original()

    seller.opened.catalogs.run = run  # type: ignore[method-assign]


def _counted(seller: Seller) -> None:
    """Count what is asked under the topic, and look how far the feed is after each commit."""
    original, loop = seller.opened.host.request, asyncio.get_running_loop()
    looks: set[asyncio.Task[None]] = set()

    async def request(peer: str, addresses: Any, topic: str, body: bytes, deadline: float) -> bytes:
        reply = await original(peer, addresses, topic, body, deadline)
        if topic == "catalog":
            seller.asked += 1
            seller.bytes += len(body) + len(reply) + 2 * FRAME_BYTES
        return reply

    def look() -> None:
        task = loop.create_task(seller.count())
        looks.add(task)
        task.add_done_callback(looks.discard)

    seller.opened.host.request = request  # type: ignore[method-assign]
    seller.opened.store.after_commit(lambda topics: "changes" in topics and loop.call_soon_threadsafe(look))


class Sellers:
    """What can be told."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._all: list[Seller] = []

    async def start(self, count: int) -> int:
        """So many nodes, their networks ready."""
        self._all += [await start(self._folder / f"s{len(self._all) + number}") for number in range(count)]
        return len(self._all)

    async def join(self, at: int, link: str) -> str:
        """Open an invite; the pairing's id once there is a code."""
        store = self._all[at].opened.store
        begun = await store.write(peers.accept_invite, link)

        async def coded() -> bool:
            return any(row.id == begun.id and row.code for row in await store.read(peers.list_pairings))

        await until(coded)
        return begun.id

    async def confirm(self, at: int, pairing: str) -> None:
        """The code is the same."""
        store = self._all[at].opened.store
        await store.write(peers.confirm_pairing, bytes.fromhex(pairing))
        await until(lambda: store.read(lambda unit: unit.peers.all()))

    async def go(self, first: int = 0, last: int | None = None) -> float:
        """Those follow from now on; the time it is."""
        for seller in self._all[first:last]:
            seller.done.clear()
            seller.asked = seller.bytes = 0
            seller.go.set()
        return time.time()

    async def clear(self) -> float:
        """Count anew; the time it is."""
        for seller in self._all:
            seller.asked = seller.bytes = 0
        return time.time()

    async def wait(self, size: int, first: int = 0, last: int | None = None, seconds: float = 3600.0) -> list[float]:
        """When each of those had the feed at `size`."""
        end, waited = time.monotonic() + seconds, self._all[first:last]
        while not all(size in seller.done for seller in waited):
            if time.monotonic() > end or any(seller.running is None or seller.running.done() for seller in self._all):
                raise SystemExit(f"the sellers are at {[seller.done for seller in self._all]}")
            await asyncio.sleep(0.05)
        return [seller.done[size] for seller in waited]

    async def ask(self) -> float:
        """The first asks for everything again; seconds until it is answered."""
        store, began = self._all[0].opened.store, time.time()
        await store.write(catalog_following.sync)

        async def answered() -> bool:
            return all(row.synced_at / 1000 >= began for row in await store.read(lambda unit: unit.catalog.feeds(own=False)))

        await until(answered)
        return time.time() - began

    async def counted(self) -> list[tuple[int, int]]:
        """(questions, bytes) of each."""
        return [(seller.asked, seller.bytes) for seller in self._all]

    async def listings(self, count: int, size: int) -> tuple[float, int]:
        """One request per listing, a few at once: (seconds, bytes) for `count` of the `size` entries there are."""
        opened = self._all[0].opened
        [row] = await opened.store.read(lambda unit: unit.catalog.feeds(own=False))
        [peer] = await opened.store.read(lambda unit: unit.peers.all())
        numbers = iter(range(1, size, max(1, size // count)))
        self._all[0].bytes = 0

        async def some() -> None:
            for number in numbers:
                await opened.host.request(peer.peer, peer.addresses, "catalog", pack(EntriesRequest(row.feed, (number,))), 30.0)

        began = time.perf_counter()
        await asyncio.gather(*(some() for _ in range(AT_ONCE)))
        return time.perf_counter() - began, self._all[0].bytes

    async def memory(self) -> float:
        """The most that was resident, in MB."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000

    async def processor(self) -> float:
        """Seconds of the processor so far."""
        return time.process_time()

    async def stop(self) -> None:
        """End all nodes."""
        for seller in self._all:
            assert seller.running is not None
            seller.running.cancel()
            await asyncio.wait([seller.running])
            await seller.opened.close()


async def _serve(folder: Path) -> None:
    sellers, loop = Sellers(folder), asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        told = json.loads(line)
        answer = await getattr(sellers, told.pop("do"))(**told)
        print(json.dumps(answer), flush=True)


def serve(folder: str) -> None:
    """Until the end of what is told."""
    tie_to_parent()
    asyncio.run(_serve(Path(folder)))
