"""What the backup engine needs of the world beside a target: the store, ciphers, and a place in which a copy can be made."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from node.model.backup import Account, Changes, Count, Key, Row, RunRow, TargetRow, Walk
from protocol.state_hash import StateHash

from .backup_head import BackupUnit as HeadsUnit
from .backup_stream import RowSeal

Tell = Callable[[int, int], None]
"""Hears how much of how much is done."""


def nobody_listens(_done: int, _total: int) -> None:
    """Where nobody wants to know."""


class Cipher(RowSeal, Protocol):
    """Files sealed to devices and sheets (age v1)."""

    def encrypt(self, data: bytes, recipients: Sequence[bytes]) -> bytes:
        """A file for these X25519 public keys."""

    def decrypt(self, data: bytes) -> bytes:
        """What a file sealed to us holds. Raises IntegrityError `backup-other-keys`."""


class Transactions(Protocol):
    """The store, from a worker thread."""

    def read_now(self, run: Callable[..., Any], /, *args: Any) -> Any:
        """Run on a snapshot."""

    def write_now(self, run: Callable[..., Any], /, *args: Any) -> Any:
        """Run in one transaction."""


class Dump(Protocol):
    """What a backup carries (node/store/dump.py says what each does)."""

    def tables(self) -> Sequence[str]: ...  # noqa: D102
    def schema(self) -> tuple[int, ...]: ...  # noqa: D102
    def position(self) -> int: ...  # noqa: D102
    def behind(self, since: int) -> int: ...  # noqa: D102
    def sequences(self) -> tuple[Count, ...]: ...  # noqa: D102
    def revoked(self, most: int) -> tuple[bytes, ...]: ...  # noqa: D102
    def slots(self) -> tuple[bytes, int]: ...  # noqa: D102
    def keyless(self, most: int) -> Sequence[bytes]: ...  # noqa: D102
    def slot_of(self, customer: bytes, /) -> tuple[int, bytes] | None: ...  # noqa: D102
    def walk(self, table: str, after: Key, most: int) -> Walk | None: ...  # noqa: D102
    def changed(self, since: int, most: int) -> Changes | None: ...  # noqa: D102


class Accounts(Protocol):
    """What the carried rows come to (node/store/account.py says what each does)."""

    def get(self) -> Account | None: ...  # noqa: D102
    def begin(self, schema: tuple[int, ...], position: int) -> None: ...  # noqa: D102
    def end(self) -> None: ...  # noqa: D102
    def add(self, digests: Iterable[tuple[str, Key, bytes | None]]) -> None: ...  # noqa: D102
    def digests(self, after: Key) -> tuple[list[bytes], Key | None]: ...  # noqa: D102
    def settle(self, state: StateHash) -> None: ...  # noqa: D102
    def change(self, upto: int, digests: Iterable[tuple[str, Key, bytes | None]]) -> Account: ...  # noqa: D102


class BackupBook(Protocol):
    """Targets and runs (node/store/backups.py says what each does)."""

    def target(self, id_: bytes, /) -> TargetRow | None: ...  # noqa: D102
    def targets(self) -> Sequence[TargetRow]: ...  # noqa: D102
    def keep_target(self, row: TargetRow) -> None: ...  # noqa: D102
    def forget_target(self, id_: bytes, /) -> bool: ...  # noqa: D102
    def restart(self) -> None: ...  # noqa: D102
    def note_objects(self, target: bytes, names: Iterable[str]) -> None: ...  # noqa: D102
    def objects(self, target: bytes) -> set[str]: ...  # noqa: D102
    def forget_objects(self, target: bytes, names: Iterable[str]) -> None: ...  # noqa: D102
    def keep_run(self, row: RunRow) -> None: ...  # noqa: D102
    def runs(self, target: bytes | None = None, limit: int = 100) -> Sequence[RunRow]: ...  # noqa: D102
    def give_secrets(self, customers: Iterable[bytes]) -> None: ...  # noqa: D102
    def prune_changes(self, accounted: int, position: int) -> None: ...  # noqa: D102


class BackupUnit(HeadsUnit, Protocol):
    """A unit that knows backups."""

    @property
    def backups(self) -> BackupBook: ...  # noqa: D102
    @property
    def dump(self) -> Dump: ...  # noqa: D102
    @property
    def accounts(self) -> Accounts: ...  # noqa: D102


class Copy(Protocol):
    """An encrypted store in the making, at the schema of the backup. It is nothing until the last row is in."""

    def put(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Rows, new or in the place of those with their key. Raises IntegrityError `backup-damaged`."""

    def drop(self, table: str, key: Sequence[str], keys: Iterable[Key]) -> None:
        """These rows are gone."""

    def own(self, owners: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Slot and key of customers."""

    def part_done(self, rows: int) -> None:
        """So many rows came: write down what is there once it is much."""

    def rows(self) -> Iterator[tuple[str, Iterator[Row]]]:
        """Every carried table with its rows, columns in alphabetical order."""


class Workshop(Protocol):
    """Where copies are made and thrown away."""

    def copy(self, schema: tuple[int, ...]) -> AbstractContextManager[Copy]:
        """An empty copy at that schema, gone afterwards. Raises UserError `newer-schema`."""
