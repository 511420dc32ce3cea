"""A passphrase for a start with nobody there: from the system's keyring, or from a credential that systemd hands over.

Whoever may use that source opens the vault; it decides nothing else. The passphrase is in no argument and in no environment variable.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from node.errors import NotFound, Unavailable, UserError

from . import ring
from .kdf import MAX_PASSPHRASE_BYTES

Source = Literal["keyring", "credential"]
SERVICE = "gemstra"
CREDENTIAL = "gemstra-passphrase"
DIRECTORY = "CREDENTIALS_DIRECTORY"


def read(source: str, folder: Path, environment: Mapping[str, str]) -> str:
    """The passphrase of the vault in `folder`. Raises UserError `bad-source` and what the two below raise."""
    if source not in get_args(Source):
        raise UserError(f"A node unlocks from {' or '.join(get_args(Source))}, not from {source!r}.", code="bad-source")
    return from_keyring(folder) if source == "keyring" else from_credential(environment)


def from_keyring(folder: Path) -> str:
    """What `remember` put there. Raises NotFound `nothing-remembered`, Unavailable `no-keyring`."""
    found = ring.get(SERVICE, _name(folder))
    if found is None:
        raise NotFound("The keyring holds no passphrase for this node. Put it there with: gemstra keys remember", code="nothing-remembered")
    return found


def from_credential(environment: Mapping[str, str]) -> str:
    """The first line of systemd's credential `gemstra-passphrase`. Raises NotFound `no-credential`."""
    advice = f"Give the unit LoadCredentialEncrypted={CREDENTIAL}:FILE (docs/keys.md)."
    folder = environment.get(DIRECTORY, "")
    if not folder:
        raise NotFound(f"systemd handed over no credentials. {advice}", code="no-credential")
    try:
        with (Path(folder) / CREDENTIAL).open("rb") as file:
            text = file.read(MAX_PASSPHRASE_BYTES + 2).decode("utf-8").split("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(f"The credential {CREDENTIAL} can't be read. {advice}", code="no-credential") from error
    if not text:
        raise NotFound(f"The credential {CREDENTIAL} is empty. {advice}", code="no-credential")
    return text


def remember(folder: Path, passphrase: str) -> None:
    """Put the passphrase into the keyring. Raises Unavailable `no-keyring`."""
    ring.put(SERVICE, _name(folder), passphrase)


def forget(folder: Path) -> bool:
    """Take it out again. True when it was there. Raises Unavailable `no-keyring`."""
    return ring.drop(SERVICE, _name(folder))


def remembered(folder: Path) -> bool:
    """Whether the keyring holds it; False where there is no keyring to ask."""
    try:
        return ring.get(SERVICE, _name(folder)) is not None
    except Unavailable:
        return False


def _name(folder: Path) -> str:
    return str(folder.resolve())
