"""The shipped customers: invented, of three vCard versions, each with an address a parcel could go to."""

from node.files.samples import CONTACTS, sample_path
from tests.node.files.people import read_contacts


def test_the_sample_contacts():
    with sample_path(CONTACTS).open("rb") as source:
        found = read_contacts(source, name=CONTACTS)
    assert (found.dialect, found.errors) == ("vcard", ())
    assert [contact.names.full for contact in found.contacts] == ["Mireille Okafor", "Tobias Lindqvist", "Zoë Álvarez"]
    assert [contact.phones[0].e164 for contact in found.contacts] == ["+12025550143", "+13035550168", "+14155550117"]
    assert all(contact.emails[0].value.endswith("@example.com") for contact in found.contacts)
    addresses = [contact.postal_address() for contact in found.contacts]
    assert [address.lines[0] for address in addresses] == [
        "48 Thistledown Terrace",
        "2107 Juniper Hollow Road",
        "319 Camino del Albariñoquero",
    ]
    assert [address.postcode for address in addresses] == ["97201", "80401", "94016"]
    assert [contact.birthday for contact in found.contacts] == ["1986-04-17", "--11-09", "1991-02-28"]
    assert all(len(line) >= 8 for address in addresses for line in address.lines[:1])
