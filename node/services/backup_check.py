"""Loading a backup into a copy and holding the copy against what the manifest says. It decides when the two are equal."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from node.errors import IntegrityError
from node.model.backup import Keyring, Manifest
from protocol.state_hash import StateHash

from .backup_ports import Cipher, Copy
from .backup_read import Opened, read_rows, secrets_of
from .backup_stream import Read, digest
from .backup_target import Target

CUSTOMERS, ID = "customers", "id"


@dataclass(frozen=True, slots=True)
class Loaded:
    """`withheld`: rows of customers who were erased since this backup; they can't be opened any more."""

    rows: int
    withheld: int


def load(target: Target, cipher: Cipher, opened: Opened, keyring: Keyring, copy: Copy) -> Loaded:
    """Load every row and compare. Raises IntegrityError `backup-differs` and what reading raises."""
    rows, withheld, secrets = 0, 0, secrets_of(keyring)
    for read in read_rows(target, cipher, opened, secrets):
        if read.rows:
            copy.put(read.table, read.columns, read.rows)
        if read.rows and read.table == CUSTOMERS:
            copy.own(_owners(read, secrets))
        if read.gone:
            copy.drop(read.table, read.key, read.gone)
        copy.part_done(len(read.rows) + len(read.gone))
        rows += len(read.rows) + len(read.gone)
        withheld += read.withheld
    compare(opened.manifest, copy, withheld)
    return Loaded(rows, withheld)


def _owners(read: Read, secrets: Mapping[int, bytes]) -> list[tuple[int, bytes, bytes]]:
    """Slot, customer and key of rows of customers."""
    place = read.columns.index(ID)
    owned = zip(read.slots, read.rows, strict=True)
    return [(slot, customer, secrets[slot]) for slot, row in owned if slot is not None and isinstance(customer := row[place], bytes)]


def compare(manifest: Manifest, copy: Copy, withheld: int) -> None:
    """Count and hash what the copy holds. Of a backup from before somebody was erased only the rest can be counted."""
    counts, state = reckon(copy)
    said = {count.table: count.number for count in manifest.counts}
    equal = counts == said and state.digest == manifest.state
    if equal or (withheld and _within(counts, said)):
        return
    different = sorted(table for table in counts.keys() | said.keys() if counts.get(table, 0) != said.get(table, 0))
    where = f"the number of rows in {', '.join(different)}" if different else "the state hash"
    raise IntegrityError(f"The restored copy differs from what was backed up: {where}. Make a new backup.", code="backup-differs")


def _within(counts: Mapping[str, int], said: Mapping[str, int]) -> bool:
    return all(number <= said.get(table, 0) for table, number in counts.items())


def reckon(copy: Copy) -> tuple[dict[str, int], StateHash]:
    """What a copy comes to."""
    counts: dict[str, int] = {}

    def digests() -> Iterator[bytes]:
        for table, rows in copy.rows():
            number = 0
            for row in rows:
                yield digest(table, row)
                number += 1
            if number:
                counts[table] = number

    state = StateHash().change(added=digests())
    return counts, state
