"""Cards as real programs write them, their quirks one by one, and cards that are broken."""

import base64
import io
import re

import pytest

from node.errors import UserError
from node.files import vcard
from node.model.person import Raw
from tests.node.files.people import read_contacts


def read(text, **options):
    data = text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode()
    return read_contacts(io.BytesIO(data), name="friends.vcf", **options)


def card(*lines, version="3.0"):
    return "\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def one(*lines, version="3.0", **options):
    problems = options.pop("problems", 0)
    found = read(card(*lines, version=version), **options)
    assert len(found.errors) == problems
    (contact,) = found.contacts
    return contact


def test_names_in_parts_and_lists():
    names = one("FN:Dr. Ana de Sousa Jr.", "N:de Sousa;Ana;Maria,Luz;Dr.;Jr.").names
    assert (names.full, names.family, names.given, names.middle) == ("Dr. Ana de Sousa Jr.", "de Sousa", "Ana", "Maria Luz")
    assert (names.prefix, names.suffix) == ("Dr.", "Jr.")


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["N:Vega;Ada;;;"], "Ada Vega"),
        (["NICKNAME:Addie"], "Addie"),
        (["ORG:Vega & Sons;Office"], "Vega & Sons, Office"),
        (["EMAIL:ada@example.com", "TEL:+1 202 555 0100"], "ada@example.com"),
        (["TEL:+1 202 555 0100"], "+1 202 555 0100"),
    ],
)
def test_a_card_without_a_full_name_is_still_somebody(lines, shown):
    assert one(*lines).names.full == shown


def test_a_card_of_nobody_is_an_error_of_its_own():
    found = read(card("NOTE:milk") + card("FN:Ada"))
    assert [(error.row, "no name" in error.reason) for error in found.errors] == [(1, True)]
    assert [contact.row for contact in found.contacts] == [2]


def test_phones_keep_what_was_written_and_what_can_be_dialled():
    contact = one(
        "FN:A", "TEL;TYPE=HOME:(202) 555-0143", "TEL;TYPE=CELL,PREF:tel:+44-20-7946-0958;ext=12", "TEL:12345", default_region="US"
    )
    assert [(phone.label, phone.raw, phone.e164) for phone in contact.phones] == [
        ("cell", "tel:+44-20-7946-0958;ext=12", "+442079460958"),
        ("home", "(202) 555-0143", "+12025550143"),
        ("", "12345", None),
    ]
    assert one("FN:A", "TEL:030 901820", default_region="DE").phones[0].e164 == "+4930901820"


def test_a_whole_address_in_the_extended_field_is_a_free_block():
    contact = one("FN:A", r"ADR;TYPE=HOME:;7 Quay Street\nLittle Harbour\, MA  02101\nUnited States;;;;;")
    address = contact.postal_address()
    assert address.lines == ("7 Quay Street", "Little Harbour, MA  02101", "United States")
    assert address.city == ""


@pytest.mark.parametrize(
    ("value", "postal"),
    [
        (";;7 Quay Street;Harbour;;;", True),
        (";;7 Quay Street;;;02101;", True),
        (";;7 Quay Street;;;;France", True),
        ("PO Box 9;;;Harbour;;;", True),
        (";;7 Quay Street\\, Harbour;;;;", True),
        (";;7 Quay Street;;;;", False),
        (";;;Harbour;;;France", False),
        (";;;;;;", False),
    ],
)
def test_what_a_parcel_could_be_sent_to(value, postal):
    assert (one("FN:A", f"ADR:{value}").postal_address() is not None) is postal


def test_a_label_stands_in_for_a_missing_address_and_is_kept_beside_one():
    alone = one("FN:A", "LABEL;HOME;ENCODING=QUOTED-PRINTABLE:7 Quay Street=0D=0A=", "02101 Harbour", version="2.1")
    assert alone.postal_address().lines == ("7 Quay Street", "02101 Harbour")
    beside = one("FN:A", "ADR;TYPE=HOME:;;7 Quay Street;Harbour;;;", "LABEL;TYPE=HOME:7 Quay Street\\nHarbour")
    assert [address.lines for address in beside.addresses] == [("7 Quay Street",)]
    assert [raw.name for raw in beside.other] == ["LABEL"]


def test_quoted_printable_with_soft_breaks_and_charsets():
    lines = [
        "FN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:J=F6rg =",
        "M=FCller",
        "NOTE;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E2=82=AC 5=3B=",
        "",
        "TITLE;CHARSET=Shift_JIS;ENCODING=QUOTED-PRINTABLE:=93=FA=96=7B",
    ]
    contact = one(*lines, version="2.1")
    assert (contact.names.full, contact.notes, contact.title) == ("Jörg Müller", "€ 5;", "日本")


def test_letters_cut_in_half_by_a_fold_are_whole_again():
    folded = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Zo\xc3\r\n \xab\r\nEND:VCARD\r\n"
    assert read(folded).contacts[0].names.full == "Zoë"


@pytest.mark.parametrize("width", [1, 2, 5, 11])
def test_a_card_that_is_folded_says_what_the_whole_one_says(width):
    lines = [
        *("FN:Ana", "N:Sousa;Ana;Maria,Luz;Dr\\,;", "TEL;TYPE=home,pref:+351 912 345 678", "EMAIL:ana@example.com"),
        *("ADR;TYPE=work:;;Rua 1\\, 2.º\\nesq.;Porto, Norte;;4000;Portugal;x", "NOTE:one\\, two\\n three=", "URL:https://a.example/?b="),
        *("item1.TEL:+351 912 345 679", "item1.X-ABLabel:_$!<Home>!$_", 'X-OWN;A="b;c:d":kept', "CATEGORIES:a,b\\,c,,d"),
    ]
    folded = []
    for line in lines:
        name = re.search("[;:]", line).end()  # a fold within it would be no property
        folded.append(line[:name] + "".join("\n " + line[at : at + width] for at in range(name, len(line), width)))
    assert read(card(*folded)).contacts == read(card(*lines)).contacts


def test_windows_letters_without_a_charset():
    assert read(card("FN:Jörg").encode("cp1252")).contacts[0].names.full == "Jörg"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_marked_and_wide_files(encoding):
    assert read(card("FN:Zoë Álvarez", "NOTE:plain words enough to be seen").encode(encoding)).contacts[0].names.full == "Zoë Álvarez"


@pytest.mark.parametrize("end", ["\r\r\n", "\n", "\r"])
def test_line_ends_of_all_sorts(end):
    found = read(card("FN:Ada", "NOTE:one", "  two").replace("\n", end).encode())
    assert [(contact.names.full, contact.notes) for contact in found.contacts] == [("Ada", "one two")]


PICTURE = bytes(range(256)) * 3


@pytest.mark.parametrize(
    "lines",
    [
        ["PHOTO;ENCODING=b;TYPE=JPEG:" + base64.b64encode(PICTURE).decode()],
        ["PHOTO;TYPE=JPEG;ENCODING=BASE64:", " " + base64.b64encode(PICTURE).decode(), ""],
        ["PHOTO;JPEG;BASE64:" + base64.b64encode(PICTURE).decode()[:76], base64.b64encode(PICTURE).decode()[76:], ""],
        ["PHOTO:data:image/jpeg;base64," + base64.b64encode(PICTURE).decode()],
    ],
)
def test_pictures(lines):
    contact = one("FN:A", *lines, "NOTE:after")
    assert (contact.photo, contact.notes, contact.other) == (PICTURE, "after", ())


def test_a_picture_by_address_is_kept_raw():
    contact = one("FN:A", "PHOTO;VALUE=uri:https://example.com/a.jpg")
    assert contact.photo is None
    assert contact.other == (Raw("PHOTO", "VALUE=uri", "https://example.com/a.jpg"),)


def test_groups_labels_dates_and_handles():
    contact = one(
        "FN:A",
        "item1.X-ABDATE:2001-05-06",
        "item1.X-ABLabel:_$!<Anniversary>!$_",
        "item2.TEL:+12025550100",
        "item2.X-ABLabel:Shop",
        "IMPP;X-SERVICE-TYPE=Telegram:x-apple:ada",
        "X-SOCIALPROFILE;type=instagram:https://example.com/ada",
        "item3.X-ABRELATEDNAMES:Jo",
        "item3.X-ABLabel:_$!<Spouse>!$_",
    )
    assert [(date.label, date.value) for date in contact.dates] == [("Anniversary", "2001-05-06")]
    assert contact.phones[0].label == "Shop"
    assert [(handle.label, handle.value) for handle in contact.handles] == [
        ("telegram", "x-apple:ada"),
        ("instagram", "https://example.com/ada"),
    ]
    assert [(raw.name, raw.value) for raw in contact.other] == [("item3.X-ABRELATEDNAMES", "Jo"), ("item3.X-ABLABEL", "_$!<Spouse>!$_")]


@pytest.mark.parametrize(
    ("written", "birthday"),
    [("19800322", "1980-03-22"), ("1980-03-22T00:00:00Z", "1980-03-22"), ("--0229", "--02-29"), ("20230230", ""), ("spring", "")],
)
def test_birthdays_and_days_that_are_none(written, birthday):
    contact = one("FN:A", f"BDAY:{written}", problems=not birthday)
    assert contact.birthday == birthday
    assert bool(contact.other) is not bool(birthday)  # what is no date is kept as it was


def test_nothing_is_lost():
    contact = one("FN:A", "ORG:One", "ORG:Two", "GEO:1;2", "X-THING;a=b:c", "LANG:fr", "LANG:en", "not a property at all")
    assert contact.organisation == "One"
    assert {(raw.name, raw.value) for raw in contact.other} >= {("ORG", "Two"), ("GEO", "1;2"), ("X-THING", "c")}
    assert "not a property at all" in "".join(raw.value for raw in contact.other)


def test_a_card_in_a_card_is_kept_raw():
    contact = one("FN:Boss", "AGENT:", "BEGIN:VCARD", "VERSION:3.0", "FN:Helper", "END:VCARD", "NOTE:mine")
    assert (contact.names.full, contact.notes) == ("Boss", "mine")
    assert "FN:Helper" in contact.other[0].value


def test_cut_off_cards_are_imported_and_said_so():
    found = read("BEGIN:VCARD\nVERSION:3.0\nFN:Ada\n" + card("FN:Ben") + "BEGIN:VCARD\nVERSION:3.0\nFN:Cat")
    assert [contact.names.full for contact in found.contacts] == ["Ada", "Ben", "Cat"]
    assert [(error.row, "no end" in error.reason) for error in found.errors] == [(1, True), (3, True)]


def test_a_huge_picture_stops_one_card_only(monkeypatch):
    monkeypatch.setattr(vcard, "MAX_CARD", 10_000)
    big = card("FN:Big", *["PHOTO;ENCODING=b:" + "A" * 60, *[" " + "A" * 70] * 300])
    found = read(big + card("FN:Small"))
    assert [contact.names.full for contact in found.contacts] == ["Small"]
    assert "larger than" in found.errors[0].reason
    monkeypatch.setattr(vcard, "MAX_CARD", 100_000)  # control: it is the limit that refuses
    assert len(read(big).contacts) == 1


def test_zero_bytes_are_refused():
    with pytest.raises(UserError) as refusal:
        read(b"BEGIN:VCARD\r\nFN:A\x00da\r\nEND:VCARD\r\n")
    assert refusal.value.code == "file-encoding"


def test_progress_is_told_and_may_cancel():
    steps = []
    data = card("FN:Ada").encode() * 3000
    read_contacts(io.BytesIO(data), name="x.vcf", progress=steps.append)
    assert steps == sorted(steps)
    assert steps[-1] == len(data)

    def cancel(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_contacts(io.BytesIO(data), name="x.vcf", progress=cancel)
