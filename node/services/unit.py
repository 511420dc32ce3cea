"""What a service sees of the world: one transaction, who we are, and the ports every noun needs.

A service is `def verb(unit: …Unit, …) -> View`, run inside one transaction of the store (`await store.write(verb, …)`). Its noun's
repository is a `Protocol` in the service's own file, and the unit it needs is declared there too:

    class Customers(Protocol):
        def get(self, customer: bytes) -> Customer | None: ...

    class CustomersUnit(Unit, Protocol):
        @property
        def customers(self) -> Customers: ...

    def rename(unit: CustomersUnit, customer: bytes, name: str) -> CustomerView: ...

A service of several nouns joins them: `class OrdersUnit(CustomersUnit, GrantsUnit, Protocol)`. The adapter is a class in node/store
and one `cached_property` in node/store/unit.py; mypy checks that they fit where node/app.py joins them.
"""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from protocol.envelope import Signer

Role = Literal["seller", "merchant", "brand"]
Delivery = Literal["waiting", "sent", "stored", "received", "accepted", "refused"]


class Me(Protocol):
    """Our own identity, unlocked. It signs and seals; it gives no secret away."""

    @property
    def identity(self) -> bytes:
        """32 bytes: the hash of our inception record."""

    @property
    def role(self) -> Role:
        """What this node is."""

    @property
    def name(self) -> str:
        """The name peers see."""

    @property
    def currency(self) -> str:
        """The currency chosen at set-up, ISO 4217."""

    @property
    def device(self) -> Signer:
        """The key of this device; it is also the libp2p peer id."""

    @property
    def payout_index(self) -> int:
        """The first BIP-44 index of the generation's payout addresses."""

    def member_key(self, merchant: bytes) -> Signer:
        """The pseudonym under which the merchant with this identity knows us."""

    def chain_address(self, index: int) -> bytes:
        """20 bytes: the wallet's address at m/44'/60'/0'/0/index."""

    def chain_sign(self, index: int, digest: bytes) -> bytes:
        """65 bytes r, s, v (27 or 28) over 32 bytes, with low s."""

    def seal(self, purpose: str, plaintext: bytes, associated: bytes) -> bytes:
        """Seal for ourselves, at rest; `associated` is what the sealed bytes belong to."""

    def open(self, purpose: str, sealed: bytes, associated: bytes) -> bytes:
        """What was sealed. Raises IntegrityError `damaged` when anything differs."""

    def hash_tag(self, purpose: str, value: bytes) -> bytes:
        """32 bytes by which equal values are found again without being kept."""


class Settings(Protocol):
    """Small values of this node, anything JSON holds."""

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or `default`."""

    def set(self, key: str, value: Any) -> None:
        """Keep a value."""


class OutboxEntry(Protocol):
    """One message to a peer, as pages show it. Times in milliseconds UTC."""

    @property
    def id(self) -> bytes:
        """32 bytes, the idempotency key."""

    @property
    def peer(self) -> str:
        """The receiver's peer id."""

    @property
    def topic(self) -> str:
        """The wire topic."""

    @property
    def body(self) -> bytes:
        """What is sent."""

    @property
    def created(self) -> int:
        """When it was added."""

    @property
    def due(self) -> int:
        """When it is tried next."""

    @property
    def attempts(self) -> int:
        """How often it was tried."""

    @property
    def state(self) -> Delivery:
        """How far it got."""

    @property
    def code(self) -> str | None:
        """Why it was refused, or why the last attempt failed."""

    @property
    def reply(self) -> bytes | None:
        """What the peer answered."""

    @property
    def about(self) -> tuple[str, bytes] | None:
        """The noun and id it concerns."""


class Outbox(Protocol):
    """Messages to peers, added in the transaction that causes them and sent after it, at least once."""

    def add(
        self,
        id: bytes,  # noqa: A002  the field's name
        peer: str,
        topic: str,
        body: bytes,
        *,
        about: tuple[str, bytes] | None = None,
        not_before: int | None = None,
        ahead: bool = False,
    ) -> None:
        """Queue a message, `ahead` of all that waits. The same `id` again changes nothing; another message under it: `id-reused`."""

    def get(self, id: bytes) -> OutboxEntry | None:  # noqa: A002
        """The message with this id."""

    def about(self, noun: str, noun_id: bytes) -> Sequence[OutboxEntry]:
        """The messages concerning one thing, in order of adding."""

    def open(self, peer: str | None = None) -> Sequence[OutboxEntry]:
        """What the peer (None: anyone) hasn't answered yet."""

    def refusals(self, since: int, limit: int) -> Sequence[OutboxEntry]:
        """What peers refused for good after `since`, newest first."""

    def prune(self, before: int) -> int:
        """Erase messages answered earlier than `before`; how many."""

    def withdraw(self, id: bytes) -> bool:  # noqa: A002
        """Take back a message that never left. True when it could be."""

    def reword(self, id: bytes, body: bytes) -> None:  # noqa: A002
        """Keep other words of a message that was answered."""

    def due(self, limit: int = 100) -> Sequence[OutboxEntry]:
        """What may be sent now, peer by peer; a later message waits for every earlier one of its peer."""

    def next_due(self) -> int | None:
        """When a peer's first open message comes due; None when nothing is open."""

    def sent(self, id: bytes) -> None:  # noqa: A002
        """It left; without an answer it is due again."""

    def stored(self, id: bytes) -> None:  # noqa: A002
        """A relay holds it for the peer."""

    def retry(self, id: bytes, code: str | None = None) -> None:  # noqa: A002
        """The attempt failed for now: due again after 1 minute, doubling to 2 hours, with jitter."""

    def received(self, id: bytes) -> None:  # noqa: A002
        """The peer has it and answers by a message of its own."""

    def acked(self, id: bytes, reply: bytes) -> None:  # noqa: A002
        """The peer took it and answered with `reply`."""

    def forget_reply(self, id: bytes) -> None:  # noqa: A002
        """Blank what the peer answered."""

    def refused(self, id: bytes, code: str) -> None:  # noqa: A002
        """The peer refused it for good."""

    def wake(self, peer: str | None = None) -> int:
        """The peer (None: every peer) can be reached again: what is open is due at once. Returns how many."""


class Inbox(Protocol):
    """Requests of peers that were answered."""

    def answered(self, peer: str, request: bytes, body: bytes) -> bytes | None:
        """The reply already given, or None. Raises ConflictError `id-reused` for another body."""

    def answer(self, peer: str, request: bytes, body: bytes, reply: bytes) -> None:
        """Keep the reply, in the transaction that has the effect."""


class Operations(Protocol):
    """What the API answered under an `Idempotency-Key`."""

    def answered(self, key: str, body: bytes) -> bytes | None:
        """The response already given. Raises ConflictError `idempotency-key-reused` for another body."""

    def answer(self, key: str, body: bytes, response: bytes, *, permanent: bool = False) -> None:
        """Keep the response; money's are permanent."""

    def forget_responses(self) -> None:
        """Blank every response; the keys stay."""


class Unit(Protocol):
    """One transaction."""

    @property
    def now(self) -> int:
        """Milliseconds UTC, fixed for the transaction."""

    @property
    def me(self) -> Me:
        """Our own identity."""

    @property
    def settings(self) -> Settings:
        """Small values of this node."""

    @property
    def outbox(self) -> Outbox:
        """Messages to peers."""

    @property
    def inbox(self) -> Inbox:
        """Requests of peers already answered."""

    @property
    def operations(self) -> Operations:
        """Answers under an Idempotency-Key."""

    def random(self, count: int) -> bytes:
        """`count` unpredictable bytes."""

    def touched(self, topic: str) -> None:
        """Tell the hooks after the commit: `outbox` and `transactions` wake their senders, `changes` the pages."""
