"""What JSON-RPC reads: blocks by number and hash, receipts by transaction, logs by block and range. Rows only, no EVM."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from node.chain.embedded.database import seal, unseal
from node.chain.embedded.evm import Executed
from node.chain.embedded.shapes import block_body, header_body, receipt_bodies, transaction_body

MOST_LOGS = 10_000
"""In one answer to eth_getLogs."""


class TooManyLogs(Exception):
    """The query matches more than `MOST_LOGS`."""


@dataclass(frozen=True, slots=True)
class LogQuery:
    """A filter of eth_getLogs: one block by hash, or a range of canonical numbers."""

    block: bytes | None
    first: int
    last: int
    addresses: tuple[bytes, ...]
    topics: tuple[tuple[bytes, ...], ...]
    """A set of alternatives for each position; an empty set matches everything."""


class Ledger:
    """Tables `block`, `receipt`, `log` and `meta`. Writers hold the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def meta(self, name: str) -> bytes | None:
        """A setting that is kept with the chain."""
        row = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def set_meta(self, name: str, value: bytes) -> None:
        """Keep a setting with the chain."""
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def add_genesis(self, header: Any) -> None:
        """Block 0."""
        self._add_block(header, header_body(header))

    def add(self, executed: Executed) -> None:
        """A block with its transactions, receipts and logs, as the new head."""
        block = executed.block
        self._add_block(block.header, block_body(executed))
        receipts = receipt_bodies(executed)
        for position, (transaction, receipt) in enumerate(zip(block.transactions, receipts, strict=True)):
            body = transaction_body(transaction, block.header.base_fee_per_gas)
            body |= {key: receipt[key] for key in ("blockHash", "blockNumber", "transactionIndex")}
            self._connection.execute(
                "INSERT INTO receipt VALUES (?, ?, ?, ?, ?)",
                (block.hash, position, transaction.hash, seal(body), seal(receipt)),
            )
        logs = [log for receipt in receipts for log in receipt["logs"]]
        self._connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (_log_row(block, log) for log in logs))

    def leave(self, above: int) -> list[bytes]:
        """Take the blocks above a number off the chain; their hashes, highest first."""
        rows = self._connection.execute(
            "SELECT hash FROM block WHERE canonical = 1 AND number > ? ORDER BY number DESC", (above,)
        ).fetchall()
        self._connection.execute("UPDATE block SET canonical = 0 WHERE canonical = 1 AND number > ?", (above,))
        return [bytes(row[0]) for row in rows]

    def head(self) -> tuple[int, bytes] | None:
        """Number and hash of the newest canonical block."""
        row = self._connection.execute("SELECT number, hash FROM block WHERE canonical = 1 ORDER BY number DESC LIMIT 1").fetchone()
        return None if row is None else (int(row[0]), bytes(row[1]))

    def hash_at(self, number: int) -> bytes | None:
        """Hash of the canonical block with this number."""
        row = self._connection.execute("SELECT hash FROM block WHERE canonical = 1 AND number = ?", (number,)).fetchone()
        return None if row is None else bytes(row[0])

    def block(self, block_hash: bytes, *, full: bool) -> dict[str, Any] | None:
        """A block on the chain or left by it, transactions as hashes or whole."""
        row = self._connection.execute("SELECT body FROM block WHERE hash = ?", (block_hash,)).fetchone()
        if row is None:
            return None
        body: dict[str, Any] = unseal(row[0])
        if full:
            rows = self._connection.execute("SELECT tx FROM receipt WHERE block = ? ORDER BY position", (block_hash,))
            body["transactions"] = [unseal(text) for (text,) in rows]
        return body

    def transaction(self, transaction_hash: bytes) -> dict[str, Any] | None:
        """A transaction on the canonical chain."""
        return self._of_transaction("tx", transaction_hash)

    def receipt(self, transaction_hash: bytes) -> dict[str, Any] | None:
        """The receipt of a transaction on the canonical chain; one that a reorg left has none."""
        return self._of_transaction("body", transaction_hash)

    def logs(self, query: LogQuery) -> list[dict[str, Any]]:
        """Matching logs in chain order; `TooManyLogs` rather than a part of them."""
        where, values = _conditions(query)
        rows = self._connection.execute(
            f"SELECT log.body FROM log JOIN block ON block.hash = log.block WHERE {where} "  # noqa: S608
            f"ORDER BY log.number, log.position LIMIT {MOST_LOGS + 1}",
            values,
        ).fetchall()
        if len(rows) > MOST_LOGS:
            raise TooManyLogs
        return [unseal(text) for (text,) in rows]

    def _add_block(self, header: Any, body: dict[str, Any]) -> None:
        self._connection.execute(
            "INSERT INTO block VALUES (?, ?, ?, 1, ?)",
            (header.hash, header.block_number, header.parent_hash, seal(body)),
        )

    def _of_transaction(self, column: str, transaction_hash: bytes) -> dict[str, Any] | None:
        row = self._connection.execute(
            f"SELECT receipt.{column} FROM receipt JOIN block ON block.hash = receipt.block "  # noqa: S608
            "WHERE receipt.hash = ? AND block.canonical = 1",
            (transaction_hash,),
        ).fetchone()
        return None if row is None else unseal(row[0])


def _log_row(block: Any, log: dict[str, Any]) -> Sequence[Any]:
    topics: list[bytes | None] = [bytes.fromhex(topic[2:]) for topic in log["topics"]]
    topics += [None] * (4 - len(topics))
    address = bytes.fromhex(log["address"][2:])
    return (block.hash, int(log["logIndex"], 16), block.number, address, *topics, seal(log))


def _conditions(query: LogQuery) -> tuple[str, list[Any]]:
    values: list[Any]
    if query.block is not None:
        parts, values = ["log.block = ?"], [query.block]
    else:
        parts, values = ["block.canonical = 1 AND log.number BETWEEN ? AND ?"], [query.first, query.last]
    columns = [("log.address", query.addresses)]
    columns += [(f"log.topic{position}", wanted) for position, wanted in enumerate(query.topics)]
    for column, wanted in columns:
        if wanted:
            parts.append(f"{column} IN ({','.join('?' * len(wanted))})")
            values.extend(wanted)
    return " AND ".join(parts), values
