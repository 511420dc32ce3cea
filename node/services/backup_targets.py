"""Where backups go: targets with their credentials sealed, what a test of one shows, and how often and how many are kept there.

What lies at a target is never touched here but for a probe of the test, which goes again.
"""

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import Protocol

from node.errors import ConflictError, IntegrityError, NotFound, UserError
from node.model.sealed import BACKUP_PLACES
from node.model.target import Description, Kept, Kind

from .backup_target import Target
from .unit import Unit

PURPOSE = BACKUP_PLACES.purpose
HOUR_MS = 3_600_000
MOST_TARGETS = 16
_LONGEST_NAME = 64
_LONGEST_EVERY = 24 * 90
_MOST_KEPT = 10_000
_PROBE = 4096
_NAMES = {Kind.FOLDER: "Folder", Kind.DISK: "Disk", Kind.WEBDAV: "WebDAV", Kind.S3: "S3"}


class Targets(Protocol):
    """Targets as this service keeps them (node/store/backup_targets.py says what each does)."""

    def get(self, target: bytes, /) -> Kept | None: ...  # noqa: D102
    def all(self) -> Sequence[Kept]: ...  # noqa: D102
    def keep(self, row: Kept) -> None: ...  # noqa: D102
    def remove(self, target: bytes, /) -> None: ...  # noqa: D102


class Progress(Protocol):
    """How far the backups at each target have come (node/store/backups.py)."""

    def forget_target(self, target: bytes, /) -> bool: ...  # noqa: D102


class TargetsUnit(Unit, Protocol):
    """What this service needs of a transaction."""

    @property
    def backup_targets(self) -> Targets: ...  # noqa: D102


class GoneUnit(TargetsUnit, Protocol):
    """What forgetting a target needs."""

    @property
    def backups(self) -> Progress: ...  # noqa: D102


class OpenTarget(Target, Protocol):
    """A target that holds connections."""

    def close(self) -> None:
        """End them."""


class Opener(Protocol):
    """What makes targets of descriptions; node/targets in a node."""

    def __call__(self, description: Description, /) -> OpenTarget:
        """The target. Raises UserError `bad-target`."""
        ...


@dataclass(frozen=True, slots=True)
class TargetView:
    """A target, without its password. `where` is a path or an address; `every_hours` 0: by hand only; `after_changes` 0: never sooner."""

    target: str
    name: str
    kind: str
    where: str
    user: str
    bucket: str
    prefix: str
    keeps_old_versions: bool
    same_disk: bool
    every_hours: int
    after_changes: int
    keep_last: int
    keep_daily: int
    keep_weekly: int
    keep_monthly: int
    added: int
    checked: int


def list_targets(unit: TargetsUnit) -> list[TargetView]:
    """Where your backups go."""
    return [_view(unit, row) for row in unit.backup_targets.all()]


def get_target(unit: TargetsUnit, target: bytes) -> TargetView:
    """One place where your backups go."""
    return _view(unit, _row(unit, target))


def keep_target(unit: TargetsUnit, description: Description, name: str, *, keeps_old: bool, same_disk: bool) -> TargetView:
    """Keep a target that was tested just now. Raises ConflictError `target-known` where backups go there already."""
    rows = unit.backup_targets.all()
    if any(_place(describe(unit, row.target)) == _place(description) for row in rows):
        raise ConflictError("Your backups go there already.", code="target-known")
    if len(rows) >= MOST_TARGETS:
        raise ConflictError(f"{MOST_TARGETS} places are enough. Remove one first.", code="too-many-targets")
    target, shown = unit.random(32), _named(name) if name.strip() else _NAMES[description.kind]
    sealed = unit.me.seal(PURPOSE, _to_bytes(description), target)
    row = Kept(
        target, shown, description.kind.value, sealed, int(keeps_old), int(same_disk), 24 * HOUR_MS, 200, 3, 7, 4, 12, unit.now, unit.now
    )
    unit.backup_targets.keep(row)
    unit.touched("changes")
    return _view(unit, row)


def tested_target(unit: TargetsUnit, target: bytes, *, keeps_old: bool, same_disk: bool) -> TargetView:
    """Keep what a test found."""
    row = replace(_row(unit, target), keeps_old=int(keeps_old), same_disk=int(same_disk), checked=unit.now)
    unit.backup_targets.keep(row)
    unit.touched("changes")
    return _view(unit, row)


def change_target(
    unit: TargetsUnit,
    target: bytes,
    name: str | None = None,
    every_hours: int | None = None,
    after_changes: int | None = None,
    keep_last: int | None = None,
    keep_daily: int | None = None,
    keep_weekly: int | None = None,
    keep_monthly: int | None = None,
) -> TargetView:
    """Say how often backups go there, and how many stay. Raises UserError `bad-name`, `bad-schedule`."""
    row = _row(unit, target)
    if every_hours is not None and not 0 <= every_hours <= _LONGEST_EVERY:
        raise UserError(f"Back up every 1 to {_LONGEST_EVERY} hours, or 0 for by hand only.", code="bad-schedule")
    if keep_last is not None and keep_last < 1:
        raise UserError("Keep at least the last backup.", code="bad-schedule")
    counts = {
        "after_changes": after_changes,
        "keep_last": keep_last,
        "keep_daily": keep_daily,
        "keep_weekly": keep_weekly,
        "keep_monthly": keep_monthly,
    }
    given = {key: value for key, value in counts.items() if value is not None}
    if not all(0 <= value <= _MOST_KEPT for value in given.values()):
        raise UserError(f"Numbers of backups and of changes are 0 to {_MOST_KEPT}.", code="bad-schedule")
    row = replace(
        row,
        name=row.name if name is None else _named(name),
        every=row.every if every_hours is None else every_hours * HOUR_MS,
        after_changes=given.get("after_changes", row.after_changes),
        keep_last=given.get("keep_last", row.keep_last),
        keep_daily=given.get("keep_daily", row.keep_daily),
        keep_weekly=given.get("keep_weekly", row.keep_weekly),
        keep_monthly=given.get("keep_monthly", row.keep_monthly),
    )
    unit.backup_targets.keep(row)
    unit.touched("changes")
    return _view(unit, row)


def remove_target(unit: GoneUnit, target: bytes) -> TargetView:
    """Send no more backups there, and forget the password. What lies there stays."""
    gone = _view(unit, _row(unit, target))
    unit.backup_targets.remove(target)
    unit.backups.forget_target(target)
    unit.touched("changes")
    return gone


def describe(unit: TargetsUnit, target: bytes) -> Description:
    """All that opens it, credentials included: for who opens it, and for nobody else."""
    row = _row(unit, target)
    return _from_bytes(unit.me.open(PURPOSE, row.sealed, target))


def probe(opener: Opener, description: Description, token: bytes) -> bool:
    """Write, read, replace and delete a little object; whether the target keeps old versions. Blocks.

    Raises IntegrityError `target-unreliable` where it does not give back what it took, and what targets raise.
    """
    name, first, second = f"probe/{token.hex()}", token * (_PROBE // len(token)), token
    with closing(opener(description)) as target:
        try:
            target.put(name, first)
            _must(target.get(name, _PROBE) == first)
            _must(any((row.name, row.size) == (name, len(first)) for row in target.entries("probe/")))
            target.put(name, second, replace=True)
            _must(target.get(name, _PROBE) == second)
        finally:
            target.delete(name)
        _must(all(row.name != name for row in target.entries("probe/")))
        return target.keeps_old_versions()


def _must(held: bool) -> None:
    if not held:
        raise IntegrityError("It does not give back what it was given, so it can hold no backup. Choose another.", code="target-unreliable")


def _row(unit: TargetsUnit, target: bytes) -> Kept:
    row = unit.backup_targets.get(target)
    if row is None:
        raise NotFound("Your backups do not go there. See where they go with: gemstra backup targets list")
    return row


def _named(name: str) -> str:
    shown = " ".join(name.split())
    if not 0 < len(shown) <= _LONGEST_NAME:
        raise UserError(f"Give it a name of 1 to {_LONGEST_NAME} characters, such as Blue disk.", code="bad-name")
    return shown


def _place(description: Description) -> tuple[str, ...]:
    return (description.where.rstrip("/"), description.bucket, description.prefix.strip("/"))


def _to_bytes(description: Description) -> bytes:
    return json.dumps(asdict(description), ensure_ascii=False).encode()


def _from_bytes(raw: bytes) -> Description:
    held = json.loads(raw)
    return Description(Kind(held.pop("kind")), **held)


def _view(unit: TargetsUnit, row: Kept) -> TargetView:
    told = describe(unit, row.target)
    return TargetView(
        row.target.hex(),
        row.name,
        row.kind,
        told.where,
        told.user,
        told.bucket,
        told.prefix,
        bool(row.keeps_old),
        bool(row.same_disk),
        row.every // HOUR_MS,
        row.after_changes,
        row.keep_last,
        row.keep_daily,
        row.keep_weekly,
        row.keep_monthly,
        row.added,
        row.checked,
    )
