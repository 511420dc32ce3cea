"""The tables of all nouns joined: who answers which message, and what has deadlines."""

from collections.abc import Callable
from typing import Any

from . import exchange, peers

EXCHANGE = exchange.join(
    peers.EXCHANGE,
)

TICKS: tuple[Callable[[Any], None], ...] = (peers.tick,)
