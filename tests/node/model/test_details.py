"""What may be written of a person, field by field; what stands there already passes as it is."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import FieldErrors
from node.model.details import LONGEST, MOST, NOBODY, AddressEntry, Details, Entry, PhoneEntry, details_of, written
from node.model.person import Address, Consent, Contact, Labelled, Names, Phone, Raw

SAID = Consent("newsletter", given=True, day="2026-01-02", how="on a form")
FULL = Contact(
    4,
    Names("מיה טורס 👩‍🔬", "מיה", "טורס", "x", "Dr.", "Jr."),
    (Phone("home", "ask at the door", None), Phone("", "600 000 111", "+34600000111")),
    (Labelled("work", "not an address"),),
    (Address("home", ("12 St James's Square\nLondon",)), Address("", ("a", "b"), "Troy", "NY", "12180", "US")),
    "--02-29", "Org", "Boss", "two\nlines\x0b", "Mi", (Labelled("", "example.org"),), (Labelled("wedding", "31 Feb"),), b"\x89PNG", "klingon!",
    (Labelled("insta", "@mia"),), ("vip", "a, b"), (Raw("X-A", "", "1"),), "party", "Jo", (Labelled("shoes", "38"),), (Labelled("card", "8812"),),
    (SAID,),
)  # fmt: skip


def _fields(details, before=NOBODY):
    with pytest.raises(FieldErrors) as caught:
        written(details, before, "US")
    return [(fault.field, fault.code) for fault in caught.value.faults]


def test_a_record_written_as_it_was_read_is_the_same_record():
    assert written(details_of(FULL), FULL, "US") == FULL


_WORDS = st.text(max_size=30)
_PAIRS = st.lists(st.builds(Labelled, _WORDS, _WORDS), max_size=3).map(tuple)
_PEOPLE = st.builds(
    Contact,
    row=st.just(1),
    names=st.builds(Names, st.text(min_size=1, max_size=30), _WORDS, _WORDS, _WORDS, _WORDS, _WORDS),
    phones=st.lists(st.builds(Phone, _WORDS, _WORDS, st.none()), max_size=3, unique_by=lambda item: (item.label, item.raw)).map(tuple),
    emails=_PAIRS, addresses=st.lists(st.builds(Address, _WORDS, st.lists(_WORDS, max_size=3).map(tuple), _WORDS, _WORDS), max_size=3).map(tuple),
    birthday=_WORDS, organisation=_WORDS, title=_WORDS, notes=_WORDS, nickname=_WORDS, urls=_PAIRS, dates=_PAIRS, language=_WORDS, handles=_PAIRS,
    tags=st.lists(_WORDS.filter(str.strip), max_size=3, unique_by=str.casefold).map(tuple), came_by=_WORDS, referrer=_WORDS, preferences=_PAIRS,
    custom=_PAIRS,
)  # fmt: skip


@given(_PEOPLE)
def test_whatever_a_file_brought_is_not_lost_by_an_edit_elsewhere(person):
    changed = written(replace(details_of(person), tags=("new",)), person, "US")
    assert replace(changed, tags=person.tags) == person


@pytest.mark.parametrize(
    ("field", "path", "code"),
    [
        ({"name": ""}, "name", "name-missing"),
        ({"name": "A" * (LONGEST + 1)}, "name", "too-long"),
        ({"name": "A\0B"}, "name", "bad-character"),
        ({"name": "A\x1b[31m"}, "name", "bad-character"),
        ({"note": "n\x07"}, "note", "bad-character"),
        ({"note": "n" * 100_001}, "note", "too-long"),
        ({"birthday": "1988-02-30"}, "birthday", "bad-birthday"),
        ({"birthday": "--02-30"}, "birthday", "bad-birthday"),
        ({"language": "¿es?"}, "language", "bad-language"),
        ({"phones": (PhoneEntry("+34 600 000 111"), PhoneEntry("call her"))}, "phones.1.value", "bad-phone"),
        ({"phones": (PhoneEntry("12"),)}, "phones.0.value", "bad-phone"),
        ({"emails": (Entry("nobody"),)}, "emails.0.value", "bad-email"),
        ({"emails": (Entry("a@b@c"),)}, "emails.0.value", "bad-email"),
        ({"emails": (Entry("a b@c.org"),)}, "emails.0.value", "bad-email"),
        ({"dates": (Entry("2026-02-30", "wedding"),)}, "dates.0.value", "bad-date"),
        ({"tags": ("a\0",)}, "tags", "bad-character"),
        ({"tags": tuple(map(str, range(MOST + 1)))}, "tags", "too-many"),
        ({"addresses": (AddressEntry(street="1 Main St", city="T" * 501),)}, "addresses.0.city", "too-long"),
        ({"consents": (Consent("", given=True, day="2026-01-02"),)}, "consents.0.purpose", "purpose-missing"),
        ({"consents": (Consent("calls", given=True, day="2026-02-30"),)}, "consents.0.day", "bad-date"),
        ({"consents": (Consent("calls", given=True, day="--02-03"),)}, "consents.0.day", "bad-date"),
    ],
)
def test_what_cannot_be_kept_is_named_by_its_field(field, path, code):
    assert _fields(Details(**{"name": "A", **field})) == [(path, code)]


def test_every_wrong_field_is_named_at_once():
    wrong = Details(birthday="x", emails=(Entry("a"), Entry("b@example.org"), Entry("c")))
    assert _fields(wrong) == [
        ("emails.0.value", "bad-email"),
        ("emails.2.value", "bad-email"),
        ("birthday", "bad-birthday"),
        ("name", "name-missing"),
    ]


def test_what_was_said_of_consent_stays():
    before = details_of(FULL)
    assert _fields(replace(before, consents=()), FULL) == [("consents", "consent-stays")]
    back = Consent("newsletter", given=False, day="2026-03-04")
    assert written(replace(before, consents=(SAID, back)), FULL, "US").consents == (SAID, back)


def test_right_to_left_names_emoji_and_joiners_are_kept_and_tags_are_there_once():
    person = written(Details(name="  عائشة 👩‍👧  ", tags=("VIP", "vip", " Vip ", "")), NOBODY, "US")
    assert (person.names.full, person.tags) == ("عائشة 👩‍👧", ("VIP",))


def test_empty_rows_are_nothing_and_a_number_is_dialled_where_the_address_is():
    blank = Details(
        name="A",
        phones=(PhoneEntry(""), PhoneEntry("030 123456")),
        emails=(Entry(""),),
        addresses=(AddressEntry(country="DE"), AddressEntry()),
    )
    person = written(blank, NOBODY, "US")
    assert (person.phones, person.emails) == ((Phone("", "030 123456", "+4930123456"),), ())
    assert person.addresses == (Address("", (), country="DE"),)
