"""Guard rail 12: listeners set SO_REUSEPORT, so two nodes share one port and each gets half of the peers.

The option serves hole punching, which we do not use. Without it the second bind fails, as it should.
"""

import socket
from typing import Any

from libp2p.transport.tcp import tcp


def _reuse_address_only(sock: Any) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # bind again right after a restart


def install() -> None:
    """Replace the socket options of every TCP listener in this process."""
    tcp._set_reuse_flags = _reuse_address_only  # noqa: SLF001  the one place to change them
