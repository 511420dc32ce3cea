"""A contacts file that waits for the person's word: what stands in it, what would become of each row, and by which rules.

outcome: new, update, known (here already, nothing would change), duplicate (of another row, or of several customers), error.
action: new, update, merge (into the customer of the row it is like), skip.
"""

from dataclasses import dataclass, field

from node.errors import UserError

from .person import Contact, Origin

OUTCOMES = ("new", "update", "known", "duplicate", "error")
ACTIONS = ("new", "update", "merge", "skip")
KINDS = ("who", "email", "phone")
"""Likenesses, the strongest first: name with address, e-mail, whole number."""
ID = "id"
"""The likeness of a row of an export with the customer who has its id: it always counts, and before any other."""

MOST_BYTES = 1 << 30
"""Of one file."""


def require_size(size: int) -> None:
    """Raise UserError `too-large` for a file that is larger than one import takes."""
    if size > MOST_BYTES:
        raise UserError(f"The file has more than {MOST_BYTES >> 20} MB. Split it and import the parts.", code="too-large")


@dataclass(frozen=True, slots=True)
class Rules:
    """How duplicates are found and what becomes of them.

    `match`: which likenesses count. `found`: what becomes of a row whose customer is here (update, skip or new). `twins`: what becomes
    of a row that is like another of the same file without being equal to it (new, merge or skip). Equal rows are taken once.
    """

    match: tuple[str, ...] = KINDS
    found: str = "update"
    twins: str = "new"

    def __post_init__(self) -> None:
        if set(self.match) - set(KINDS) or self.found not in {"update", "skip", "new"} or self.twins not in {"new", "merge", "skip"}:
            text = "Match by who, email, phone; customers found: update, skip or new; rows that are alike: new, merge or skip."
            raise UserError(text, code="bad-rules")


@dataclass(frozen=True, slots=True)
class Staged:
    """One file that waits. state: reading, columns, ready, applied. `header` and `targets` are of a table. `at` in ms."""

    id: bytes
    name: str
    dialect: str
    region: str
    at: int
    state: str
    header: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    rules: Rules = field(default_factory=Rules)
    import_: bytes | None = None
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What becomes of the row `number`. `chosen`: the person said so. `customer`: who it is; `others`: who it might be; `twin`: a row."""

    number: int
    outcome: str
    action: str
    customer: bytes | None = None
    others: tuple[bytes, ...] = ()
    twin: int | None = None
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """What judging needs of a row: its likenesses, a hash of the person ("" without one), and what the person chose before."""

    number: int
    likeness: tuple[tuple[str, str], ...]
    same: bytes
    before: Judgement


@dataclass(frozen=True, slots=True)
class StagedRow:
    """One row. `person` is without its picture, unless it is to be taken over; `pictured`: there is one; `origin`: of an export."""

    row: int
    person: Contact | None
    pictured: bool
    problems: tuple[str, ...]
    original: tuple[str, ...]
    judgement: Judgement
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """What the columns of a kind of table hold. `targets`: (title, target). `used` in ms."""

    fingerprint: bytes
    name: str
    targets: tuple[tuple[str, str], ...]
    used: int
