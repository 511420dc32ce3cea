"""The tables of all nouns joined: who answers which message, and what has deadlines."""

from collections.abc import Callable
from typing import Any

from . import catalog, exchange, peers, plans, team

EXCHANGE = exchange.join(
    peers.EXCHANGE,
    catalog.EXCHANGE,
    plans.EXCHANGE,
    team.EXCHANGE,
)

TICKS: tuple[Callable[[Any], None], ...] = (peers.tick, catalog.tick)
