"""A node of its own process for test_host.py: prints its addresses, echoes, ends with its standard input."""

import asyncio
import json
import sys
import time

from node.net.config import NetConfig
from node.net.host import Host


class Echo:
    async def handle(self, peer_id, topic, body):
        return f"{peer_id} {topic} ".encode() + body


async def tick(lags):
    """How long the loop keeps a task waiting beyond what it asked for, in seconds."""
    while True:
        started = time.perf_counter()
        await asyncio.sleep(0.005)
        lags.append(time.perf_counter() - started - 0.005)


async def main(paired):
    host = Host(NetConfig(listen=("/ip4/127.0.0.1/tcp/0",)), b"\x07" * 32, Echo())
    host.set_paired(frozenset([paired]))
    lags = [0.0]
    ticking = asyncio.create_task(tick(lags))
    started = time.perf_counter()
    await host.start()
    took = time.perf_counter() - started
    ticking.cancel()
    print(json.dumps([host.peer_id, host.addresses, took, max(lags)]), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await host.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
