"""What founding an identity takes and gives."""

from dataclasses import dataclass

from protocol.identity import Role


@dataclass(frozen=True, slots=True)
class Founder:
    """Who founds it."""

    name: str
    role: Role
    currency: str


@dataclass(frozen=True, slots=True)
class Founded:
    """The two sheets, to be shown once and written down; empty where the person typed their own."""

    words: list[str]
    rotation_words: list[str]
    identity: str


@dataclass(frozen=True, slots=True)
class Sheets:
    """The two sheets as phrases: 24 words that are everything, 12 that are the next root key."""

    recovery: str
    rotation: str


@dataclass(frozen=True, slots=True)
class Step:
    """The next generation, decided and signed but not yet everywhere: who is killed in the middle goes on from this.

    `entries` are the root-log entries that declare it, `seals` its seed as sealed to each recipient, `store` the store's next key,
    `payees` index and signed record of each membership's next payout address.
    """

    generation: int
    seed: bytes
    store: bytes
    payout_index: int
    recovery: bytes
    entries: tuple[bytes, ...]
    seals: tuple[tuple[bytes, bytes], ...]
    payees: tuple[tuple[int, bytes], ...]
