"""A node of its own process for test_host.py: prints its addresses, echoes, ends with its standard input."""

import asyncio
import json
import sys
import threading

from node.net.config import NetConfig
from node.net.host import Host


class Echo:
    async def handle(self, peer_id, topic, body):
        return f"{peer_id} {topic} ".encode() + body


class Importers:
    """Asked before every finder: notes the thread that imports libp2p, and finds nothing."""

    def __init__(self) -> None:
        self.threads = []

    def find_spec(self, name, path=None, target=None):
        if name == "libp2p":
            self.threads.append(threading.current_thread().name)


async def main(paired):
    host = Host(NetConfig(listen=("/ip4/127.0.0.1/tcp/0",)), b"\x07" * 32, Echo())
    host.set_paired(frozenset([paired]))
    importers = Importers()
    sys.meta_path.insert(0, importers)
    await host.start()
    print(json.dumps([host.peer_id, host.addresses, importers.threads]), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await host.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
