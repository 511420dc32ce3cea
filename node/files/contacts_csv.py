"""Contacts in tables: Google Contacts (old and new columns), Outlook, Shopify customers, WooCommerce, others by their titles.

One list of titles serves all of them and makes the guess for an unknown table; targets are those of node/model/contact_fields.py.
A column no title is known for is kept raw in the tables of these programs, and as a field of the seller's own in others.
"""

import re
from collections.abc import Callable, Sequence

from node.model.contact_fields import NAMES, OWN, PLACES, RAW
from node.model.person import Address, Consent, Entry, Labelled, Raw, day

from .person import Sketch, text_lines
from .table import Table, plain

_FIELDS = {
    "name": "name|full name|display name|contact name|customer name|kunde|vollständiger name|nom complet|nombre completo",
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
    "note": "notes|note|notizen|comments|customer note",
    "language": "language|locale|sprache|langue",
    "tags": "tags|labels|categories|group membership|kategorien|etiketten",
    "email": "email|e-mail|mail|email address|e-mail address|e-mail-adresse|user_email|billing_email|billing email|"
    "adresse e-mail|correo electrónico|e-mail 2 address|email 2|secondary email|e-mail 3 address|email 3",
    "phone": "phone|phone number|telephone|primary phone|other phone|billing_phone|billing phone|telefon|téléphone|"
    "teléfono|default address phone",
    "phone:cell": "mobile|mobile phone|cell phone|handy|mobiltelefon|cell",
    "phone:home": "home phone|home phone 2|telefon privat",
    "phone:work": "business phone|business phone 2|work phone|company main phone|telefon geschäftlich",
    "phone:home fax": "home fax",
    "phone:work fax": "business fax",
    "phone:pager": "pager",
    "phone:other fax": "other fax",
    "phone:car": "car phone",
    "phone:assistant": "assistant's phone",
    "url": "web page|website|personal web page|url|webseite",
    "date:anniversary": "anniversary|jahrestag",
    "referrer": "referred by|empfohlen von",
    "came_by": "source|lead source|herkunft|quelle",
    "handle:instagram": "instagram",
    "agrees:email marketing": "accepts email marketing|accepts marketing|email marketing",
    "agrees:SMS marketing": "accepts sms marketing",
    "agrees:WhatsApp marketing": "accepts whatsapp marketing",
    "agrees:newsletter": "newsletter|accepts newsletter|newsletter opt-in",
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
_GOOGLE_VALUES = {"e-mail": "email", "phone": "phone", "website": "url", "event": "date", "im": "handle", "custom field": OWN}
_GOOGLE_LABELS = ("label", "type", "service")
_SIGNS = (
    ("google-contacts", ("e-mail 1 - value", "phone 1 - value", "group membership", "file as")),
    ("shopify-customers", ("accepts email marketing", "default address address1", "accepts marketing")),
    ("woocommerce", ("billing_email", "billing_first_name", "sign up", "date registered", "total spend", "aov")),
    ("outlook", ("e-mail address", "business phone", "home street", "business street")),
)
_PROGRAMS = {"google-contacts": "Google Contacts", "shopify-customers": "Shopify", "woocommerce": "WooCommerce", "outlook": "Outlook"}
_MANY = " ::: "
_QUOTED = re.compile(r"'[=+\-@0-9\t\r]")
_SAID = {
    **dict.fromkeys(("yes", "true", "1", "y", "subscribed", "ja", "oui", "sí", "si", "x", "opted in", "opt-in"), True),
    **dict.fromkeys(("no", "false", "0", "n", "unsubscribed", "not subscribed", "nein", "non", "opted out", "opt-out"), False),
}  # fmt: skip
_BESIDE = "#"
"""Before a number: the label stands in a column beside the value (“Phone 1 - Label”)."""


def _known() -> dict[str, str]:
    found = {title: target for target, titles in _FIELDS.items() for title in titles.split("|")}
    for prefix, label in _PREFIXES:
        for part, titles in _PLACES.items():
            for title in titles.split("|"):
                found.setdefault(prefix + title, f"{part}:{label}" if label else part)
    return found


_TARGETS = _known()


def dialect(table: Table) -> str:
    """Which program wrote the table: google-contacts, shopify-customers, woocommerce, outlook or csv."""
    return next((name for name, signs in _SIGNS if any(sign in table.columns for sign in signs)), "csv")


def targets(header: Sequence[str], program: str) -> tuple[str, ...]:
    """What each column is taken for, by its title."""
    unknown = OWN if program == "csv" else RAW
    return tuple(_target(plain(title), program) or unknown for title in header)


def _target(title: str, program: str) -> str:
    if program == "outlook" and title == "title":
        return "prefix"
    match = _NUMBERED.match(title)
    if match is None:
        return _TARGETS.get(title, "")
    kind, number, part = match.groups()
    if kind == "address":
        return f"{_GOOGLE_ADDRESS[part]}:{_BESIDE}{number}" if part in _GOOGLE_ADDRESS else ""
    return f"{_GOOGLE_VALUES[kind]}:{_BESIDE}{number}" if part == "value" and kind in _GOOGLE_VALUES else ""


class RowReader:
    """Rows of one table → entries. `columns` says what each column holds, as `targets` does."""

    def __init__(self, header: Sequence[str], columns: Sequence[str], region: str, program: str) -> None:
        self._region = region
        self._program = _PROGRAMS.get(program, "")
        self._keep = program == "csv"  # its mapping may still be changed
        self._width = len(header)
        titles = {plain(title): index for index, title in reversed(list(enumerate(header)))}
        found = []
        self._labels: dict[str, int] = {}
        for index, (title, target) in enumerate(zip(header, columns, strict=False)):
            field, _, label = target.partition(":")
            beside = _beside(titles, field, label) if label.startswith(_BESIDE) else -1
            if field in PLACES:
                self._labels[label] = beside
            if field:
                found.append((index, field, label, title, beside))
        labels = {beside for *_, beside in found}
        self._columns = [column for column in found if column[0] not in labels or column[1] not in {RAW, OWN}]

    def __call__(self, number: int, cells: Sequence[str]) -> Entry:
        """The entry of a row."""
        sketch = Sketch(number)
        places: dict[str, dict[str, str]] = {}
        width = len(cells)
        for index, field, label, title, beside in self._columns:
            value = cells[index].strip() if index < width else ""
            if not value:
                continue
            if value[0] == "'" and _QUOTED.match(value):  # how tables keep a spreadsheet from reckoning with it
                value = value[1:]
            if field in PLACES:
                if places.setdefault(label, {}).setdefault(field, value) != value:
                    sketch.other.append(Raw(title, "", value))
            elif not self._place(sketch, field, _label(cells, label, beside), title, value):
                sketch.other.append(Raw(title, "", value))
        for label, place in places.items():
            _address(sketch, _label(cells, label, self._labels[label]), place)
        for index in range(self._width, width):  # cells beyond the titles
            if cells[index].strip():
                sketch.other.append(Raw("", "", cells[index].strip()))
        return sketch.finish(tuple(cells), keep=self._keep)

    def _place(self, sketch: Sketch, field: str, label: str, title: str, value: str) -> bool:
        if field in NAMES:
            return sketch.names.setdefault("full" if field == "name" else field, value) == value
        if field == "phone":
            kept = [self._phone(sketch, label.lower(), part) for part in _parts(value)]  # each of them, not up to the first that is none
            return all(kept)
        if field == "agrees":
            return self._consent(sketch, label or title, value)
        if field == OWN:
            sketch.custom.append(Labelled(label or title, value))
            return True
        if field == "date":
            return _date(sketch, label.lower() or title, value)
        if field in _LISTS:
            _LISTS[field](sketch, label, value)
            return True
        return _email(sketch, label.lower(), value) if field == "email" else _single(sketch, field, value)

    def _phone(self, sketch: Sketch, label: str, value: str) -> bool:
        return value in {known.raw for _, known in sketch.phones} or sketch.add_phone(100, label, value, self._region)

    def _consent(self, sketch: Sketch, purpose: str, value: str) -> bool:
        """Yes or no to a purpose. No table says since when: the day stays unknown."""
        given = _SAID.get(value.casefold())
        if given is None:
            sketch.problems.append(f"“{value[:60]}” under “{purpose}” is neither yes nor no; it is kept as it was.")
            return False
        sketch.consents.append(Consent(purpose, given, "", self._program))
        return True


def _beside(titles: dict[str, int], field: str, label: str) -> int:
    """The column with the labels of a numbered one, or -1."""
    kind = "address" if field in PLACES else next((kind for kind, name in _GOOGLE_VALUES.items() if name == field), field)
    parts = _GOOGLE_LABELS if kind != "im" else _GOOGLE_LABELS[::-1]
    stems = (f"{kind} {label[1:]} - {part}" for part in parts)
    return next((titles[stem] for stem in stems if stem in titles), -1)


def _label(cells: Sequence[str], label: str, beside: int) -> str:
    """The label of a value: fixed by the column, or in the column beside it ("* " before the one preferred)."""
    if not label.startswith(_BESIDE):
        return label
    return cells[beside].strip().removeprefix("*").strip() if 0 <= beside < len(cells) else ""


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(_MANY) if part.strip()] if _MANY in value else [value]


def _email(sketch: Sketch, label: str, value: str) -> bool:
    known = {email.value for _, email in sketch.emails}
    kept = [part in known or sketch.add_email(100, label, part) for part in _parts(value)]
    return all(kept)


def _date(sketch: Sketch, label: str, value: str) -> bool:
    found = day(value)
    if found:
        sketch.dates.append(Labelled(label, found))
    else:
        sketch.no_day(value)
    return bool(found)


def _tags(sketch: Sketch, _: str, value: str) -> None:
    sketch.tags += [tag for part in re.split(r"[,;]|:::", value) if (tag := part.strip().removeprefix("* "))]


_LISTS: dict[str, Callable[[Sketch, str, str], object]] = {
    "url": lambda sketch, label, value: sketch.urls.extend(Labelled(label.lower(), part) for part in _parts(value)),
    "tags": _tags,
    "note": lambda sketch, _, value: sketch.notes.append(value),
    "handle": lambda sketch, label, value: sketch.handles.extend(Labelled(label.lower(), part) for part in _parts(value)),
    "preference": lambda sketch, label, value: sketch.preferences.append(Labelled(label, value)),
}


def _single(sketch: Sketch, field: str, value: str) -> bool:
    """A field with room for one value; another value for it is left to be kept raw."""
    if field == RAW:
        return False
    found = day(value) if field == "birthday" else value
    if not found:
        sketch.no_day(value)
        return False
    if not getattr(sketch, field):
        setattr(sketch, field, found)
    return bool(getattr(sketch, field) == found)


def _address(sketch: Sketch, label: str, place: dict[str, str]) -> None:
    blocks = [place.get(part, "") for part in ("street", "street2", "street3")]
    lines = text_lines(*blocks)
    if place.get("block"):
        if lines or place.get("city"):
            sketch.other.append(Raw("Address - Formatted", "", place["block"]))
        else:
            lines = text_lines(place["block"])
    address = Address(label.lower(), lines, *(place.get(part, "") for part in ("city", "region", "postcode", "country")))
    same = {(known.lines, known.city, known.postcode) for _, known in sketch.addresses}
    if (address.lines, address.city, address.postcode) not in same:
        sketch.addresses.append((100, address))
