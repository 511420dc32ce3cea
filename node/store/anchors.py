"""Anchors in the store: read off the chain's logs, who may write them, what was found of each; and heads that others were shown."""

from sqlite_utils import Database

from node.model.anchor import AnchorerRow, AnchorRow, CheckRow, HeardRow
from protocol.anchor import Anchor

_ANCHORS = (
    "SELECT l.topics, l.data, b.number, b.hash, l.tx, b.timestamp, b.final FROM chain_log AS l JOIN chain_block AS b ON b.hash = l.block "
    "WHERE l.contract = 'CatalogAnchors' AND substr(l.topics, 33, 32) = ? AND substr(l.topics, 77, 20) = ? AND length(l.data) = 96 "
    "ORDER BY b.number DESC, l.position DESC LIMIT ?"
)
_HEARD = "feed, size, root, raw, heard_at, asked_at"
_SIGNED = 2**63  # a log of more entries than an integer holds is nobody's


class Anchors:
    """The tables `anchorers` and `anchor_checks` of one transaction, and the logs of `CatalogAnchors`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def of(self, feed: bytes, by: bytes, limit: int) -> list[AnchorRow]:
        """The newest anchors of a feed in the name of an address, newest first. Times of blocks are seconds, here milliseconds."""
        return [row for found in self._db.execute(_ANCHORS, (feed, by, limit)) if (row := _anchor(*found)).anchor.size < _SIGNED]

    def anchorer(self, identity: bytes) -> AnchorerRow | None:
        """Under which address an identity anchors."""
        sql = "SELECT identity, chain_id, contract, address, created, raw FROM anchorers WHERE identity = ?"
        row = self._db.execute(sql, (identity,)).fetchone()
        return AnchorerRow(*row) if row else None

    def keep_anchorer(self, row: AnchorerRow) -> None:
        """Write it, new or in place of an earlier one."""
        sql = "INSERT OR REPLACE INTO anchorers (identity, chain_id, contract, address, created, raw) VALUES (?, ?, ?, ?, ?, ?)"
        self._db.execute(sql, (row.identity, row.chain_id, row.contract, row.address, row.created, row.raw))

    def check(self, feed: bytes, size: int, root: bytes) -> CheckRow | None:
        """What was found of an anchor."""
        sql = "SELECT feed, size, root, verdict, head, checked_at FROM anchor_checks WHERE feed = ? AND size = ? AND root = ?"
        row = self._db.execute(sql, (feed, size, root)).fetchone()
        return CheckRow(*row) if row else None

    def keep_check(self, row: CheckRow) -> None:
        """Write what was found. A contradiction stays one."""
        sql = (
            "INSERT INTO anchor_checks (feed, size, root, verdict, head, checked_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
            "SET verdict = excluded.verdict, head = excluded.head, checked_at = excluded.checked_at WHERE verdict <> 'contradicts'"
        )
        self._db.execute(sql, (row.feed, row.size, row.root, row.verdict, row.head, row.checked_at))

    def contradictions(self) -> list[CheckRow]:
        """Anchors that contradict a head we were shown, newest first."""
        sql = "SELECT feed, size, root, verdict, head, checked_at FROM anchor_checks WHERE verdict = 'contradicts' ORDER BY checked_at DESC"
        return [CheckRow(*row) for row in self._db.execute(sql)]


class Heads:
    """The table `heard_heads` of one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def heard(self, feed: bytes | None = None) -> list[HeardRow]:
        """What was heard of a feed (None: of all), by size."""
        sql = f"SELECT {_HEARD} FROM heard_heads WHERE ? IS NULL OR feed = ? ORDER BY feed, size"  # noqa: S608
        return [HeardRow(*row) for row in self._db.execute(sql, (feed, feed))]

    def keep_heard(self, row: HeardRow, most: int) -> None:
        """Write one, new or changed; new ones only up to `most` of a feed."""
        sql = (
            f"INSERT INTO heard_heads ({_HEARD}) SELECT ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM heard_heads WHERE feed = ?) < ? "  # noqa: S608
            "OR EXISTS (SELECT 1 FROM heard_heads WHERE feed = ? AND size = ? AND root = ?) "
            "ON CONFLICT DO UPDATE SET asked_at = max(asked_at, excluded.asked_at)"
        )
        values = (row.feed, row.size, row.root, row.raw, row.heard_at, row.asked_at)
        self._db.execute(sql, (*values, row.feed, most, row.feed, row.size, row.root))

    def drop_heard(self, row: HeardRow) -> None:
        """Let go of one."""
        self._db.execute("DELETE FROM heard_heads WHERE feed = ? AND size = ? AND root = ?", (row.feed, row.size, row.root))


def _anchor(topics: bytes, data: bytes, block: int, block_hash: bytes, tx: bytes, timestamp: int, final: int) -> AnchorRow:
    anchor = Anchor(topics[32:64], int.from_bytes(data[:32], "big"), data[32:64], data[64:96])
    return AnchorRow(anchor, topics[76:96], block, block_hash, tx, timestamp * 1000, bool(final))
