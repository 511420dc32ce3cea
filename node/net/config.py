"""The settings and bounds of the host. Every number stands beside its reason; tests lower some of them."""

from dataclasses import dataclass

from protocol.session import MAX_FRAME_BYTES

OPEN_TOPICS = frozenset({"hello", "pair"})
"""What a peer who is not paired may speak about (protocol.md, "On the wire")."""

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Budget:
    """What one peer may spend a minute, and hold at once."""

    requests_per_minute: int
    bytes_per_minute: int
    bytes_in_flight: int
    frame_bytes: int


@dataclass(frozen=True, slots=True)
class NetConfig:
    """How the host listens and what it allows. Times are seconds."""

    listen: tuple[str, ...] = ("/ip4/0.0.0.0/tcp/4001",)
    """Multiaddrs `/ip4|ip6/<address>/tcp/<port>`; port 0 takes a free one."""
    announce: tuple[str, ...] = ()
    """Multiaddrs to give out instead of the interfaces' own, for a node behind a router."""

    connections: int = 64
    connections_per_peer: int = 2
    streams_per_peer: int = 32
    strangers: int = 16
    """Connections of peers who are not paired; they may not crowd out those who are."""
    pending: int = 128
    """Connections whose handshake is not finished, in all."""
    pending_per_ip: int = 32
    """The same per address: 16 refused good peers behind one router when many came at once."""

    handshake_seconds: float = 5.0
    dial_seconds: float = 5.0
    """For one address; the next one is tried after `dial_stagger_seconds` or a failure."""
    dial_stagger_seconds: float = 0.3
    negotiation_seconds: float = 5.0
    frame_seconds: float = 30.0
    """How long a begun frame may take to arrive."""
    stranger_idle_seconds: float = 60.0
    stranger_seconds: float = 180.0
    """How long an unpaired peer may stay connected: enough to compare a code, no place to live."""
    handler_seconds: float = 60.0
    ping_every_seconds: float = 5.0
    ping_seconds: float = 3.0
    """Together: a frozen peer is found within 8 s."""
    settle_seconds: float = 5.0
    """How long a doubled connection may finish what is in flight on it."""

    paired: Budget = Budget(6_000, 512 * MIB, 16 * MIB, MAX_FRAME_BYTES)
    stranger: Budget = Budget(60, MIB, 256 << 10, 64 << 10)
    forgive_seconds: float = 1.0
    """The first back-off of a peer that broke a rule; it doubles with each breach, up to ten minutes."""
