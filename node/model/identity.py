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
    """The two sheets, to be shown once and written down."""

    words: list[str]
    rotation_words: list[str]
    identity: str


@dataclass(frozen=True, slots=True)
class Sheets:
    """The two sheets as phrases: 24 words that are everything, 12 that are the next root key."""

    recovery: str
    rotation: str
