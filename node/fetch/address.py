"""Which addresses of the network are public. What is not is never connected to, whatever name led there."""

import ipaddress
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
# Python calls these global, yet each leads on to an address inside (6to4, NAT64 of one's own), or is inside (site-local), or is of no use.
_NOT_PUBLIC: Final = tuple(
    ipaddress.ip_network(text)
    for text in ("2002::/16", "2001::/32", "64:ff9b:1::/48", "fec0::/10", "192.0.0.0/24", "192.88.99.0/24", "::/96", "5f00::/16")
)


def is_public(text: str) -> bool:
    """Whether `text`, an address in numbers, is one of the public network; what is none is not."""
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:
        return False
    inner = _inner(address)
    if inner is not None:
        return is_public(str(inner))
    if any(address in network for network in _NOT_PUBLIC if network.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _inner(address: Address) -> ipaddress.IPv4Address | None:
    """The address of version 4 that one of version 6 stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
