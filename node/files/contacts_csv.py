"""Contacts in tables: Google Contacts (old and new columns), Outlook, Shopify customers, WooCommerce, others by their titles.

One list of titles serves all of them; a column that no field knows is kept raw with its title.
"""

import re
from collections.abc import Iterator

from node.errors import UserError
from node.model.person import Address, Contact, Labelled, Raw, RowError, day, phone

from .person import Sketch, text_lines
from .table import Row, Table, plain

_FIELDS = {
    "full": "name|full name|display name|contact name|customer name|kunde|vollständiger name|nom complet|nombre completo",
    "given": "first name|given name|firstname|billing_first_name|billing first name|vorname|prénom|nombre|shipping_first_name",
    "family": "last name|family name|lastname|surname|billing_last_name|billing last name|nachname|familienname|"
    "nom de famille|apellidos|shipping_last_name",
    "middle": "middle name|additional name|zweiter vorname",
    "prefix": "name prefix|salutation|anrede",
    "suffix": "name suffix|suffix",
    "nickname": "nickname|spitzname",
    "birthday": "birthday|birth date|birthdate|date of birth|geburtstag|geburtsdatum|date de naissance",
    "organisation": "company|organization name|organization 1 - name|organisation|organization|billing_company|billing company|"
    "default address company|firma|unternehmen|société|entreprise",
    "title": "job title|organization title|organization 1 - title|position|berufsbezeichnung",
    "notes": "notes|note|notizen|comments|customer note",
    "language": "language|locale|sprache|langue",
    "tags": "tags|labels|categories|group membership|kategorien|etiketten",
    "email:": "email|e-mail|mail|email address|e-mail address|e-mail-adresse|user_email|billing_email|billing email|"
    "adresse e-mail|correo electrónico",
    "email:2": "e-mail 2 address|email 2|secondary email",
    "email:3": "e-mail 3 address|email 3",
    "phone:": "phone|phone number|telephone|primary phone|other phone|billing_phone|billing phone|telefon|téléphone|"
    "teléfono|default address phone",
    "phone:cell": "mobile|mobile phone|cell phone|handy|mobiltelefon|cell",
    "phone:home": "home phone|home phone 2|telefon privat",
    "phone:work": "business phone|business phone 2|work phone|company main phone|telefon geschäftlich",
    "phone:home fax": "home fax",
    "phone:work fax": "business fax",
    "phone:pager": "pager",
    "url:": "web page|website|personal web page|url|webseite",
    "date:anniversary": "anniversary|jahrestag",
}
_PLACES = {
    "street": "street|address|address1|address 1|address_1|address line 1|street address|straße|strasse|adresse|rue|dirección",
    "street2": "street 2|address2|address 2|address_2|address line 2|extended address|adresszusatz",
    "street3": "street 3|po box|address po box",
    "city": "city|town|ort|stadt|ville|ciudad",
    "region": "state|province|region|province code|state/province|bundesland|county",
    "postcode": "postal code|zip|zip code|postcode|zip/postal code|plz|postleitzahl|code postal|código postal",
    "country": "country|country/region|country / region|country code|land|pays|país",
}
_PREFIXES = (
    ("home ", "home"), ("business ", "work"), ("other ", "other"), ("default address ", ""), ("billing_", "billing"),
    ("billing ", "billing"), ("shipping_", "shipping"), ("shipping ", "shipping"), ("", ""),
)  # fmt: skip
_NUMBERED = re.compile(r"(e-mail|phone|address|website|event|custom field|relation|im) (\d{1,2}) - ([a-z ]+)\Z")
_GOOGLE_ADDRESS = {
    "street": "street", "extended address": "street2", "po box": "street3", "city": "city", "region": "region", "postal code": "postcode",
    "country": "country", "formatted": "block",
}  # fmt: skip
_SIGNS = (
    ("google-contacts", ("e-mail 1 - value", "phone 1 - value", "group membership", "file as")),
    ("shopify-customers", ("accepts email marketing", "default address address1", "accepts marketing")),
    ("woocommerce", ("billing_email", "billing_first_name", "sign up", "date registered", "total spend", "aov")),
    ("outlook", ("e-mail address", "business phone", "home street", "business street")),
)
_WITH_LABELS = frozenset(("e-mail", "phone", "address", "website", "event"))
_MANY = " ::: "


def _targets() -> dict[str, str]:
    found = {title: target for target, titles in _FIELDS.items() for title in titles.split("|")}
    for prefix, label in _PREFIXES:
        for part, titles in _PLACES.items():
            for title in titles.split("|"):
                found.setdefault(prefix + title, f"address:{label}:{part}")
    return found


_TARGETS = _targets()


def read_table(table: Table, region: str) -> Iterator[Contact | RowError]:
    """Each row of `table` as a contact or an error. Raises UserError `file-column` when no column names a person."""
    columns = {title: _target(title) for title in table.columns}
    outlook = dialect(table) == "outlook"
    if outlook and "title" in columns:
        columns["title"] = "prefix"
    known = {target.partition(":")[0] for target in columns.values()}
    if not known & {"full", "given", "family", "email", "phone"}:
        seen = ", ".join(f"“{title[:40]}”" for title in table.header[:8])
        raise UserError(
            f"No column of “{table.name}” was understood as a name, e-mail or phone: {seen}. "
            "Name the columns in the first row, for example First name, Last name, Email, Phone, Street, City, Postcode, Country.",
            code="file-column",
        )
    titles = {plain(title): title for title in reversed(table.header)}
    for row in table:
        yield _contact(row, columns, titles, region)


def dialect(table: Table) -> str:
    """Which program wrote the table: google-contacts, shopify-customers, woocommerce, outlook or csv."""
    return next((name for name, signs in _SIGNS if any(sign in table.columns for sign in signs)), "csv")


def _target(title: str) -> str:
    match = _NUMBERED.match(title)
    if match is None:
        return _TARGETS.get(title, "")
    kind, number, part = match.groups()
    if kind == "address" and part in _GOOGLE_ADDRESS:
        return f"address:#{number}:{_GOOGLE_ADDRESS[part]}"
    if part == "value" and kind in _WITH_LABELS:
        return {"e-mail": "email", "website": "url", "event": "date"}.get(kind, kind) + f":#{number}"
    return f"label:{number}" if part in {"type", "label"} and kind in _WITH_LABELS else ""


def _contact(row: Row, columns: dict[str, str], titles: dict[str, str], region: str) -> Contact | RowError:
    sketch = Sketch(row.number)
    places: dict[str, dict[str, str]] = {}
    for title, target in columns.items():
        value = row.get(title).removeprefix("'")
        if not value or target.startswith("label:"):
            continue
        kind, _, rest = target.partition(":")
        if kind == "address":
            key, _, part = rest.rpartition(":")
            place = places.setdefault(key, {})
            if part in place:
                sketch.other.append(Raw(titles.get(title, title), "", value))
            place.setdefault(part, value)
        elif not _place(sketch, kind, _label(row, kind, rest), value, region):
            sketch.other.append(Raw(titles.get(title, title), "", value))
    for key, place in places.items():
        _addresses(sketch, _label(row, "address", key), place)
    return sketch.finish()


def _label(row: Row, kind: str, rest: str) -> str:
    """The label of a value: fixed by the column, or in the column beside it ("Phone 1 - Label", "* " before the one preferred)."""
    if not rest.startswith("#"):
        return rest
    stem = {"email": "e-mail", "url": "website", "date": "event"}.get(kind, kind) + f" {rest[1:]} - "
    return (row.get(stem + "label") or row.get(stem + "type")).removeprefix("* ").lower()


def _place(sketch: Sketch, kind: str, label: str, value: str, region: str) -> bool:
    values = [part for part in value.split(_MANY) if part.strip()]
    if kind == "email":
        sketch.emails += [(100, Labelled(label, part)) for part in values if part not in {known.value for _, known in sketch.emails}]
    elif kind == "phone":
        sketch.phones += [(100, phone(label, part, region)) for part in values if part not in {known.raw for _, known in sketch.phones}]
    elif kind == "url":
        sketch.urls += [Labelled(label, part) for part in values]
    elif kind == "tags":
        sketch.tags += [tag for part in re.split(r"[,;]|:::", value) if (tag := part.strip().removeprefix("* "))]
    elif kind == "notes":
        sketch.notes.append(value)
    elif kind == "date":
        found = day(value)
        if found:
            sketch.dates.append(Labelled(label, found))
        return bool(found)
    else:
        return _single(sketch, kind, value)
    return True


def _single(sketch: Sketch, kind: str, value: str) -> bool:
    """A field with room for one value; another value for it is left to be kept raw."""
    if kind in {"full", "given", "family", "middle", "prefix", "suffix"}:
        return sketch.names.setdefault(kind, value) == value
    found = day(value) if kind == "birthday" else value
    if not kind or not found:
        return False
    if not getattr(sketch, kind):
        setattr(sketch, kind, found)
    return bool(getattr(sketch, kind) == found)


def _addresses(sketch: Sketch, label: str, place: dict[str, str]) -> None:
    blocks = [place.get(part, "") for part in ("street", "street2", "street3")]
    lines = text_lines(*blocks)
    if place.get("block"):
        if lines or place.get("city"):
            sketch.other.append(Raw("Address - Formatted", "", place["block"]))
        else:
            lines = text_lines(place["block"])
    address = Address(label, lines, *(place.get(part, "") for part in ("city", "region", "postcode", "country")))
    same = {(known.lines, known.city, known.postcode) for _, known in sketch.addresses}
    if (address.lines, address.city, address.postcode) not in same:
        sketch.addresses.append((100, address))
