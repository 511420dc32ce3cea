"""Names of objects at a target, and where one is cut into its parts. What is no name of ours is never looked at, nor written."""

import re
from collections.abc import Sequence

from node.errors import IntegrityError

INCOMING = ".incoming"
MARKER = ".gemstra-target"
_LONGEST = 200
_PART = re.compile(r"[a-z0-9_-][a-z0-9._-]*")


def is_name(name: str) -> bool:
    """Whether an object may be called so: no part begins with a dot, so none leads out of the target or to what is half written."""
    return len(name) <= _LONGEST and all(_PART.fullmatch(part) for part in name.split("/"))


def parts_of(name: str) -> Sequence[str]:
    """The folders and the last part. Raises IntegrityError `backup-damaged` for what is no name: only a forged list holds such."""
    if not is_name(name):
        raise IntegrityError("A backup names an object that no backup of ours has. Choose another backup.", code="backup-damaged")
    return name.split("/")


def folder_of(prefix: str) -> str:
    """The folder in which everything that begins with `prefix` lies, without the last slash."""
    return prefix.rpartition("/")[0]
