"""Contacts files taken over in one process: the real runs and readers over a node's store."""

import asyncio
import io

from node.files import contacts
from node.model.person import Entry
from node.services import customer_imports, customer_staging
from node.services.import_runs import ImportRuns
from tests.node.store import searching
from tests.node.store.searching import is_index


class Files:
    open = staticmethod(contacts.open_contacts)
    rows = staticmethod(contacts.row_reader)


def runs(node):
    return ImportRuns(node.store, Files())


def stage_people(node, *people, name="contacts.vcf", dialect="vcard", errors=()):
    """A file that waits, with these people in it; its id."""
    staged = node.write(customer_staging.begin_staging, name=name, dialect=dialect, region="US", header=(), guess=(), ask=False)
    entries = [Entry(person.row, person) for person in people] + [Entry(row, None, (reason,), ("x",)) for row, reason in errors]
    node.write(customer_staging.add_entries, staged, 1, entries)
    node.write(customer_staging.end_staging, staged)
    return staged.id


def take(node, *people, **options):
    """As a person who says yes at once."""
    staged = stage_people(node, *people, **options)
    return node.write(customer_imports.apply_import, staged)


def stage_file(node, data, name="people.csv", region="US", ask=False):
    """Read a file as the node does."""
    return asyncio.run(runs(node).stage(io.BytesIO(data), name, region, ask=ask, size=len(data)))


def dump(node, *, but=()):
    """Every row of every table, to compare."""

    def look(unit):
        names = [row[0] for row in unit.db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        return {
            name: sorted(map(repr, unit.db.execute(f'SELECT * FROM "{name}"').fetchall()))
            for name in names
            if name not in but and not is_index(name)
        } | {"the search": searching.dump(unit)}

    return node.read(look)
