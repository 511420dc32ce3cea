"""The tables of all nouns joined: who answers which message, and what has deadlines."""

from collections.abc import Callable
from typing import Any

from . import (
    anchors,
    asking,
    backup_head,
    brand_offers,
    brand_plans,
    catalog,
    catalog_following,
    catalog_heads,
    catalog_serving,
    catalog_staging,
    customer_staging,
    destinations,
    exchange,
    facts,
    grants,
    greeting,
    ledger,
    lookouts,
    notes,
    orders,
    payees,
    peers,
    performance,
    plans,
    purchases,
    quotes,
    quoting,
    ranks,
    recovery,
    relays,
    restored,
    roots,
    statements,
    step_up,
    task_rules,
    tasks,
    team,
)

EXCHANGE = exchange.join(
    greeting.EXCHANGE,
    backup_head.EXCHANGE,
    recovery.EXCHANGE,
    peers.EXCHANGE,
    anchors.EXCHANGE,
    catalog_heads.EXCHANGE,
    catalog_following.EXCHANGE,
    catalog_serving.EXCHANGE,
    plans.EXCHANGE,
    brand_plans.EXCHANGE,
    performance.EXCHANGE,
    team.EXCHANGE,
    payees.EXCHANGE,
    ranks.EXCHANGE,
    quotes.EXCHANGE,
    quoting.EXCHANGE,
    orders.EXCHANGE,
    grants.EXCHANGE,
    asking.EXCHANGE,
    facts.EXCHANGE,
    statements.EXCHANGE,
    relays.EXCHANGE,
)

TICKS: tuple[Callable[[Any], None], ...] = (
    exchange.tick,
    greeting.tick,
    peers.tick,
    restored.tick,
    recovery.tick,
    catalog.tick,
    plans.tick,
    brand_plans.tick,
    brand_offers.tick,
    performance.tick,
    anchors.tick,
    catalog_heads.tick,
    orders.tick,
    destinations.tick,
    asking.tick,
    customer_staging.tick,
    catalog_staging.tick,
    lookouts.tick,
    ledger.tick,
    statements.tick,
    purchases.tick,
    task_rules.tick,
    tasks.tick,
    notes.tick,
    step_up.tick,
)

FACTS: tuple[Callable[[Any, Any], None], ...] = (roots.on_chain_fact,)


def on_chain_fact(unit: Any, fact: Any) -> None:
    """What the watcher saw, told to every noun that lives on the chain."""
    for listener in FACTS:
        listener(unit, fact)
    unit.touched("changes")


def on_intent_change(unit: Any, _intent: bytes, _state: str, _detail: str) -> None:
    """What became of something asked of the chain: its row says so, and the pages look again."""
    unit.touched("changes")
