"""The chain's process: lock, chain, contracts, server, heartbeat; `chain.json` while it is ready; a clean end on any signal."""

import asyncio
import contextlib
import ctypes
import errno
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from aiohttp import web

from node.chain.embedded.chain import EmbeddedChain
from node.chain.embedded.config import LARGEST_CHAIN_ID, LONGEST_DELAY, ChainConfig
from node.chain.embedded.database import unusable
from node.chain.embedded.deploy import Deployed, deploy
from node.chain.embedded.faucet import Faucet
from node.chain.embedded.heartbeat import Heartbeat
from node.chain.embedded.lock import FolderLock
from node.chain.embedded.methods import Methods
from node.chain.embedded.server import application
from node.errors import UserError

_PR_SET_PDEATHSIG = 1
_PARENT_POLL = 1.0
"""Seconds between looks at the parent where the system does not tell us of its death."""


def run(config: ChainConfig) -> None:
    """Serve until SIGTERM or SIGINT (or the parent's end). `UserError`s: chain-folder-busy, foreign-chain,
    chain-file-damaged, chain-file-unusable, port-in-use, bad-chain-setting.
    """
    _check(config)
    parent = os.getppid()
    if config.die_with_parent:
        _die_with_parent()
    try:
        config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(config.data, error) from error
    with FolderLock(config.data):
        ready = config.data / "chain.json"
        ready.unlink(missing_ok=True)
        chain = EmbeddedChain(config)
        try:
            asyncio.run(_serve(chain, ready, parent))
        finally:
            ready.unlink(missing_ok=True)
            chain.close()


def _check(config: ChainConfig) -> None:
    problem = None
    if config.chain_id is not None and not 1 <= config.chain_id <= LARGEST_CHAIN_ID:
        problem = f"chain id must be 1 to {LARGEST_CHAIN_ID}"
    elif not 0 <= config.safe_depth <= config.finalized_depth <= 64:
        problem = "0 ≤ safe depth ≤ finalized depth ≤ 64 is needed"
    elif not 0 <= config.activation_delay < config.withdrawal_delay <= LONGEST_DELAY:
        problem = "0 ≤ activation delay < withdrawal delay ≤ ten years (in seconds) is needed"
    elif not 0 <= config.recipient_delay <= LONGEST_DELAY or not 0 <= config.dispute_bond < 2**128:
        problem = "recipient delay must be at most ten years, the dispute bond below 2**128"
    elif not 0 <= config.port < 65536:
        problem = "port must be 0 to 65535"
    elif config.block_interval_ms < 10:
        problem = "block interval must be at least 10 ms"
    if problem is not None:
        raise UserError(f"Chain setting refused: {problem}.", code="bad-chain-setting")


async def _serve(chain: EmbeddedChain, ready: Path, parent: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    faucet = Faucet(chain)
    heartbeat = Heartbeat(chain, chain.config.block_interval_ms)
    with _bound(chain.config.port) as listener:
        deployed = deploy(chain, faucet)
        async with _listening(Methods(chain, heartbeat, faucet), listener):
            _announce(ready, chain, faucet, deployed, listener.getsockname()[1])
            jobs = [asyncio.create_task(heartbeat.run()), asyncio.create_task(stop.wait())]
            if chain.config.die_with_parent:
                jobs.append(asyncio.create_task(_parent_gone(parent)))
            await _first(jobs)


async def _first(jobs: list[asyncio.Task[Any]]) -> None:
    """Until one job ends; its error, if any, is ours."""
    done, rest = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
    for job in rest:
        job.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    for job in done:
        job.result()


@contextlib.contextmanager
def _bound(port: int) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise
            raise UserError(
                f"Port {port} on 127.0.0.1 cannot be used: {error.strerror}. Choose another with --port, or 0 for any free one.",
                code="port-in-use",
            ) from error
        yield listener


@contextlib.asynccontextmanager
async def _listening(methods: Methods, listener: socket.socket) -> AsyncIterator[None]:
    port = listener.getsockname()[1]
    hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
    runner = web.AppRunner(application(methods, hosts), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()


def _announce(ready: Path, chain: EmbeddedChain, faucet: Faucet, deployed: Deployed, port: int) -> None:
    document = {
        "rpc": f"http://127.0.0.1:{port}",
        "chain_id": chain.chain_id,
        "gms": "0x" + deployed.gms.hex(),
        "vault": "0x" + deployed.vault.hex(),
        "anchors": "0x" + deployed.anchors.hex(),
        "deployer": "0x" + faucet.address.hex(),
        "pid": os.getpid(),
    }
    draft = ready.with_suffix(".new")
    draft.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    draft.replace(ready)


def _die_with_parent() -> None:
    """Ask Linux for SIGTERM when the parent ends; elsewhere `_parent_gone` looks."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


async def _parent_gone(parent: int) -> None:
    """Returns when our parent is another: it ended, perhaps before we could ask for a signal."""
    while os.getppid() == parent:  # noqa: ASYNC110 - the system sends no event for this
        await asyncio.sleep(_PARENT_POLL)
