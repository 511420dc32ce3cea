"""How customers do not want to be reached: four wishes that are chosen, and what a free one says in the languages that are read.

A wish that nobody understands bars nothing; it stands on the customer's page for a person to read. A language is read by itself, for "no
telefone" is a refusal in none but means "by phone" in Portuguese.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from .customer import plain
from .details import Entry
from .person import Contact
from .task import Channel

FIXED: Mapping[str, str] = MappingProxyType(
    {"call": "No calls", "message": "No messages", "visit": "No visits", "contact": "No contact"},
)
"""The wishes that are chosen, as they are kept among the preferences, without a label."""

_WAYS = (Channel.CALL, Channel.MESSAGE, Channel.VISIT)
_ANY_MESSAGE = r"sms|e-?mails?|whatsapp"
# For each language: a no; then what is not wanted: calls, messages, visits, anything at all. Without case and accents.
_LANGUAGES: Mapping[str, tuple[str, str, str, str, str]] = MappingProxyType(
    {
        "en": (
            r"no|not|never|don't|dont|without",
            r"calls?|calling|phone|phoning|ringing|ring",
            rf"messages?|messaging|texts?|texting|{_ANY_MESSAGE}",
            r"visits?|visiting",
            r"contact|advertising|advertisements?|marketing",
        ),
        "de": (
            r"keine?n?|nicht|nie|niemals|ohne",
            r"anrufe?n?|telefonieren|telefonanrufe?|telefon",
            rf"nachrichten?|schreiben|{_ANY_MESSAGE}",
            r"besuche?n?|vorbeikommen",
            r"kontakt|kontaktieren|werbung",
        ),
        "es": (
            r"no|nunca|sin|jamas",
            r"llamadas?|llamar|llamen?|llames|telefono",
            rf"mensajes?|escribir|escribas?|correos?|{_ANY_MESSAGE}",
            r"visitas?|visitar|visites?",
            r"contacto|contactar|publicidad",
        ),
        "fr": (
            r"ne|pas|jamais|aucune?|sans|non",
            r"appels?|appeler|appelez|telephone|telephoner",
            rf"messages?|ecrire|ecrivez|courriels?|{_ANY_MESSAGE}",
            r"visites?|visiter",
            r"contact|contacter|contactez|publicite|demarchage",
        ),
        "it": (
            r"no|non|mai|senza|niente|nessuna?",
            r"chiamat[ae]|chiamare|telefonat[ae]|telefonare|telefono",
            rf"messaggi[o]?|scrivere|{_ANY_MESSAGE}",
            r"visit[ae]|visitare",
            r"contatt[oi]|contattare|pubblicita",
        ),
        "pt": (
            r"nao|nunca|sem|nenhuma?",
            r"ligacao|ligacoes|ligar|ligue|chamadas?|telefonemas?|telefonar|telefone",
            rf"mensage(?:m|ns)|escrever|{_ANY_MESSAGE}",
            r"visitas?|visitar",
            r"contacto|contato|contactar|contatar|publicidade",
        ),
    }
)
_TAKEN_BACK = frozenset({"no", "false", "0", "off"})


def chosen(preferences: Iterable[Entry]) -> tuple[str, ...]:
    """Which of the fixed wishes are among the preferences."""
    said = {plain(item.value) for item in preferences if not item.label}
    return tuple(key for key, text in FIXED.items() if plain(text) in said)


def free(preferences: Iterable[Entry]) -> tuple[Entry, ...]:
    """The preferences that are none of the fixed wishes."""
    fixed = {plain(text) for text in FIXED.values()}
    return tuple(item for item in preferences if item.label or plain(item.value) not in fixed)


def with_chosen(others: Iterable[Entry], keys: Iterable[str], before: Sequence[Entry]) -> tuple[Entry, ...]:
    """Preferences of free wishes and these of the fixed ones; as they stood `before` where they are the same."""
    rows, wanted = tuple(others), set(keys)
    if set(chosen(before)) == wanted and free(before) == tuple(item for item in rows if item.value or item.label):
        return tuple(before)
    return (*free(rows), *(Entry(text) for key, text in FIXED.items() if key in wanted))


def barred(person: Contact) -> frozenset[Channel]:
    """How the customer does not want to be reached, as far as a preference says so: "No calls", "do not call me", "Anrufe: nie"."""
    said = [(plain(wish.label), plain(wish.value).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")) for wish in person.preferences]
    fixed = {plain(text): key for key, text in FIXED.items()}
    keys = {fixed[value] for label, value in said if not label and value in fixed}
    for no, *ways, at_all in _read(person.language):
        wishes = [f"{label}: {value}" for label, value in said if not (value in _TAKEN_BACK and re.search(rf"\b(?:{no})\b", label))]
        if any(_refuses(wish, no, at_all) for wish in wishes):
            keys.add("contact")
        keys.update(way.value for way, words in zip(_WAYS, ways, strict=True) if any(_refuses(wish, no, words) for wish in wishes))
    return frozenset(Channel) if "contact" in keys else frozenset(way for way in _WAYS if way.value in keys)


def _read(language: str) -> Iterable[tuple[str, str, str, str, str]]:
    """The languages a wish is read in: all, but for one who speaks Portuguese."""
    return (_LANGUAGES["pt"],) if language.lower().startswith("pt") else _LANGUAGES.values()


def _refuses(wish: str, no: str, words: str) -> bool:
    """Whether a no stands before the word, at most two others between them, or right after it."""
    return bool(re.search(rf"\b(?:{no})\b(?:\W+\w+){{0,2}}?\W+(?:{words})\b|\b(?:{words})\W+(?:{no})\b", wish))
