"""Addresses of pictures in a product file. It decides which may be kept: a peer's node will fetch them later, so none leads into a house.

Names are not looked up here; the client that fetches looks again at what they lead to.
"""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

OWN = "/static/"
"""Where the pictures of the shipped sample are."""
_INSIDE = (".local", ".localhost", ".internal", ".intranet", ".lan", ".home", ".corp", ".home.arpa", ".onion")


@lru_cache(maxsize=1024)
def why_not(address: str) -> str:
    """Why a picture's address is not kept, or nothing."""
    if address.startswith(OWN) and ".." not in address:
        return ""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".").casefold()
        _ = parts.port
    except ValueError:
        return "is no address"
    if parts.scheme not in {"http", "https"} or not host:
        return "does not begin with https:// or http://"
    if parts.username is not None:
        return "holds a name or a password"
    if not address.isprintable() or " " in address:
        return "is no address"
    if host == "localhost" or host.endswith(_INSIDE) or not _public(host):
        return "leads into a private network"
    return ""


def _public(host: str) -> bool:
    """Whether a name has a dot, or a number is a public address, in any of the forms that clients take for one."""
    last = host.rsplit(".", 1)[-1]
    if ":" in host or last.isdigit() or last.startswith("0x"):
        try:
            return ipaddress.ip_address(host).is_global
        except ValueError:
            return False  # 0x7f.1, 2130706433, 127.1: numbers in disguise
    return "." in host


def kept(addresses: Iterable[str]) -> tuple[list[str], list[str]]:
    """Addresses that are kept, and a note for each that is not."""
    good: list[str] = []
    notes: list[str] = []
    for address in dict.fromkeys(addresses):
        reason = why_not(address) if address else ""
        if reason:
            notes.append(f"A picture was left out: “{address[:80]}” {reason}.")
        elif address:
            good.append(address)
    return good, notes
