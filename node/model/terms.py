"""The words a customer is found by, and what a search asks for. It decides what is the same letter, what is one word, what is near.

A word is a run of letters and digits without case and accents; it is found where a word begins. Phones (digits) and e-mails are `parts`:
three letters or digits of one are found anywhere in it. One or two letters are looked for in names only.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .customer import digits, plain
from .person import Contact

LONGEST_WORD = 40
MOST_WORDS = 2_000  # of one record: somebody may paste a book into the notes
MOST_PIECES = 12
PART = 3
RANKED = 4
"""From this many letters on what is found is sorted by how well it fits."""
_ALIKE = str.maketrans(
    {"ø": "o", "ł": "l", "ı": "i", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ŧ": "t", "ŋ": "n", "ς": "σ"}
)
_APOSTROPHES = "'’`´"
_APOSTROPHE = re.compile(rf"(?<=\w)[{_APOSTROPHES}](?=\w)")
_IDEOGRAM = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")  # written without spaces: each is a word
_WORD = re.compile(r"[^\W_]+")
_PARTED = {code: " " for code in range(128) if not chr(code).isalnum()}
"""For `str.translate`: what parts words of ASCII, as `_WORD` does."""
_NO_PART = re.compile(r"[^\w@.+\-]+")
_BLOCK = 128  # code points: as much as a script has letters that need no accent
_TRUNK = "(0)"  # +44 (0)20: said in one of two ways, never dialled together


def folded(text: str) -> str:
    """`text` as it is compared: `plain`, and letters that are no accented ones but typed as if they were (ø, ł, Turkish ı)."""
    found = plain(text)
    return found if found.isascii() else found.translate(_ALIKE)


def words(text: str) -> list[str]:
    """The words of `text`. O'Brien is one."""
    found = folded(text)
    if "'" in found or "’" in found or "`" in found or "´" in found:
        found = _APOSTROPHE.sub("", found)
    apart = found.translate(_PARTED).split() if found.isascii() else _WORD.findall(_IDEOGRAM.sub(r" \g<0> ", found))
    return [word[:LONGEST_WORD] for word in apart]


def elided(text: str) -> list[str]:
    """Words of two letters or more that stand behind an apostrophe, by themselves: ambre of d'ambre. `words` joins them."""
    if not any(mark in text for mark in _APOSTROPHES):
        return []  # nearly every title: a catalog may be of a million
    behind = _APOSTROPHE.split(folded(text))[1:]
    return [found[0] for found in map(words, behind) if found and len(found[0]) > 1]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a record is found by: words of the names, words of everything else, parts (one a line). Words are parted by spaces."""

    names: str
    others: str
    parts: str


def terms(person: Contact) -> Terms:
    """What `person` is found by: names, organisation; tags, handles, cities, postcodes, notes; phones and e-mails."""
    others = [*person.tags, *(item.value for item in person.handles), person.notes]
    others += [part for address in person.addresses for part in (address.city, address.postcode)]
    names = f"{person.names.full} {person.nickname} {person.organisation}"
    return Terms(" ".join(words(names)[:MOST_WORDS]), " ".join(words(" ".join(others))[:MOST_WORDS]), "\n".join(_parts(person)))


def _parts(person: Contact) -> dict[str, None]:
    numbers: list[str] = []
    for phone in person.phones:
        number, whole = digits(phone.raw.replace(_TRUNK, "")), digits(phone.e164 or "")
        numbers += [whole] if number in whole else [number] if whole in number else [whole, number]
    emails = [_NO_PART.sub("", folded(item.value)) for item in person.emails]
    return dict.fromkeys(part for part in (*numbers, *emails) if len(part) >= PART)


# --- what a search asks for


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of what was typed: all `words` begin words of the record, or `part` ("" = too short for one) is within one of its parts."""

    words: tuple[str, ...]
    part: str


Query = tuple[tuple[Piece, ...], ...]
"""Every group must be met, each by one of its pieces."""


def query(text: str) -> Query:
    """What `text` asks for: a phone number as a whole, else each piece between spaces. Empty: nothing to look for."""
    number = digits(text.replace(_TRUNK, "")).lstrip("0")
    if len(number) >= PART and not any(letter.isalpha() or letter == "@" for letter in text):
        return ((Piece(tuple(words(text)), number),),)
    found = [Piece(tuple(words(piece)), _part(piece)) for piece in text.split()[:MOST_PIECES]]
    return tuple((piece,) for piece in dict.fromkeys(found) if piece.words or piece.part)


def _part(piece: str) -> str:
    part = _NO_PART.sub("", folded(piece))
    if not any(letter.isalpha() or letter == "@" for letter in part):
        part = digits(part).lstrip("0")
    return part if len(part) >= PART else ""


def is_ranked(asked: Query) -> bool:
    """Whether there is enough of it to say what fits better."""
    return any(len(word) >= RANKED for group in asked for piece in group for word in (*piece.words, piece.part))


def may_be_mistyped(piece: Piece) -> bool:
    """Whether near words are looked for: one word of three letters or more, no number."""
    return len(piece.words) == 1 and len(piece.words[0]) >= PART and piece.words[0].isalpha()


def slips(word: str) -> set[str]:
    """All that is one slip from `word`: a letter too many, too few, another or two changed about, with letters of its script."""
    blocks = {ord(letter) // _BLOCK * _BLOCK for letter in word}
    codes = (code for block in blocks for code in range(block, block + _BLOCK))
    letters = [letter for letter in map(chr, codes) if letter.isalpha() and folded(letter) == letter]
    found: set[str] = set()
    for at in range(len(word) + 1):
        left, right = word[:at], word[at:]
        found.update(left + letter + right for letter in letters)
        if right:
            found.update(left + letter + right[1:] for letter in ("", *letters))
            found.add(left + right[1:2] + right[0] + right[2:])
    return found - {word, ""}


def near(word: str, vocabulary: Mapping[str, int], most: int = 3) -> list[str]:
    """Words of `vocabulary` (word → in how many records) one slip from `word`, two from six letters on; the likeliest first.

    A slip is a letter too many, too few, another or two changed about. Words that only begin like that come where no whole one does.
    """
    from rapidfuzz import process  # only a search that found nobody needs it
    from rapidfuzz.distance import OSA

    slips = 1 if len(word) < 6 else 2
    choices = [known for known in vocabulary if known != word and len(known) >= len(word) - slips]
    for shown in (choices, [known[: len(word)] for known in choices]):
        found = process.extract(word, shown, scorer=OSA.distance, score_cutoff=slips, limit=None)
        if found:
            ordered = sorted(found, key=lambda hit: (hit[1], -vocabulary[choices[hit[2]]], choices[hit[2]]))
            return [choices[hit[2]] for hit in ordered if hit[1] == ordered[0][1]][:most]
    return []


def instead(words_: Iterable[str]) -> tuple[Piece, ...]:
    """Pieces for near words, one of which must be met."""
    return tuple(Piece((word,), "") for word in words_)
