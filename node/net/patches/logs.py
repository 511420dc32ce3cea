"""The library logs through the root logger in one module, which installs a handler behind the application's back.

`logging.debug(…)` calls `basicConfig()` when nobody has configured logging. What the library logs is also mostly a
peer's doing, at any rate a peer likes: it is kept off our log, which says the same in one line per cause.
"""

import logging

from libp2p.network.connection import swarm_connection


def install() -> None:
    """Give that module a logger of its own and quiet the library's."""
    swarm_connection.logging = logging.getLogger("libp2p.network.connection")
    for name in ("libp2p", "multiaddr", "AnyIOManager", "TrioManager"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
