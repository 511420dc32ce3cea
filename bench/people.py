"""Made-up customers for benchmarks and batteries, the same for the same seed: names of several countries, phones, e-mails, addresses,
tags, notes; about 1 KB a record. Nobody here exists; numbers are of the right length for their country and no more.
"""

from collections.abc import Iterator
from functools import cache
from itertools import accumulate, product
from random import Random

from node.model.person import Address, Consent, Contact, Labelled, Names, Phone
from node.model.terms import folded

SEED = 20260101
WORDS = 120_000


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_GIVEN = _words(
    "María José Lucía Carmen Antonio Manuel Javier Marta Martín Mario Ana Andrés Álvaro Sofía Elena Pablo Inés Núria Jordi Íñigo "
    "Anna Lukas Jürgen Björn Käthe Sören Greta Hans Ingrid Łukasz Małgorzata Paweł Zofia Agnieszka Ø Åse Øyvind Søren Astrid John "
    "Mary Emily James Olivia Grace Henry Amelia Noah Charlotte Siobhán Niamh Liam Chloë Zoë François Élodie Jérôme Amélie Benoît "
    "Giulia Marco Francesca Alessandro Chiara João Beatriz Gonçalo Inês Ayşe Işıl Çağla Emre İpek Γιώργος Μαρία Ελένη Νίκος Анна "
    "Дмитрий Ольга Сергей Наталья Fatima Omar Layla Yusuf Mei Haruto Yuki Sakura Minh Linh Priya Arjun Ananya"
)
_FAMILY = _words(
    "García Torres Martínez López Sánchez Pérez Gómez Ruiz Díaz Moreno Muñoz Álvarez Romero Navarro Gil Serrano Blanco Molina "
    "Ortega Müller Schmidt Weiß Groß Fischer Wagner Becker Schäfer Koch Köhler Kowalski Wiśniewski Wójcik Łuczak Nowak Østergaard "
    "Nielsen Ødegård Hansen Lindström Nilsson Smith Jones Taylor Brown O'Brien Murphy Walker Wright Campbell Dubois Lefèvre Moreau "
    "Girard Rossi Russo Esposito Bianchi Ricci Silva Santos Ferreira Araújo Yılmaz Kaya Şahin Çelik Παπαδόπουλος Νικολαΐδης "
    "Иванова Петров Соколова Haddad Rahman Tanaka Suzuki Watanabe Nguyen Tran Sharma Patel Iyer Novák Dvořák Horvat Kovačević "
    "Popescu Ionescu Szabó"
)
_ROOTS = _words(
    "bel mont val ker stein brand holm berg castel rivas torre cor dan mar lin ros sal ver ner gal por ard esk und wald brun hart tal"
)
_ENDS = _words("er ez ini sen ova ano ier mann ski ley ton ard eau idis oglu escu")
_PLACES = (
    ("Valencia", "España", "34", "6########"), ("Madrid", "España", "34", "6########"), ("Castellón", "España", "34", "7########"),
    ("Sevilla", "España", "34", "6########"), ("Berlin", "Deutschland", "49", "15#########"), ("Köln", "Deutschland", "49", "17########"),
    ("München", "Deutschland", "49", "16########"), ("Łódź", "Polska", "48", "5########"), ("Kraków", "Polska", "48", "6########"),
    ("Lyon", "France", "33", "6########"), ("Marseille", "France", "33", "7########"), ("Orléans", "France", "33", "6########"),
    ("Milano", "Italia", "39", "3#########"), ("Lisboa", "Portugal", "351", "9########"), ("London", "United Kingdom", "44", "7#########"),
    ("Leeds", "United Kingdom", "44", "7#########"), ("Troy", "United States", "1", "518#######"),
    ("Austin", "United States", "1", "512#######"),
    ("Αθήνα", "Ελλάδα", "30", "69########"), ("İzmir", "Türkiye", "90", "5#########"), ("København", "Danmark", "45", "########"),
)  # fmt: skip
_SPREAD = (14, 12, 5, 7, 6, 5, 5, 3, 3, 5, 4, 2, 5, 4, 6, 3, 3, 3, 2, 2, 1)
_MAIL = ("gmail.com", "gmail.com", "gmail.com", "outlook.com", "hotmail.es", "yahoo.com", "icloud.com", "gmx.de", "web.de", "posteo.net")
_TAGS = ("vip", "newsletter", "party", "wholesale", "serum", "sensitive skin", "spring sale", "neighbour", "friend of a friend", "gift")
_WORDS = _words(
    "the and a of to in with prefers mornings asked about the serum again allergic to nuts likes roses sister of came with a friend "
    "size medium calls only evenings paid in cash next time bring samples wants refill in march moved house has a dog shift work returns "
    "box loves lavender no perfume dry skin hair oil gift for mother birthday party hosted twelve guests remember coupon delivery to "
    "neighbour school"
)
_STREETS = ("Calle de la Paz", "Hauptstraße", "Rue Victor Hugo", "Via Roma", "Main Street", "Ulica Długa", "Rua Augusta", "High Street")


def people(count: int, seed: int = SEED) -> Iterator[Contact]:
    """`count` contacts; the first of a longer run are those of a shorter one."""
    chance = Random(seed)
    for row in range(1, count + 1):
        yield _person(chance, row)


def _person(chance: Random, row: int) -> Contact:
    given, family = chance.choice(_GIVEN), _family(chance)
    city, country, code, shape = chance.choices(_PLACES, _SPREAD)[0]
    number = "".join(str(chance.randrange(10)) if mark == "#" else mark for mark in shape)
    raw = chance.choice((f"+{code} {number[:3]} {number[3:6]} {number[6:]}", number, f"00{code}{number}", f"{number[:3]}-{number[3:]}"))
    account = folded(f"{given}.{family}").replace("'", "")
    account = account if account.isascii() else f"kunde.{row}"
    mail = f"{account}{chance.randrange(1000) if chance.random() < 0.6 else ''}@{chance.choice(_MAIL)}"
    words, often = _lexicon()
    street = f"{chance.choice(_STREETS)} {chance.randrange(1, 200)}"
    return Contact(
        row,
        Names(f"{given} {family}", given, family),
        (Phone("mobile", raw, f"+{code}{number}"),) if chance.random() < 0.9 else (),
        (Labelled("home", mail),) if chance.random() < 0.85 else (),
        (Address("home", (street,), city, "", str(chance.randrange(10000, 99999)), country),) if chance.random() < 0.8 else (),
        _birthday(chance),
        notes=" ".join(chance.choices(words, cum_weights=often, k=chance.randrange(5, 45))),
        nickname=given[:3] if chance.random() < 0.1 else "",
        language=chance.choice(("es", "de", "en", "fr", "")),
        tags=tuple(chance.sample(_TAGS, chance.choice((0, 1, 1, 2, 3)))),
        handles=(Labelled("instagram", account[:20]),) if chance.random() < 0.3 else (),
        preferences=(Labelled("size", chance.choice("SML")), Labelled("calls", "evenings only")) if chance.random() < 0.5 else (),
        custom=(Labelled("skin", chance.choice(("dry", "oily", "mixed"))),),
        came_by=chance.choice(("party", "web shop", "a friend", "")),
        consents=(Consent("newsletter", chance.random() < 0.8, "2026-01-02", "at a party"),) if chance.random() < 0.5 else (),
    )


def _family(chance: Random) -> str:
    """One of the common ones, else one of about eight thousand rarer ones."""
    if chance.random() < 0.6:
        return chance.choice(_FAMILY)
    return (chance.choice(_ROOTS) + chance.choice(_ROOTS) + chance.choice(_ENDS)).capitalize()


@cache
def _lexicon() -> tuple[tuple[str, ...], tuple[float, ...]]:
    """The words of notes, the commonest first, and their running weights: as in any language a word comes up as often as its rank says
    (Zipf), so that 100,000 notes hold about 100,000 different ones, of which a quarter stand in one or two.
    """
    known = dict.fromkeys(_WORDS)
    syllables = ["".join(letters) for letters in product("bcdfghjklmnprstv", "aeiou", ("", "n", "r", "s", "l"))]
    made = Random(SEED).sample(range(len(syllables) ** 3), WORDS - len(known))
    rest = ["".join(syllables[number // len(syllables) ** place % len(syllables)] for place in range(3)) for number in made]
    return (*known, *rest), tuple(accumulate(1 / (rank + 2.7) for rank in range(1, WORDS + 1)))


def _birthday(chance: Random) -> str:
    month, day = chance.randrange(1, 13), chance.randrange(1, 29)
    return chance.choice((f"{chance.randrange(1940, 2008)}-{month:02}-{day:02}", f"--{month:02}-{day:02}", ""))
