"""Tables of people from the programs that people come from, and tables of nobody."""

import csv
import io

import pytest

from node.errors import UserError
from node.model.person import Consent
from tests.node.files.people import read_contacts


def read(*rows, delimiter=",", **options):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return read_contacts(io.BytesIO(text.getvalue().encode()), name="people.csv", **options)


def one(cells, **options):
    problems = options.pop("problems", 0)
    found = read(list(cells), list(cells.values()), **options)
    assert len(found.errors) == problems
    (contact,) = found.contacts
    return found.dialect, contact


def values(items):
    return [(item.label, item.value) for item in items]


@pytest.mark.parametrize("old", [True, False])
def test_google_contacts(old):
    first, last, kind = ("Given Name", "Family Name", "Type") if old else ("First Name", "Last Name", "Label")
    dialect, contact = one(
        {
            first: "Ada", "Middle Name": "M.", last: "Vega", "Nickname": "Addie", "Birthday": "1980-03-22", "Notes": "likes tea",
            ("Organization 1 - Name" if old else "Organization Name"): "Vega & Sons", ("Group Membership" if old else "Labels"): "VIP ::: * myContacts",
            f"E-mail 1 - {kind}": "* Home", "E-mail 1 - Value": "ada@example.com ::: a@example.com", f"Phone 1 - {kind}": "Mobile",
            "Phone 1 - Value": "(202) 555-0143", f"Address 1 - {kind}": "Home", "Address 1 - Formatted": "7 Quay Street\nHarbour 02101",
            "Address 1 - Street": "7 Quay Street", "Address 1 - City": "Harbour", "Address 1 - Postal Code": "02101", "Website 1 - Value": "https://a.example",
            f"Event 1 - {kind}": "Anniversary", "Event 1 - Value": "2001-05-06", "File As": "Vega", "Custom Field 1 - Label": "Colour", "Custom Field 1 - Value": "blue",
        }
    )  # fmt: skip
    assert dialect == "google-contacts"
    assert (contact.names.full, contact.names.family, contact.nickname, contact.organisation) == (
        "Ada M. Vega",
        "Vega",
        "Addie",
        "Vega & Sons",
    )
    assert values(contact.emails) == [("home", "ada@example.com"), ("home", "a@example.com")]
    assert [(phone.label, phone.e164) for phone in contact.phones] == [("mobile", "+12025550143")]
    address = contact.postal_address()
    assert (address.label, address.lines, address.city, address.postcode) == ("home", ("7 Quay Street",), "Harbour", "02101")
    assert (contact.birthday, contact.notes, contact.tags) == ("1980-03-22", "likes tea", ("VIP", "myContacts"))
    assert values(contact.dates) == [("anniversary", "2001-05-06")]
    assert {(raw.name, raw.value) for raw in contact.other} == {
        ("Address - Formatted", "7 Quay Street\nHarbour 02101"), ("File As", "Vega"),
    }  # fmt: skip
    assert values(contact.custom) == [("Colour", "blue")]


def test_a_formatted_address_alone_is_a_free_block():
    _, contact = one({"Name": "Ada", "E-mail 1 - Value": "", "Address 1 - Formatted": "7 Quay Street\nHarbour 02101"})
    assert contact.postal_address().lines == ("7 Quay Street", "Harbour 02101")


def test_outlook():
    dialect, contact = one(
        {
            "Title": "Dr.", "First Name": "Ada", "Last Name": "Vega", "Company": "Vega", "Job Title": "Founder", "E-mail Address": "ada@example.com",
            "E-mail 2 Address": "a2@example.com", "Mobile Phone": "202-555-0143", "Business Phone": "202-555-0144", "Home Street": "7 Quay Street",
            "Home City": "Harbour", "Home Postal Code": "02101", "Business Street": "1 Mill Lane", "Business Country/Region": "France",
            "Birthday": "1980-03-22", "Anniversary": "0/0/00", "Categories": "VIP;Friends", "Web Page": "https://a.example",
        }
    )  # fmt: skip
    assert dialect == "outlook"
    assert (contact.names.full, contact.names.prefix, contact.title) == ("Dr. Ada Vega", "Dr.", "Founder")
    assert values(contact.emails) == [("", "ada@example.com"), ("", "a2@example.com")]
    assert [(phone.label, phone.e164) for phone in contact.phones] == [("cell", "+12025550143"), ("work", "+12025550144")]
    assert [(address.label, address.lines, address.country) for address in contact.addresses] == [
        ("home", ("7 Quay Street",), ""),
        ("work", ("1 Mill Lane",), "France"),
    ]
    assert contact.tags == ("VIP", "Friends")
    assert [(raw.name, raw.value) for raw in contact.other] == [("Anniversary", "0/0/00")]


def test_shopify_customers():
    dialect, contact = one(
        {
            "Customer ID": "'6940095564", "First Name": "Ada", "Last Name": "Vega", "Email": "ada@example.com", "Accepts Email Marketing": "yes",
            "Default Address Company": "", "Default Address Address1": "7 Quay Street", "Default Address Address2": "Flat 2",
            "Default Address City": "Harbour", "Default Address Province Code": "MA", "Default Address Country Code": "US",
            "Default Address Zip": "'02101", "Default Address Phone": "+12025550143", "Phone": "'+12025550143", "Tags": "a, b", "Note": "likes tea",
        }
    )  # fmt: skip
    assert dialect == "shopify-customers"
    address = contact.postal_address()
    assert (address.lines, address.city, address.region, address.postcode) == (("7 Quay Street", "Flat 2"), "Harbour", "MA", "02101")
    assert [phone.e164 for phone in contact.phones] == ["+12025550143"]
    assert {raw.name: raw.value for raw in contact.other} == {"Customer ID": "6940095564"}
    assert contact.consents == (Consent("email marketing", given=True, day="", how="Shopify"),)


@pytest.mark.parametrize(
    "cells",
    [
        {
            "billing_first_name": "Ada", "billing_last_name": "Vega", "billing_email": "ada@example.com", "billing_address_1": "7 Quay Street",
            "billing_city": "Harbour", "billing_postcode": "02101", "shipping_first_name": "Ada", "shipping_address_1": "7 Quay Street",
            "shipping_city": "Harbour", "shipping_postcode": "02101",
        },
        {"Name": "Ada Vega", "Email": "ada@example.com", "Sign up": "2020-01-01", "Address": "7 Quay Street", "City": "Harbour", "Postal code": "02101"},
    ],
)  # fmt: skip
def test_woocommerce(cells):
    dialect, contact = one(cells)
    assert (dialect, contact.names.full) == ("woocommerce", "Ada Vega")
    assert [(address.lines, address.city, address.postcode) for address in contact.addresses] == [(("7 Quay Street",), "Harbour", "02101")]


def test_any_table_whose_titles_say_what_they_are():
    dialect, contact = one(
        {
            "Vorname": "Zoë",
            "Nachname": "Vega",
            "E-Mail-Adresse": "z@example.com",
            "Telefon": "030 901820",
            "Straße": "Am Kai 7",
            "PLZ": "10115",
            "Ort": "Berlin",
        },
        delimiter=";",
        default_region="DE",
    )
    assert (dialect, contact.names.full, contact.phones[0].e164) == ("csv", "Zoë Vega", "+4930901820")
    assert contact.postal_address().city == "Berlin"


def test_rows_of_nobody_and_tables_of_nothing():
    found = read(["Name", "Email"], ["Ada", ""], ["", ""], ["", "b@example.com"], ["   ", ""])
    assert [(contact.row, contact.names.full) for contact in found.contacts] == [(2, "Ada"), (4, "b@example.com")]
    assert [error.row for error in found.errors] == [5]
    found = read(["Colour", "Size"], ["red", "S"])
    assert (found.dialect, found.contacts, [entry.original for entry in found.entries]) == ("csv", (), [("red", "S")])
    with pytest.raises(UserError) as refusal:
        read(["Name", "Email"])
    assert refusal.value.code == "file-empty"
    with pytest.raises(UserError) as refusal:
        read_contacts(io.BytesIO(b" \n"), name="x")
    assert refusal.value.code == "file-empty"
    with pytest.raises(UserError) as refusal:
        read_contacts(io.BytesIO(b"Name,Email\nA\x00,b\n"), name="x")
    assert refusal.value.code == "file-encoding"


def test_a_day_that_is_none_and_a_second_value_are_kept_raw():
    _, contact = one({"First name": "Ada", "Vorname": "Adele", "Birthday": "30 February"}, problems=1)
    assert (contact.names.full, contact.birthday) == ("Ada", "")
    assert {(raw.name, raw.value) for raw in contact.other} == {("Vorname", "Adele"), ("Birthday", "30 February")}
