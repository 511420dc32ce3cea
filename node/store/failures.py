"""What the engine's failures mean to the person: named errors. It decides no retry and hides nothing it doesn't know."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlcipher3 import dbapi2

from node.errors import IntegrityError, NodeError, Unavailable, UserError

_PRIMARY = 0xFF
_FULL, _BUSY, _LOCKED, _IOERR, _CORRUPT, _CANTOPEN, _NOTADB = 13, 5, 6, 10, 11, 14, 26


def translate(error: Exception) -> NodeError | None:
    """The named error behind an engine failure, or None where it is a bug of ours (SQL, constraint)."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code == _FULL:
        return Unavailable("The disk is full: nothing of this was saved. Free some space and try again.", code="disk-full")
    if code == _IOERR:
        return Unavailable(
            "The disk refused to write or read: nothing of this was saved. Check the disk and its free space.",
            code="disk-failed",
        )
    if code in (_CORRUPT, _NOTADB):
        return IntegrityError("The store is damaged: its bytes are not what was written. Restore the latest backup.", code="damaged")
    if code in (_BUSY, _LOCKED):
        return Unavailable("The store is busy in another process. Try again.", code="store-busy")
    if code == _CANTOPEN:
        return UserError("The store can't be opened for writing: check the folder's permissions.", code="store-unwritable")
    return None


@contextmanager
def named() -> Iterator[None]:
    """Engine failures leave the block as named errors; what has no name passes through as it is."""
    try:
        yield
    except dbapi2.Error as error:
        known = translate(error)
        if known is None:
            raise
        raise known from error
    except OverflowError as error:
        if "SQLite" not in str(error):
            raise
        raise UserError("A number in this is larger than can be kept.", code="out-of-range") from error
