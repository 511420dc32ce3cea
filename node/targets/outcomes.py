"""What every target says in the same words: full, gone, unreachable, refused, not there, larger than it should be."""

from node.errors import IntegrityError, NotFound, Unavailable, UserError


def full(where: str) -> Unavailable:
    """No space is left."""
    return Unavailable(f"{where} is full. Free some space there, or let fewer backups be kept.", code="target-full")


def gone(where: str, why: str) -> Unavailable:
    """The target was there and is not now."""
    text = f"{where} is not there now: {why}. Plug in the disk, connect the folder again, or check how it is spelled."
    return Unavailable(text, code="target-gone")


def unreachable(where: str, why: str) -> Unavailable:
    """It does not answer, or breaks off."""
    return Unavailable(f"{where} cannot be reached: {why}. It is tried again later.", code="target-unreachable")


def refused(where: str, why: str) -> UserError:
    """It answers, and does not let us."""
    return UserError(f"{where} does not allow it: {why}. Check what this user may do there.", code="target-refused")


def wrong_credentials(where: str) -> UserError:
    """Name or password, or a key, is not right."""
    return UserError(f"{where} does not take this name and password. Enter them again.", code="target-credentials")


def no_target(where: str, why: str) -> UserError:
    """Something else answers at this address."""
    return UserError(f"{where} cannot hold backups: {why}. Check the address.", code="not-a-target")


def bad_target(why: str) -> UserError:
    """The description itself is wrong."""
    return UserError(why, code="bad-target")


def missing(name: str) -> NotFound:
    """No such object."""
    return NotFound(f"{name} is not among the backups there.", code="backup-missing")


def too_large(name: str, most: int) -> IntegrityError:
    """Larger than what was written."""
    return IntegrityError(f"{name} has more than {most} bytes: it is not what was written. Choose another backup.", code="backup-damaged")
