"""Where the store holds bytes sealed under a generation of keys: what a new generation seals anew. A test finds a place left out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A column of sealed bytes: sealed for `purpose`, with the row's key as what they are bound to."""

    table: str
    key: str
    column: str
    purpose: str


ORDER_SECRETS = Place("order_secrets", "draft", "sealed", "order-secrets")
HELD = Place("grant_held", "ask", "sealed", "delivery")
BACKUP_PLACES = Place("backup_places", "target", "sealed", "backup/target")
PLACES = (ORDER_SECRETS, HELD, BACKUP_PLACES)
