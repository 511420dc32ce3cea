"""Secrets on paper (BIP-39): 24 words are the whole identity and wallet, 12 more the next root key. They are never stored."""

import os
from collections.abc import Sequence

from mnemonic import Mnemonic

from node.errors import UserError

RECOVERY_BYTES = 32  # 24 words
ROTATION_BYTES = 16  # 12 words
_TELLING = 4  # no two words of the list begin with the same four letters
_SHOWN = 24


def to_words(entropy: bytes) -> str:
    """The English phrase for 16 or 32 bytes."""
    return str(Mnemonic("english").to_mnemonic(entropy))


def entropy(phrase: str | None, count: int) -> bytes:
    """The bytes of a sheet that exists, or fresh ones for a new sheet. Raises UserError `bad-words`."""
    return os.urandom(count) if phrase is None else from_words(phrase, count)


def from_words(phrase: str, count: int) -> bytes:
    """The bytes behind a phrase typed by a person: letter case, spaces and line ends do not matter.

    Raises UserError `bad-words`, naming the first word that is none with the one it is nearest to, the wrong number, or the failing
    check. The word is the person's own and goes back to the page or prompt where it was typed: such an error is never logged.
    """
    book = Mnemonic("english")
    typed = phrase.lower().split()
    wanted = count * 3 // 4
    if len(typed) != wanted:
        raise UserError(f"The sheet has {wanted} words; these are {len(typed)}.", code="bad-words")
    for place, word in enumerate(typed, 1):
        if word not in book.wordlist:
            raise UserError(_unknown(place, word, book.wordlist), code="bad-words")
    if not book.check(" ".join(typed)):
        raise UserError("These words don't belong together: check their order.", code="bad-words")
    return bytes(book.to_entropy(typed))


def nearest(word: str, wordlist: Sequence[str]) -> str | None:
    """The word of the list that was probably meant: one slip away, or the only one that begins so, or two slips away."""
    from rapidfuzz.distance import DamerauLevenshtein
    from rapidfuzz.process import extractOne

    typed = word[:_SHOWN]
    close = extractOne(typed, wordlist, scorer=DamerauLevenshtein.distance, score_cutoff=2 if len(typed) > _TELLING else 1)
    begun = [known for known in wordlist if known[:_TELLING] == typed[:_TELLING]]
    if len(begun) == 1 and (close is None or close[1] > 1):
        return begun[0]
    return str(close[0]) if close else None


def _unknown(place: int, word: str, wordlist: Sequence[str]) -> str:
    near = nearest(word, wordlist)
    shown = word if len(word) <= _SHOWN else word[:_SHOWN] + "…"
    return f"Word {place}, '{shown}', is not on the list. " + (f"Did you mean {near}?" if near else "Check its spelling.")


def seed(phrase: str) -> bytes:
    """The 64-byte BIP-39 seed of a phrase without a further passphrase, as wallets compute it."""
    return bytes(Mnemonic.to_seed(phrase))
