"""Multiaddrs as we use them: `/ip4|ip6|dns|dns4|dns6/<host>/tcp/<port>[/p2p/<peer id>]`. Text in, text out.

Addresses come from invitations, so they are judged before libp2p sees them.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence

from node.errors import UserError

MAX_ADDRESSES = 8  # of one peer; more would make a dial last for minutes

_FORM = re.compile(r"/(ip4|ip6|dns|dns4|dns6)/([0-9A-Za-z:.-]{1,253})/tcp/([0-9]{1,5})(?:/p2p/([1-9A-HJ-NP-Za-km-z]{46,52}))?", re.ASCII)


def split(address: str) -> tuple[str, str, int, str | None]:
    """Kind, host, port, peer id. Raises UserError `bad-address`."""
    match = _FORM.fullmatch(address)
    if match is None:
        raise UserError(f"{address!r} is no address like /ip4/192.0.2.1/tcp/4001", code="bad-address")
    kind, host, port, peer = match.groups()
    try:
        if kind in ("ip4", "ip6"):
            version = {"ip4": ipaddress.IPv4Address, "ip6": ipaddress.IPv6Address}[kind]
            version(host)
    except ValueError as error:
        raise UserError(f"{host!r} in {address!r} is no {kind} address", code="bad-address") from error
    if int(port) > 65535:
        raise UserError(f"port {port} in {address!r} is above 65535", code="bad-address")
    return kind, host, int(port), peer


def dialable(peer: str, addresses: Sequence[str]) -> tuple[str, ...]:
    """The addresses to try for `peer`, without its id, in order, at most eight. Raises UserError `bad-address`."""
    tried: dict[str, None] = {}
    for address in addresses:
        kind, host, port, named = split(address)
        if named in (None, peer) and port:
            tried[f"/{kind}/{host}/tcp/{port}"] = None
    return tuple(tried)[:MAX_ADDRESSES]


def announced(peer: str, bound: Iterable[tuple[str, int]], interfaces: Iterable[str]) -> tuple[str, ...]:
    """What to give out for sockets bound to (ip, port): a wildcard stands for the interfaces' addresses of its kind."""
    found: dict[str, None] = {}
    for ip, port in bound:
        own = ipaddress.ip_address(ip)
        hosts = [ip] if not own.is_unspecified else [one for one in interfaces if ipaddress.ip_address(one).version == own.version]
        for host in hosts:
            found[f"/ip{ipaddress.ip_address(host).version}/{host}/tcp/{port}/p2p/{peer}"] = None
    return tuple(found)
