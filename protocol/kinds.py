"""What kinds of message there are: a name, the topic it travels under, the record inside, and whether an envelope signs it.

Each noun's module lists its own in `KINDS`; `messages` joins the lists. It decides no bytes.
"""

from dataclasses import dataclass
from enum import StrEnum


class Topic(StrEnum):
    """A topic has one stream per peer, protocol id `/gemstra/<topic>/1`."""

    HELLO = "hello"
    PAIR = "pair"
    CATALOG = "catalog"
    ORDER = "order"
    GRANT = "grant"
    TEAM = "team"
    COMMISSION = "commission"
    RECOVERY = "recovery"

    @property
    def protocol_id(self) -> str:
        """The libp2p protocol id."""
        return f"/gemstra/{self.value}/1"


@dataclass(frozen=True, slots=True)
class Kind:
    """`name` is also the envelope's type when `signed`. `topic` None = allowed under every topic (the plain replies)."""

    name: str
    topic: Topic | None
    record: type
    signed: bool = False
