"""A vault bound to its computer: a secret in the system's keyring is mixed into the key that the passphrase gives.

A copy of the folder is then no longer enough to guess passphrases with. Without the keyring nobody opens the vault, its owner included:
then only words and a backup help. The vault file names the secret by a random id, so that the folder may be moved on the same computer.
"""

import os

from node.errors import NotFound

from . import ring
from .derive import hkdf

SERVICE = "gemstra-device"
ID_BYTES = 16
_SECRET_BYTES = 32


def make() -> bytes:
    """A fresh secret in the keyring; its id. Raises Unavailable `no-keyring`."""
    name = os.urandom(ID_BYTES)
    ring.put(SERVICE, name.hex(), os.urandom(_SECRET_BYTES).hex())
    return name


def secret_of(device: bytes) -> bytes:
    """The secret of this id; nothing for a vault that is not bound. Raises NotFound `device-secret-missing`, Unavailable `no-keyring`."""
    if not device:
        return b""
    found = ring.get(SERVICE, device.hex())
    if found is None:
        text = "This vault is bound to a computer whose keyring holds its secret; this one doesn't. Restore it from words and a backup."
        raise NotFound(text, code="device-secret-missing")
    return bytes.fromhex(found)


def forget(device: bytes) -> None:
    """Take the secret out, once no file needs it any more. Raises Unavailable `no-keyring`."""
    ring.drop(SERVICE, device.hex())


def mixed(key: bytes, secret: bytes) -> bytes:
    """The wrapping key, from what the passphrase gave and the device's secret."""
    return hkdf(key + secret, b"bound to device") if secret else key
