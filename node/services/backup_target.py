"""A place that keeps backups, as the engine sees it: named objects and nothing else. It knows no format and no key.

Anything that holds files will do (a folder, a disk that comes and goes, WebDAV, S3): the objects are sealed before they get here, so a
target is trusted with nothing but keeping them, and even that is checked. Calls block; they are made in worker threads.
"""

from collections.abc import Sequence
from typing import Protocol

from node.model.target import Stored

__all__ = ["Stored", "Target"]


class Target(Protocol):
    """Raises Unavailable `target-unreachable`, `target-full`, `target-gone`; UserError `target-refused`; NotFound."""

    def entries(self, prefix: str) -> Sequence[Stored]:
        """The objects whose name begins so, in order of name."""

    def get(self, name: str, most: int) -> bytes:
        """The whole object. Raises NotFound, and IntegrityError `backup-damaged` when it is larger than `most`."""

    def put(self, name: str, data: bytes, *, replace: bool = False) -> None:
        """Keep an object, whole or not at all, on the disk when this returns. Without `replace` one that is there stays as it is."""

    def delete(self, name: str) -> None:
        """Delete an object; one that is not there is fine."""

    def keeps_old_versions(self) -> bool:
        """Whether what is replaced or deleted can be had back (a versioned bucket): then erasing cannot reach old backups."""
