"""What a search and filters mean, said over again in plain Python: brute force over the records, for tests to compare with."""

import re
import unicodedata
from datetime import UTC, datetime

DAY = 86_400_000
LETTERS = {"ø": "o", "ł": "l", "ı": "i", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ŧ": "t", "ŋ": "n", "ς": "σ"}
COUNTRIES = {"España": "ES", "Spain": "ES", "es": "ES", "Deutschland": "DE", "Germany": "DE", "Narnia": "narnia"}


def bare(text):
    apart = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join("".join(LETTERS.get(letter, letter) for letter in kept).split())


def words_of(text):
    joined = re.sub(r"(?<=\w)['’`´](?=\w)", "", bare(text))
    apart = "".join(f" {letter} " if "\u3040" <= letter <= "\u30ff" or "\u3400" <= letter <= "\u9fff" else letter for letter in joined)
    return [word[:40] for word in re.split(r"[\W_]+", apart) if word]


def number_of(text):
    return re.sub(r"\D", "", text.replace("(0)", ""))


def parts_of(person):
    numbers = [number_of(phone.raw) for phone in person.phones] + [number_of(phone.e164 or "") for phone in person.phones]
    return [part for part in (*numbers, *(re.sub(r"[^\w@.+\-]", "", bare(email.value)) for email in person.emails)) if len(part) > 2]


def name_words(person):
    return words_of(f"{person.names.full} {person.nickname} {person.organisation}")


def all_words(person):
    places = [part for address in person.addresses for part in (address.city, address.postcode)]
    others = [*person.tags, *(handle.value for handle in person.handles), person.notes, *places]
    return name_words(person) + [word for text in others for word in words_of(text)]


def begins(word, words):
    return any(known.startswith(word) for known in words)


def has_words(words, person):
    return bool(words) and all(begins(word, all_words(person) if len(word) > 2 else name_words(person)) for word in words)


def has_part(part, person):
    return len(part) > 2 and any(part in known for known in parts_of(person))


def is_found(text, person):
    """Whether a search for `text` finds the person."""
    number = number_of(text).lstrip("0")
    if len(number) > 2 and not any(letter.isalpha() or letter == "@" for letter in text):
        return has_words(words_of(text), person) or has_part(number, person)
    for piece in text.split():
        part = re.sub(r"[^\w@.+\-]", "", bare(piece))
        if not any(letter.isalpha() or letter == "@" for letter in part):
            part = re.sub(r"\D", "", part).lstrip("0")
        if (words_of(piece) or len(part) > 2) and not (has_words(words_of(piece), person) or has_part(part, person)):
            return False
    return True


def begins_so(text, person):
    """Whether the person's names alone have all that was typed."""
    words = [word for piece in text.split() for word in words_of(piece)]
    return bool(words) and all(begins(word, name_words(person)) for word in words)


def agrees(purpose, person):
    said = [consent.given for consent in person.consents if bare(consent.purpose) == bare(purpose)]
    return bool(said) and said[-1]


def moment(text, now):
    if text.isdecimal():
        return now - int(text) * DAY
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def country(text):
    return COUNTRIES.get(text, bare(text))


def meets(filters, customer, last_order, now):
    """Whether a customer who placed the last order then meets the filters."""
    person = customer.person
    has = {"phone": bool(person.phones), "email": bool(person.emails), "postal": person.postal_address() is not None}
    return all(
        (
            is_found(filters.text, person),
            all(bare(tag) in map(bare, person.tags) for tag in filters.tags),
            not filters.city or bare(filters.city) in [bare(address.city) for address in person.addresses],
            not filters.country or country(filters.country) in [country(address.country) for address in person.addresses],
            not filters.consent or agrees(filters.consent, person),
            not filters.no_consent or not agrees(filters.no_consent, person),
            not filters.month or person.birthday[-5:-3] == f"{filters.month:02}",
            all(has[name] for name in filters.has),
            not any(has[name] for name in filters.lacks),
            not filters.since or (last_order > 0 and last_order >= moment(filters.since, now)),
            not filters.before or 0 < last_order < moment(filters.before, now),
            not filters.never or last_order == 0,
            {"no": customer.archived is None, "only": customer.archived is not None, "all": True}[filters.archived],
            not filters.language or bare(filters.language) == bare(person.language),
            not filters.source or bare(filters.source) == bare(person.came_by),
        )
    )


def is_index(table):
    """Whether a table is the index of customers, whose numbers and pages differ between stores of the same content: compare `dump`."""
    return table.startswith(("customer_index", "customer_terms", "customer_words", "customer_parts", "customer_vocabulary"))


def dump(unit):
    """What the index has of each customer, whatever its numbers are."""
    sql = "SELECT customer, sort, last_order, names, others, facets, parts FROM customer_index JOIN customer_terms USING (number) ORDER BY customer"
    vocabulary = "SELECT term, doc, cnt FROM customer_vocabulary ORDER BY term"
    return unit.db.execute(sql).fetchall(), unit.db.execute(vocabulary).fetchall()
