"""A whole contacts file read at once, as tests look at it."""

from typing import NamedTuple

from node.files.contacts import open_contacts


class RowError(NamedTuple):
    row: int
    reason: str


class ContactFile(NamedTuple):
    dialect: str
    contacts: tuple
    errors: tuple
    entries: tuple


def read_contacts(source, *, name, **options):
    with open_contacts(source, name=name, **options) as found:
        entries = tuple(found.entries())
    errors = tuple(RowError(entry.row, reason) for entry in entries for reason in entry.problems)
    return ContactFile(found.dialect, tuple(entry.person for entry in entries if entry.person), errors, entries)
