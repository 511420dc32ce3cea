"""What the embedded chain can be told, in one place."""

from dataclasses import dataclass
from pathlib import Path

DEFAULT_CHAIN_ID = 0xA57A
LARGEST_CHAIN_ID = 2**53 - 1
"""Above this, JSON readers that keep numbers as floats would round it."""

LONGEST_DELAY = 10 * 365 * 86400
"""Seconds."""


@dataclass(frozen=True, slots=True)
class ChainConfig:
    """Settings of one embedded chain. Depths are in blocks, delays in seconds unless the name says milliseconds."""

    data: Path
    """Folder of the chain: `chain.sqlite`, `chain.lock`, and `chain.json` while it runs."""
    port: int = 0
    """TCP port on 127.0.0.1; 0 takes a free one, the one used is in `chain.json`."""
    chain_id: int | None = None
    """Chain id of a new chain (None: 42362). An existing folder keeps its own; another one given here is refused."""
    activation_delay: int = 60
    """Seconds between a proposed root and its activation, given to the vault when it is deployed on first start."""
    withdrawal_delay: int = 30 * 86400
    """Seconds between announcing a withdrawal of reserve and making it; longer than the activation delay."""
    recipient_delay: int = 2 * 86400
    """Seconds until a signed change of a payout address takes effect."""
    dispute_bond: int = 10**19
    """GMS base units that a disputer who is not the leaf's recipient puts down."""
    safe_depth: int = 1
    """`safe` is this many blocks behind the head."""
    finalized_depth: int = 2
    """`finalized` is this many blocks behind the head; never less than `safe_depth`."""
    block_interval_ms: int = 250
    """Shortest pause between two empty blocks that are mined because somebody waits."""
    testing: bool = False
    """Adds `astra_reorg` and `astra_hold`. Never for a chain that anyone relies on."""
    die_with_parent: bool = False
    """End when the process that started us ends."""
