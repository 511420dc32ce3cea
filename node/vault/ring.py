"""The system's keyring, as little of it as is needed. Whoever uses the same account can read it; it knows not what it holds for us."""

from collections.abc import Iterator
from contextlib import contextmanager

from node.errors import Unavailable


def get(service: str, name: str) -> str | None:
    """What was put there. Raises Unavailable `no-keyring`."""
    import keyring

    with _named():
        found: str | None = keyring.get_password(service, name)
        return found


def put(service: str, name: str, value: str) -> None:
    """Keep a value, and look that it is kept. Raises Unavailable `no-keyring`."""
    import keyring

    with _named():
        keyring.set_password(service, name, value)
    if get(service, name) != value:
        raise _unusable("it does not give back what was put there")


def drop(service: str, name: str) -> bool:
    """Take it out. True when it was there. Raises Unavailable `no-keyring`."""
    import keyring

    if get(service, name) is None:
        return False
    with _named():
        keyring.delete_password(service, name)
    return True


@contextmanager
def _named() -> Iterator[None]:
    from keyring.errors import KeyringError

    try:
        yield
    except KeyringError as error:  # its text may name what was asked for; the kind says enough
        raise _unusable(type(error).__name__) from error


def _unusable(why: str) -> Unavailable:
    return Unavailable(f"The keyring of this computer can't be used ({why}).", code="no-keyring")
