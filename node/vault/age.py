"""age v1 files (age-encryption.org/v1) to X25519 keys, and one row under its customer's key. It knows no backup.

age writes a key as Bech32 (BIP-173): `age1…` a recipient, `AGE-SECRET-KEY-1…` an identity. So anybody with the words can open a
backup's files with the age tool as well.
"""

from collections.abc import Sequence

import pyrage

from node.errors import IntegrityError

RECIPIENT, IDENTITY = "age", "age-secret-key-"
_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECK_LETTERS = 6


def recipient(public: bytes) -> str:
    """`age1…` for a 32-byte X25519 public key."""
    return bech32(RECIPIENT, public)


def identity(secret: bytes) -> str:
    """`AGE-SECRET-KEY-1…` for a 32-byte X25519 secret."""
    return bech32(IDENTITY, secret).upper()


def encrypt(data: bytes, recipients: Sequence[bytes]) -> bytes:
    """An age file that each of the X25519 public keys opens."""
    written = _Written()
    pyrage.encrypt_io(_Pieces(data), written, [pyrage.x25519.Recipient.from_str(recipient(public)) for public in recipients])
    return written.data


def decrypt(data: bytes, secrets: Sequence[bytes]) -> bytes:
    """What an age file holds.

    Raises IntegrityError `backup-other-keys` when none of the X25519 secrets opens it, `backup-damaged` when its body was changed.
    """
    written = _Written()
    try:
        pyrage.decrypt_io(_Pieces(data), written, [pyrage.x25519.Identity.from_str(identity(secret)) for secret in secrets])
    except pyrage.DecryptError as error:
        raise IntegrityError("None of these keys opens this backup: it is sealed to others.", code="backup-other-keys") from error
    except OSError as error:  # so the library says it, once it has begun to write
        raise IntegrityError("A file of this backup is not what was sealed.", code="backup-damaged") from error
    return written.data


class _Pieces:
    """Bytes as the library reads them: through Python, a piece at a time, for it holds the interpreter lock as long as it works."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)

    def read(self, count: int = -1) -> bytes:
        """Up to `count` bytes."""
        piece = self._data if count < 0 else self._data[:count]
        self._data = self._data[len(piece) :]
        return bytes(piece)


class _Written:
    """What the library wrote."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, piece: bytes) -> int:
        """Take a piece."""
        self._parts.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""

    @property
    def data(self) -> bytes:
        """All of it."""
        return b"".join(self._parts)


def bech32(prefix: str, data: bytes) -> str:
    """BIP-173, without its bound on the length, as age has it."""
    values = _five_bits(data)
    spread = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]
    check = _polymod([*spread, *values, *[0] * _CHECK_LETTERS]) ^ 1
    values += [check >> 5 * (_CHECK_LETTERS - 1 - place) & 31 for place in range(_CHECK_LETTERS)]
    return prefix + "1" + "".join(_LETTERS[value] for value in values)


def _five_bits(data: bytes) -> list[int]:
    count = -(-len(data) * 8 // 5)
    number = int.from_bytes(data, "big") << count * 5 - len(data) * 8
    return [number >> 5 * (count - 1 - place) & 31 for place in range(count)]


def _polymod(values: Sequence[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATOR):
            if top >> place & 1:
                check ^= generator
    return check
