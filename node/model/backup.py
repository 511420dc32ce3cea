"""What a backup is made of: the records that lie at a target, and the rows in which a node remembers its targets and runs.

It decides the records' fields and bounds (docs/backup.md); who signs, seals and carries them is the engine's and its adapters'.
"""

from dataclasses import dataclass, field

from protocol.codec import key
from protocol.identity import Presentation

FORMAT = 1
PART_BYTES = 7 << 20
"""The most bytes of a stream in one part, before they are compressed and sealed."""
OBJECT_BYTES = 8 << 20
"""The most bytes of a part or manifest at the target."""
KEYRING_BYTES = 256 << 20
MANIFEST_BYTES = 1 << 20
MOST_PARTS = 10_000
MOST_REVOKED = 5_000
MANIFEST_TYPE = "backup.manifest"

Value = int | float | str | bytes | None
Row = tuple[Value, ...]
Key = tuple[Value, ...]


# --- at the target


@dataclass(frozen=True, slots=True)
class Part:
    """One sealed object, named by the SHA-256 of its bytes. `stream` numbers the snapshot (0) and the deltas after it."""

    hash: bytes = key(0, size=32)
    size: int = key(2, high=KEYRING_BYTES)
    stream: int = key(4)


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows of a table there are; or the highest number it ever gave."""

    table: str = key(0, longest=64)
    number: int = key(2)


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that a restore needs to know: which parts, in which order, and what they come to. The body of a signed envelope."""

    format: int = key(0, low=1)
    identity: bytes = key(2, size=32)
    program: str = key(4, longest=64)
    schema: tuple[int, ...] = key(6, most=MOST_PARTS)
    parts: tuple[Part, ...] = key(8, most=MOST_PARTS)
    keyring: Part = key(10)
    state: bytes = key(12, size=32)
    counts: tuple[Count, ...] = key(14)
    sequences: tuple[Count, ...] = key(16)
    revoked: tuple[bytes, ...] = key(18, most=MOST_REVOKED)
    generation: int = key(20)
    presentation: Presentation = key(22)


@dataclass(frozen=True, slots=True)
class Keyring:
    """Every customer's key (slot, 8 bytes, and key, 32 bytes, one after the other), and the secrets of the vault but a device's own.

    `following` is the slot the next customer gets: a slot is never given twice. `seeds`: the generations', oldest first. With
    `pseudonyms` and `wallet` in it, the rotation sheet alone restores after a rotation.
    """

    format: int = key(0, low=1)
    slots: bytes = key(2, longest=KEYRING_BYTES)
    following: int = key(4)
    seeds: tuple[bytes, ...] = key(6, size=32)
    pseudonyms: bytes = key(8, size=32)
    wallet: bytes = key(10, size=16)
    name: str = key(12, longest=256)
    currency: str = key(14, longest=3)
    payout_index: int = key(16)


@dataclass(frozen=True, slots=True)
class Carried:
    """The secrets of a vault that every device of the identity shares; a backup's keyring carries them."""

    seeds: tuple[bytes, ...]
    pseudonyms: bytes
    wallet: bytes


# --- on the way there


@dataclass(frozen=True, slots=True)
class Owned:
    """A row, or the key of one that is gone; `slot` and `secret` are its customer's, where it goes with one."""

    values: Row
    slot: int | None = None
    secret: bytes | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one table. `columns` are in alphabetical order, `key` is the primary key in its own.

    `erased`: keys of rows that went with their customer and name them; a backup says nothing of these, for nobody can open those rows.
    """

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    rows: tuple[Owned, ...] = ()
    gone: tuple[Owned, ...] = ()
    erased: tuple[Key, ...] = ()

    def keys_of(self, rows: tuple[Owned, ...]) -> list[Key]:
        """The primary keys of `rows`."""
        places = [self.columns.index(name) for name in self.key]
        return [tuple(row.values[place] for place in places) for row in rows]


@dataclass(frozen=True, slots=True)
class Walk:
    """A stretch of a table; `after` is where it goes on, None at its end."""

    batch: Batch
    after: Key | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed up to `upto`, as it is now. `more`: there is more after it."""

    upto: int
    more: bool
    batches: tuple[Batch, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """What the carried rows come to, as of `seq`. `state` None: it is still being reckoned."""

    seq: int
    schema: tuple[int, ...]
    state: bytes | None
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Begun:
    """How far a whole backup has come: parts that are at the target, and where the walk goes on."""

    since: int = key(0)
    recipients: bytes = key(2, size=32)
    parts: tuple[Part, ...] = key(4, most=MOST_PARTS)
    table: int = key(6)
    after: bytes = key(8)
    rows: int = key(10)


@dataclass(frozen=True, slots=True)
class Carries:
    """What the newest backup at a target consists of, and to whom it is sealed."""

    recipients: bytes = key(0, size=32)
    parts: tuple[Part, ...] = key(2, most=MOST_PARTS)
    generation: int = key(4)


@dataclass(frozen=True, slots=True)
class TargetRow:
    """How far the backups at a target have come (`backup_targets`). `seq` None: the next backup there is whole."""

    target: bytes
    seq: int | None = None
    number: int = 0
    head: bytes | None = None
    carries: Carries | None = None
    begun: Begun | None = None


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run (`backup_runs`): what it put, and what the drill found: `drilled` None = not tried, `drill_code` "" = equal."""

    id: bytes
    target: bytes
    began: int
    ended: int | None = None
    state: str = "running"
    code: str = ""
    detail: str = ""
    number: int = 0
    whole: bool = False
    put: int = 0
    bytes: int = 0
    rows: int = 0
    warnings: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    drilled: int | None = None
    drill_code: str = ""
    drill_detail: str = ""
