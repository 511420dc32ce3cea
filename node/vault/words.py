"""Secrets on paper (BIP-39): 24 words are the whole identity and wallet, 12 more the next root key. They are never stored."""

import os

from mnemonic import Mnemonic

from node.errors import UserError

RECOVERY_BYTES = 32  # 24 words
ROTATION_BYTES = 16  # 12 words


def to_words(entropy: bytes) -> str:
    """The English phrase for 16 or 32 bytes."""
    return str(Mnemonic("english").to_mnemonic(entropy))


def entropy(phrase: str | None, count: int) -> bytes:
    """The bytes of a sheet that exists, or fresh ones for a new sheet. Raises UserError `bad-words`."""
    return os.urandom(count) if phrase is None else from_words(phrase, count)


def from_words(phrase: str, count: int) -> bytes:
    """The bytes behind a phrase typed by a person: letter case, spaces and line ends do not matter.

    Raises UserError `bad-words`, naming the first word that is none, the wrong number, or the failing check.
    """
    book = Mnemonic("english")
    typed = phrase.lower().split()
    wanted = count * 3 // 4
    if len(typed) != wanted:
        raise UserError(f"The sheet has {wanted} words; these are {len(typed)}.", code="bad-words")
    for place, word in enumerate(typed, 1):
        if word not in book.wordlist:
            raise UserError(f"Word {place} is not on the list: check its spelling.", code="bad-words")
    if not book.check(" ".join(typed)):
        raise UserError("These words don't belong together: check their order.", code="bad-words")
    return bytes(book.to_entropy(typed))


def seed(phrase: str) -> bytes:
    """The 64-byte BIP-39 seed of a phrase without a further passphrase, as wallets compute it."""
    return bytes(Mnemonic.to_seed(phrase))
