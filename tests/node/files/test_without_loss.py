"""Nothing a file says is lost: each property of a card, each cell of a row, is in a field of the person or kept as it was."""

import csv
import io
from pathlib import Path

import msgspec
import pytest

from node.files import vcard
from node.files.content_lines import binary, components, listed, parse, text, unfold
from node.model.person import Consent, Labelled, day
from tests.node.files.people import read_contacts

OWN = Path(__file__).resolve().parents[2] / "data" / "contacts"
CHECKOUT = Path(__file__).resolve().parents[3]
REAL = CHECKOUT.parent / "shared" / "data" / "contacts"  # real exports, beside the checkout where there are any
FRAME = {"BEGIN", "END", "VERSION"}
NOTHING = {"", "_$!<HomePage>!$_"}


def _cards(data):
    """The properties of each card, unfolded by the reader's own lines but placed by nobody."""
    for chunk in data.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"BEGIN:VCARD\n")[1:]:
        lines = chunk.split(b"\nEND:VCARD")[0].split(b"\n")
        old = b"VERSION:2.1" in chunk
        yield [prop for line in unfold(lines, old=old) if (prop := parse(line, old=old)) and prop.name not in FRAME]


def _said(prop):
    """What a property says, piece by piece, as a field may hold it."""
    if prop.name in {"N", "ADR", "ORG"}:
        pieces = [text(prop, item) for part in components(prop) for item in listed(part)]
    elif prop.name == "CATEGORIES":
        pieces = [text(prop, item) for item in listed(prop.value)]
    else:
        pieces = [text(prop)]
    return [line for piece in pieces for line in piece.replace("\r", "").split("\n") if line.strip()]


def _kept(person):
    """Every text of a person, and their picture."""
    found = []

    def walk(value):
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            for item in value.values():
                walk(item)
        elif isinstance(value, list | tuple):
            for item in value:
                walk(item)

    walk(msgspec.to_builtins(person))
    return "\n".join(found)


def _squeezed(value):
    return "".join(value.replace("mailto:", "").split()).rstrip(",").casefold()


def _lost(prop, person, kept):
    if prop.name == "PHOTO":
        picture = binary(prop.value.partition(",")[2] if prop.value.startswith("data:") else prop.value)
        return [] if picture == person.photo or prop.value in kept else ["the picture"]
    lost = []
    for piece in _said(prop):
        if day(piece) and day(piece) in kept:
            continue
        bare = piece.removeprefix("_$!<").removesuffix(">!$_")
        if _squeezed(bare) not in _squeezed(kept) and piece not in NOTHING:
            lost.append(f"{prop.name}: {piece}")
    return lost


def _files():
    return sorted([*OWN.glob("*.vcf"), *REAL.glob("*.vcf")])


def test_the_real_exports_are_among_them_where_they_are_at_hand():
    assert (OWN / "versions.vcf") in _files()
    if REAL.is_dir():
        assert len([path for path in _files() if path.parent == REAL]) >= 6


@pytest.mark.parametrize("path", _files(), ids=lambda path: path.name)
def test_each_property_of_each_card_is_in_a_field_or_kept_as_it_was(path):
    data = path.read_bytes()
    with path.open("rb") as source:
        found = read_contacts(source, name=path.name)
    cards = list(_cards(data))
    assert len(found.contacts) == len(cards) > 0
    lost = {
        (person.row, line)
        for person, properties in zip(found.contacts, cards, strict=True)
        for prop in properties
        for line in _lost(prop, person, _kept(person))
    }
    assert lost == set()


def test_control_a_property_the_reader_drops_is_seen(monkeypatch):
    monkeypatch.setattr(vcard, "_raw", lambda prop: vcard.Raw(prop.name, "", ""))
    with (OWN / "versions.vcf").open("rb") as source:
        found = read_contacts(source, name="versions.vcf")
    cards = list(_cards((OWN / "versions.vcf").read_bytes()))
    lost = [
        line for person, props in zip(found.contacts, cards, strict=True) for prop in props for line in _lost(prop, person, _kept(person))
    ]
    assert any(line.startswith("ORG: Second") for line in lost)


TABLES = {
    "google-new.csv": "google-contacts",
    "google-old.csv": "google-contacts",
    "outlook.csv": "outlook",
    "shopify-customers.csv": "shopify-customers",
    "woocommerce-customers.csv": "woocommerce",
}


@pytest.mark.parametrize(("name", "dialect"), TABLES.items())
def test_each_cell_of_each_table_is_in_a_field_or_kept_as_it_was(name, dialect):
    data = (OWN / name).read_bytes()
    found = read_contacts(io.BytesIO(data), name=name)
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    assert found.dialect == dialect
    assert found.errors == ()
    assert len(found.contacts) == len(rows) == 2
    kept = _squeezed(_kept(found.contacts[0]))
    said = {"yes", "no"}  # a consent, looked at below
    parts = {title: value.replace(" ::: ", ";").replace(",", ";").split(";") for title, value in rows[0].items()}
    lost = {
        (title, part)
        for title, pieces in parts.items()
        for part in pieces
        if _squeezed(part.removeprefix("* ").removeprefix("'")) not in kept and part not in said
    }
    assert {entry for entry in lost if not entry[0].endswith(("Type", "Label"))} == set()
    assert found.contacts[1].names.full == "Zoë"


def test_what_a_shop_knows_of_consent_is_a_consent_of_an_unknown_day():
    person = read_contacts(io.BytesIO((OWN / "shopify-customers.csv").read_bytes()), name="x").contacts[0]
    assert person.consents == (
        Consent("email marketing", given=True, day="", how="Shopify"),
        Consent("SMS marketing", given=False, day="", how="Shopify"),
        Consent("WhatsApp marketing", given=True, day="", how="Shopify"),
    )


def test_what_the_programs_call_differently_ends_in_one_place():
    people = {name: read_contacts(io.BytesIO((OWN / name).read_bytes()), name=name).contacts[0] for name in TABLES}
    assert people["google-new.csv"].custom == (Labelled("Shade", "Custom Field 1 - Value 39"),)
    assert people["google-old.csv"].handles == (Labelled("jabber", "IM 1 - Value 33"),)
    assert people["outlook.csv"].referrer.startswith("Referred By")
    assert [address.label for address in people["outlook.csv"].addresses] == ["work", "home", "other"]
    assert people["shopify-customers.csv"].postal_address().postcode == "97201"
    assert people["woocommerce-customers.csv"].postal_address() is None  # its report has no street


def test_cards_of_every_version_with_their_quirks():
    with (OWN / "versions.vcf").open("rb") as source:
        found = read_contacts(source, name="versions.vcf", default_region="DE")
    joerg, mia, aisha = found.contacts
    assert (joerg.names.full, joerg.title, joerg.addresses[0].city) == ("Dr. Jörg Müller", "日本", "Köln")
    assert joerg.photo.startswith(b"\xff\xd8")
    assert (mia.names.middle, mia.notes) == ("Luz Sol", "one, two; three and folded")
    assert (aisha.names.full, aisha.emails, aisha.photo) == ("عائشة النجار 🌹", (Labelled("", "aisha@example.com"),), b"\x89PNG\r\n\x1a\n")
    assert {(error.row, error.reason.split("”")[0]) for error in found.errors} == {(2, "“1986-02-30"), (3, "“nobody at all")}
    assert [raw.value for contact in (mia, aisha) for raw in contact.other if raw.name == "UID"] == ["11", "11"]
