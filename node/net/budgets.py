"""What a peer has spent and what it has broken. It decides who must wait; time is an argument, in seconds."""

from dataclasses import dataclass, field

from node.net.config import Budget

MAX_BACKOFF_SECONDS = 600.0
FORGET_SECONDS = 3600.0
MAX_REMEMBERED = 10_000  # peer ids are free to make: the memory of them is bounded


@dataclass(slots=True)
class Bucket:
    """A token bucket: `capacity` at once, refilled evenly within a minute."""

    capacity: int
    level: float
    at: float

    def take(self, amount: int, now: float) -> bool:
        """Spend `amount` if it is there."""
        self.level = min(self.capacity, self.level + (now - self.at) * self.capacity / 60)
        self.at = now
        if amount > self.level:
            return False
        self.level -= amount
        return True


class Account:
    """One peer's spending under one budget."""

    def __init__(self, budget: Budget, now: float) -> None:
        self.budget = budget
        self._requests = Bucket(budget.requests_per_minute, budget.requests_per_minute, now)
        self._bytes = Bucket(budget.bytes_per_minute, budget.bytes_per_minute, now)
        self._held = 0

    def take_bytes(self, size: int, now: float) -> bool:
        """Count bytes read, before they are parsed."""
        return self._bytes.take(size, now)

    def take_request(self, now: float) -> bool:
        """Count one request."""
        return self._requests.take(1, now)

    def hold(self, size: int) -> bool:
        """Reserve memory for a request's body until `release`."""
        if self._held + size > self.budget.bytes_in_flight:
            return False
        self._held += size
        return True

    def release(self, size: int) -> None:
        """The request is answered."""
        self._held -= size


@dataclass(slots=True)
class _Record:
    breaches: int = 0
    until: float = 0.0
    last: float = 0.0


@dataclass(slots=True)
class Conduct:
    """Who broke a rule, and until when they stay out."""

    first_seconds: float
    _records: dict[str, _Record] = field(default_factory=dict)

    def breach(self, peer: str, now: float) -> float:
        """Note a breach; returns for how many seconds the peer stays out."""
        record = self._records.pop(peer, None)
        if record is None or now - record.last > FORGET_SECONDS:
            record = _Record()
        seconds = min(self.first_seconds * 2.0**record.breaches, MAX_BACKOFF_SECONDS)
        record.breaches = min(record.breaches + 1, 32)
        record.until, record.last = now + seconds, now
        self._records[peer] = record  # last in order: the oldest breach is forgotten first
        if len(self._records) > MAX_REMEMBERED:
            del self._records[next(iter(self._records))]
        return seconds

    def is_out(self, peer: str, now: float) -> bool:
        """True while the peer has to stay away."""
        record = self._records.get(peer)
        return record is not None and now < record.until
