"""The sheet that holds the root key, as typed: the 24 words until the root rotates, then 12. Nothing of it is kept."""

from dataclasses import dataclass

from nacl.bindings import crypto_scalarmult_base

from . import derive, words
from .keys import Ed25519Signer


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a sheet stands for. `wipe` it once the signatures are made."""

    root: Ed25519Signer
    recovery: bytes
    """X25519, 32 bytes: the public key that generations and backups are sealed to."""

    def wipe(self) -> None:
        """Forget the root key."""
        self.root.wipe()


def read(phrase: str) -> Sheet:
    """The sheet behind 24 or 12 words. Raises UserError `bad-words`."""
    if len(phrase.split()) == words.ROTATION_BYTES * 3 // 4:
        return _sheet(words.from_words(phrase, words.ROTATION_BYTES), derive.next_root_seed)
    return _sheet(words.from_words(phrase, words.RECOVERY_BYTES), derive.root_seed)


def opening_secret(phrase: str) -> bytes:
    """The X25519 secret of a sheet, which opens what is sealed to its recovery key. Raises UserError `bad-words`."""
    rotated = len(phrase.split()) == words.ROTATION_BYTES * 3 // 4
    return derive.recovery_seed(words.from_words(phrase, words.ROTATION_BYTES if rotated else words.RECOVERY_BYTES))


def next_root(phrase: str) -> bytes:
    """The public root key of a rotation sheet, to commit to. Raises UserError `bad-words`."""
    signer = Ed25519Signer(derive.next_root_seed(words.from_words(phrase, words.ROTATION_BYTES)))
    signer.wipe()
    return signer.public


def _sheet(entropy: bytes, root_of: derive.Derivation) -> Sheet:
    return Sheet(Ed25519Signer(root_of(entropy)), crypto_scalarmult_base(derive.recovery_seed(entropy)))
