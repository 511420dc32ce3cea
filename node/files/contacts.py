"""A contacts file → people. It decides whether the file holds cards or a table; the formats' modules do the rest."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from node.errors import UserError
from node.model.export import Beside
from node.model.person import Entry

from . import contacts_csv, export_csv, export_json, vcard
from .decoding import Peeked, Progress, read_byte_lines
from .kinds import refuse_other_kinds
from .table import Table, open_table

_BEGIN = b"BEGIN:VCARD"


class OpenContacts:
    """A contacts file that is read once, forward. `header` and `guess` are of a table: its titles, and a target for each column.

    `dialect`: vcard, google-contacts, outlook, shopify-customers, woocommerce, or csv for a table nobody's program is known by.
    """

    def __init__(self, name: str, dialect: str, cards: Iterator[Entry | Beside] | None, table: Table | None, region: str) -> None:
        self.dialect = dialect
        self._name = name
        self.header = tuple(table.header) if table else ()
        self.guess = contacts_csv.targets(table.header, dialect) if table else ()
        self._cards, self._table, self._region = cards, table, region

    def entries(self, targets: Sequence[str] = ()) -> Iterator[Entry | Beside]:
        """Each card or row, and what an export holds beside them. `targets` say what each column holds; without them the guess does.

        Raises UserError `file-empty` for none.
        """
        number = 0
        for number, entry in enumerate(self._found(targets), 1):  # noqa: B007  the last one is looked at below
            yield entry
        if not number:
            raise UserError(f"“{self._name}” has a header but no contacts. Export it again with all contacts.", code="file-empty")

    def _found(self, targets: Sequence[str]) -> Iterator[Entry | Beside]:
        if self._table is None:
            assert self._cards is not None
            return self._cards
        read = contacts_csv.RowReader(self.header, targets or self.guess, self._region, self.dialect)
        return (read(row.number, row.cells) for row in self._table)


@contextmanager
def open_contacts(source: BinaryIO, *, name: str, default_region: str = "US", progress: Progress | None = None) -> Iterator[OpenContacts]:
    """The people in `source` (vCard 2.1, 3.0, 4.0 or CSV), read in pieces as they are iterated.

    `name` is how the person knows the file, `default_region` (two capitals) the country of phone numbers without a country code,
    `progress` gets the bytes read so far and may raise to cancel. Raises UserError, also while iterating: `file-empty`, `file-kind`,
    `file-encoding`, `file-broken`, `file-limit`. What is wrong with one card or row only is told in its entry.
    """
    peeked = Peeked(source)
    if not peeked.head.strip():
        raise UserError(f"“{name}” is empty. Export it again and import that file.", code="file-empty")
    if peeked.head.startswith(export_json.SIGN):
        rows = export_json.read_people(read_byte_lines(peeked, name, longest=export_json.LONGEST_LINE, progress=progress))
        yield OpenContacts(name, "gemstra-json", rows, None, default_region)
        return
    if _BEGIN in peeked.head.replace(b"\0", b"").upper():
        lines = read_byte_lines(peeked, name, longest=vcard.LONGEST_LINE, progress=progress)
        yield OpenContacts(name, "vcard", vcard.read_cards(lines, default_region), None, default_region)
        return
    refuse_other_kinds(peeked.head, name)
    with open_table(peeked, name, progress) as table:
        if tuple(table.header) == export_csv.HEADER:
            people = (export_csv.read_customer(row.number, row.cells) for row in table)
            yield OpenContacts(name, "gemstra-csv", people, None, default_region)
            return
        yield OpenContacts(name, contacts_csv.dialect(table), None, table, default_region)


def row_reader(header: Sequence[str], targets: Sequence[str], region: str) -> Callable[[int, Sequence[str]], Entry]:
    """How a row of an unknown table is read: its number and cells → an entry."""
    return contacts_csv.RowReader(header, targets, region, "csv")
