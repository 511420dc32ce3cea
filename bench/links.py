"""Requests and bytes between two nodes, beside raw TLS with the same framing. `python -m bench.links [--quick] [--json]`.

Two processes on this machine. The node's way is the whole one: asyncio, the bridge, the session, Noise, Yamux, and the same
back. Raw TLS is asyncio streams with a 4-byte length, one connection, answers in order.
"""

import asyncio
import datetime as dt
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from nacl.signing import SigningKey

from bench.report import Asked, Figure, Report, main
from node.net.config import NetConfig
from node.net.host import Host
from protocol.peer_id import peer_id_of

CLIENT_SEED, SERVER_SEED = b"\x01" * 32, b"\x02" * 32
SMALL, LARGE, AT_ONCE = 200, 1_000_000, 64
# Seconds for the start; the others are multiples of raw TLS, measured in the same minute on the same machine.
BARS = {"start": 15.0, "start_lag": 0.5, "dial_p50": 20.0, "round_trip_p50": 60.0, "requests": 1 / 40, "bulk": 1 / 12}

Ask = Callable[[bytes], Awaitable[bytes]]


class Echo:
    """The handler of both hosts."""

    async def handle(self, peer_id: str, topic: str, body: bytes) -> bytes:  # noqa: ARG002  the port's signature
        return body


def host(seed: bytes) -> Host:
    return Host(NetConfig(listen=("/ip4/127.0.0.1/tcp/0",)), seed, Echo())


def name(seed: bytes) -> str:
    return peer_id_of(bytes(SigningKey(seed).verify_key))


# -- raw TLS


def certificate(folder: Path) -> Path:
    """A key and a certificate for this run."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "bench.pem"
    plain = serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(text + signed.public_bytes(serialization.Encoding.PEM))
    return path


async def tls_echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readexactly(4)
            writer.write(head + await reader.readexactly(int.from_bytes(head, "big")))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
        writer.close()


class Tls:
    """The asking side of raw TLS."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._answers: list[asyncio.Future[bytes]] = []

    async def dial(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, ssl=context, limit=1 << 21)
        self._task = asyncio.create_task(self._read())

    async def ask(self, body: bytes) -> bytes:
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._answers.append(answer)
        self._writer.write(len(body).to_bytes(4, "big") + body)
        return await answer

    async def close(self) -> None:
        self._task.cancel()
        self._writer.close()
        await asyncio.wait([self._task])

    async def _read(self) -> None:
        while True:
            size = int.from_bytes(await self._reader.readexactly(4), "big")
            self._answers.pop(0).set_result(await self._reader.readexactly(size))


# -- the other process


async def serve(pem: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    tls = await asyncio.start_server(tls_echo, "127.0.0.1", 0, ssl=context, limit=1 << 21)
    node = host(SERVER_SEED)
    node.set_paired(frozenset({name(CLIENT_SEED)}))
    await node.start()
    print(json.dumps({"tls": tls.sockets[0].getsockname()[1], "addresses": node.addresses}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    tls.close()
    await node.stop()


# -- measuring


def share(times: list[float], part: float) -> float:
    return sorted(times)[min(int(len(times) * part), len(times) - 1)]


async def one_by_one(ask: Ask, count: int) -> list[float]:
    times = []
    for _ in range(count):
        started = time.perf_counter()
        await ask(bytes(SMALL))
        times.append(time.perf_counter() - started)
    return times


async def at_once(ask: Ask, rounds: int) -> float:
    started = time.perf_counter()
    for _ in range(rounds):
        await asyncio.gather(*(ask(bytes(SMALL)) for _ in range(AT_ONCE)))
    return rounds * AT_ONCE / (time.perf_counter() - started)


async def bulk(ask: Ask, rounds: int) -> float:
    body = os.urandom(LARGE)
    started = time.perf_counter()
    for _ in range(rounds):
        await asyncio.gather(*(ask(body) for _ in range(4)))
    return rounds * 4 * LARGE / 1e6 / (time.perf_counter() - started)


async def dials(addresses: tuple[str, ...], count: int) -> list[float]:
    """First request to a peer that is not connected: dial, handshake, stream, round trip. A new host each time."""
    times = []
    for _ in range(count):
        node = host(CLIENT_SEED)
        await node.start()
        started = time.perf_counter()
        await node.request(name(SERVER_SEED), addresses, "bench", b"", 10)
        times.append(time.perf_counter() - started)
        await node.stop()
    return times


async def tls_dials(port: int, count: int) -> list[float]:
    times = []
    for _ in range(count):
        started = time.perf_counter()
        tls = Tls(port)
        await tls.dial()
        await tls.ask(b"")
        times.append(time.perf_counter() - started)
        await tls.close()
    return times


async def start_with_lag() -> tuple[float, float]:
    """The first start in this process, with libp2p's import, and the longest the loop was kept from its work."""
    lags = [0.0]

    async def tick() -> None:
        while True:
            started = time.perf_counter()
            await asyncio.sleep(0.005)
            lags.append(time.perf_counter() - started - 0.005)

    ticking = asyncio.create_task(tick())
    node = host(CLIENT_SEED)
    started = time.perf_counter()
    await node.start()
    took = time.perf_counter() - started
    ticking.cancel()
    await node.stop()
    return took, max(lags)


async def compare(scale: int, port: int, addresses: tuple[str, ...]) -> dict[str, Figure]:
    start, lag = await start_with_lag()
    dialed, tls_dialed = await dials(addresses, scale), await tls_dials(port, scale)
    node = host(CLIENT_SEED)
    await node.start()
    tls = Tls(port)
    await tls.dial()

    async def ask(body: bytes) -> bytes:
        return await node.request(name(SERVER_SEED), addresses, "bench", body, 30)

    try:
        await one_by_one(ask, 20)
        ours, theirs = await one_by_one(ask, 50 * scale), await one_by_one(tls.ask, 50 * scale)
        rates = await at_once(ask, 4 * scale), await at_once(tls.ask, 4 * scale)
        speeds = await bulk(ask, scale), await bulk(tls.ask, scale)
    finally:
        await tls.close()
        await node.stop()
    return {
        "start": figure("start", start, "s", None),
        "start_lag": figure("start_lag", lag, "s", None),
        "dial_p50": figure("dial_p50", share(dialed, 0.5) * 1e3, "ms", share(tls_dialed, 0.5) * 1e3),
        "round_trip_p50": figure("round_trip_p50", share(ours, 0.5) * 1e3, "ms", share(theirs, 0.5) * 1e3),
        "round_trip_p95": figure("round_trip_p95", share(ours, 0.95) * 1e3, "ms", share(theirs, 0.95) * 1e3),
        "requests": figure("requests", rates[0], "1/s", rates[1]),
        "bulk": figure("bulk", speeds[0], "MB/s", speeds[1]),
    }


def figure(key: str, value: float, unit: str, tls: float | None) -> Figure:
    """With its bar, which is a multiple of raw TLS where that does the same."""
    bar = BARS.get(key)
    if tls is None:
        return Figure(value, unit, bar)
    return Figure(value, unit, bar and bar * tls, {"raw TLS": tls})


async def run(scale: int) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        pem = certificate(Path(folder))
        command = [sys.executable, "-m", "bench.links", "--serve", str(pem)]
        child = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            there = json.loads(await asyncio.wait_for(child.stdout.readline(), 30))
            figures = await compare(scale, there["tls"], tuple(there["addresses"]))
        finally:
            child.stdin.close()
            await asyncio.wait_for(child.wait(), 10)
    size = {"small_bytes": SMALL, "large_bytes": LARGE, "at_once": AT_ONCE, "dials": scale, "round_trips": 50 * scale}
    return Report("links", size, figures)


def measure(asked: Asked) -> Report:
    return asyncio.run(run(asked.scaled(20)))


if __name__ == "__main__":
    sys.exit(main(__doc__, measure, inner={"--serve": lambda pem: asyncio.run(serve(pem))}))
