"""The sealing of backups with the keys in hand: an unlocked vault's, or those that words give. It gives none of them out."""

from collections.abc import Callable, Sequence

from node.errors import IntegrityError

from . import age, sealing

_PURPOSE = "backup row"


class BackupCipher:
    """`secrets` are the X25519 secrets that open files sealed to us, asked for anew each time, so that a lock takes effect."""

    def __init__(self, secrets: Callable[[], Sequence[bytes]]) -> None:
        self._secrets = secrets

    def encrypt(self, data: bytes, recipients: Sequence[bytes]) -> bytes:
        """A file for these X25519 public keys."""
        return age.encrypt(data, recipients)

    def decrypt(self, data: bytes) -> bytes:
        """What a file sealed to us holds. Raises IntegrityError `backup-other-keys`."""
        return age.decrypt(data, self._secrets())

    def seal_row(self, secret: bytes, table: str, plaintext: bytes) -> bytes:
        """`plaintext` under a customer's key, bound to the table."""
        return sealing.seal(secret, _PURPOSE, plaintext, table.encode())

    def open_row(self, secret: bytes, table: str, sealed: bytes) -> bytes:
        """What was sealed. Raises IntegrityError `backup-damaged`."""
        try:
            return sealing.unseal(secret, _PURPOSE, sealed, table.encode())
        except IntegrityError as error:
            raise IntegrityError("A customer's row in this backup is not what was sealed.", code="backup-damaged") from error
