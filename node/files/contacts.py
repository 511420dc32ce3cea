"""A contacts file → people. It decides whether the file holds cards or a table; the formats' modules do the rest."""

from collections.abc import Iterable
from typing import BinaryIO

from node.errors import UserError
from node.model.person import Address, Contact, ContactFile, Labelled, Names, Phone, Raw, RowError

from . import contacts_csv, vcard
from .decoding import Peeked, Progress, read_byte_lines
from .table import open_table

__all__ = ["Address", "Contact", "ContactFile", "Labelled", "Names", "Phone", "Raw", "RowError", "read_contacts"]

_BEGIN = b"BEGIN:VCARD"


def read_contacts(source: BinaryIO, *, name: str, default_region: str = "US", progress: Progress | None = None) -> ContactFile:
    """The people in `source` (vCard 2.1, 3.0, 4.0 or CSV), which is read once, forward, in pieces.

    `name` is how the person knows the file, `default_region` (two capitals) the country of phone numbers without a country code,
    `progress` gets the bytes read so far and may raise to cancel. Raises UserError: `file-empty`, `file-encoding`, `file-broken`,
    `file-limit`, `file-column`. What is wrong with one card or row only is a `RowError` with its reason.
    """
    peeked = Peeked(source)
    if not peeked.head.strip():
        raise UserError(f"“{name}” is empty. Export it again and import that file.", code="file-empty")
    if _BEGIN in peeked.head.replace(b"\0", b"").upper():
        lines = read_byte_lines(peeked, name, longest=vcard.MAX_CARD, progress=progress)
        return _gather("vcard", vcard.read_cards(lines, default_region), name)
    with open_table(peeked, name, progress) as table:
        return _gather(contacts_csv.dialect(table), contacts_csv.read_table(table, default_region), name)


def _gather(dialect: str, found: Iterable[Contact | RowError], name: str) -> ContactFile:
    contacts: list[Contact] = []
    errors: list[RowError] = []
    for entry in found:
        if isinstance(entry, Contact):
            contacts.append(entry)
        else:
            errors.append(entry)
    if not contacts and not errors:
        raise UserError(f"“{name}” has a header but no contacts. Export it again with all contacts.", code="file-empty")
    return ContactFile(dialect, tuple(contacts), tuple(errors))
