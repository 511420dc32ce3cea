"""`vault.json`: costs and salt in the open, a wrapped master key, and the contents sealed under it.

The passphrase wraps only the master key, so that changing it rewrites 100 bytes. It decides the file's form; it knows no secret.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from node.errors import IntegrityError, NotFound, Unavailable

from .kdf import Profile

NAME = "vault.json"
FORMAT = "gemstra-vault"
VERSION = 1
BOUND_VERSION = 2  # bound to its computer: a program that doesn't know of it must not call the passphrase wrong
MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What stands in the file."""

    costs: Profile
    salt: bytes
    master: bytes
    contents: bytes
    device: bytes = b""
    """Which secret of the system's keyring is mixed in; nothing where the vault is not bound to its computer."""

    def header(self) -> bytes:
        """What wrapping and contents are bound to: form, costs and salt."""
        costs = self.costs
        plain = f"{FORMAT}/{VERSION}/argon2id/{costs.memory_kib}/{costs.passes}/{costs.lanes}/{self.salt.hex()}"
        return (f"{plain}/{self.device.hex()}" if self.device else plain).encode()


def save(folder: Path, file: KeyFile) -> None:
    """Write the file atomically: after a power cut the folder holds the old one or the new one, whole."""
    costs = {"memory_kib": file.costs.memory_kib, "passes": file.costs.passes, "lanes": file.costs.lanes}
    document = {
        "format": FORMAT,
        "version": BOUND_VERSION if file.device else VERSION,
        "kdf": {"algorithm": "argon2id", **costs, "salt": file.salt.hex(), **({"device": file.device.hex()} if file.device else {})},
        "master": file.master.hex(),
        "contents": file.contents.hex(),
    }
    write_atomically(folder / NAME, json.dumps(document, indent=1).encode())


def load(folder: Path) -> KeyFile:
    """Read the file. Raises NotFound `no-vault`, IntegrityError `damaged` or `newer-vault`."""
    path = folder / NAME
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise NotFound(f"There is no vault in {folder}. Run `gemstra init` first.", code="no-vault") from error
    try:
        document = json.loads(data)
        if document["format"] != FORMAT:
            raise ValueError("another format")
        if document["version"] not in (VERSION, BOUND_VERSION):
            raise IntegrityError("This vault was written by a newer Gemstra: install it.", code="newer-vault")
        kdf = document["kdf"]
        costs = Profile(int(kdf["memory_kib"]), int(kdf["passes"]), int(kdf["lanes"]))
        parts = (kdf["salt"], document["master"], document["contents"], kdf["device"] if document["version"] == BOUND_VERSION else "")
        found = KeyFile(costs, *(bytes.fromhex(text) for text in parts))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise IntegrityError(f"{path} is damaged. Restore it from a backup or from the 24 words.", code="damaged") from error
    costs.check()
    return found


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` (mode 0600) by `data`, on the disk when this returns. Raises Unavailable `disk-failed`."""
    fresh = path.with_name(path.name + ".new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise Unavailable(f"{path} can't be written: {error.strerror}. Nothing was changed.", code="disk-failed") from error
