"""What belongs to generations of keys: their sealed seeds, and the rows that lie sealed under an earlier one. It opens nothing."""

from collections.abc import Iterator, Sequence

from sqlite_utils import Database

from node.model.sealed import Place

BATCH = 500
_NUMBER_BYTES = 2  # in front of sealed bytes (`Keys.seal`)


class Generations:
    """The table `generation_seals`, and the sealed columns of all others."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def keep_seals(self, generation: int, seals: Sequence[tuple[bytes, bytes]]) -> None:
        """Keep a generation's sealed seed."""
        rows = [(generation, recipient, sealed) for recipient, sealed in seals]
        self._db.conn.executemany("INSERT INTO generation_seals (generation, recipient, sealed) VALUES (?, ?, ?)", rows)

    def seals(self, generation: int) -> tuple[tuple[bytes, bytes], ...]:
        """A generation's sealed seed, in the order of the recipients' keys."""
        sql = "SELECT recipient, sealed FROM generation_seals WHERE generation = ? ORDER BY recipient"
        return tuple((row[0], row[1]) for row in self._db.execute(sql, (generation,)))

    def sealed_before(self, place: Place, generation: int) -> Iterator[list[tuple[bytes, bytes]]]:
        """Key and bytes of each row not sealed under `generation`, some hundred at a time; they may be written in between."""
        number, after = generation.to_bytes(_NUMBER_BYTES, "big"), b""
        sql = (
            f"SELECT {place.key}, {place.column} FROM {place.table} "  # noqa: S608
            f"WHERE {place.key} > ? AND substr({place.column}, 1, {_NUMBER_BYTES}) <> ? ORDER BY {place.key} LIMIT {BATCH}"
        )
        while rows := [(row[0], row[1]) for row in self._db.execute(sql, (after, number))]:
            yield rows
            after = rows[-1][0]

    def reseal(self, place: Place, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Put other sealed bytes in their place."""
        sql = f"UPDATE {place.table} SET {place.column} = ? WHERE {place.key} = ?"  # noqa: S608
        self._db.conn.executemany(sql, [(sealed, key) for key, sealed in rows])
