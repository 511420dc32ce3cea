"""Where backups go: what describes a target, and what lies there."""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a target is."""

    FOLDER = "folder"
    DISK = "disk"
    """A folder on a disk that is not always there."""
    WEBDAV = "webdav"
    S3 = "s3"


@dataclass(frozen=True, slots=True)
class Description:
    """All that is needed to open a target; kept sealed, for it holds the credentials.

    `where` is an absolute path, the https address of a WebDAV folder, or of an S3 service (empty: Amazon's). `user` and `secret` are
    name and password, or access key and its secret. `bucket`, `region` and `prefix` are S3's. `marker` is the id written into a folder
    when it was set up; without one it is not looked for.
    """

    kind: Kind
    where: str
    user: str = ""
    secret: str = field(default="", repr=False)
    bucket: str = ""
    region: str = ""
    prefix: str = ""
    marker: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """One object at a target. `name` is "<folder>/<name>" in a-z, 0-9, dot, dash and underscore, at most 200 characters."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A target as the store keeps it. `sealed` is its description; `every` in ms, 0 for by hand only; counts of backups that stay."""

    target: bytes
    name: str
    kind: str
    sealed: bytes
    keeps_old: int
    """1 where what is replaced can be had back: erasing does not reach old backups there."""
    same_disk: int
    """1 where it is on the disk that the desk itself is on."""
    every: int
    after_changes: int
    keep_last: int
    keep_daily: int
    keep_weekly: int
    keep_monthly: int
    added: int
    checked: int
    """When it was last written to, read from and deleted from."""
