"""Memberships, members and edges in the store."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlite_utils import Database

from node.model.team import Edge, Member, Membership, Payee, Rank
from protocol.team import Link

R = TypeVar("R")

_MEMBERSHIP = "merchant, member, payout, payout_index, status, asked_at, seq, starts, accepted"
_MEMBER = "member, peer, member_key, payout, status, request, asked_at, seq, starts"
_PAYEE = "merchant, member, generation, payout, raw"
_RANK = "merchant, member, rank, created, raw"
_EDGE = "edge, merchant, member, sponsor, seq, starts, side, status, peer, created, ends, cosigned"


class Team:
    """The tables `memberships`, `members`, `ranks`, `payees` and `edges` of one transaction."""

    def __init__(self, db: Database, touched: Callable[[], None]) -> None:
        self._db = db
        self._touched = touched
        """Told where prices for us may be others from now on."""

    # --- ours

    def membership(self, merchant: bytes) -> Membership | None:
        """Ours at a merchant."""
        return self._one(Membership, f"SELECT {_MEMBERSHIP} FROM memberships WHERE merchant = ?", merchant)  # noqa: S608

    def memberships(self) -> list[Membership]:
        """All of ours, oldest first."""
        return self._all(Membership, f"SELECT {_MEMBERSHIP} FROM memberships ORDER BY asked_at, merchant")  # noqa: S608

    def next_payout_index(self, first: int) -> int:
        """The next unused payout index from `first` on."""
        found: int = self._db.execute("SELECT coalesce(max(payout_index) + 1, ?) FROM memberships", (first,)).fetchone()[0]
        return max(found, first)

    def keep_membership(self, row: Membership) -> None:
        """Write one of ours."""
        self._keep("memberships", _MEMBERSHIP, row)
        self._touched()

    # --- a merchant's

    def member(self, member: bytes) -> Member | None:
        """The member with this id."""
        return self._one(Member, f"SELECT {_MEMBER} FROM members WHERE member = ?", member)  # noqa: S608

    def members(self) -> list[Member]:
        """All, in the order they asked."""
        return self._all(Member, f"SELECT {_MEMBER} FROM members ORDER BY asked_at, member")  # noqa: S608

    def keep_member(self, row: Member) -> None:
        """Write a member."""
        self._keep("members", _MEMBER, row)

    def rank(self, merchant: bytes, member: bytes) -> Rank | None:
        """The rank a member was given."""
        return self._one(Rank, f"SELECT {_RANK} FROM ranks WHERE merchant = ? AND member = ?", merchant, member)  # noqa: S608

    def keep_rank(self, row: Rank) -> None:
        """Write one, new or in place of an earlier one."""
        sql = f"INSERT OR REPLACE INTO ranks ({_RANK}) VALUES (?, ?, ?, ?, ?)"  # noqa: S608
        self._db.execute(sql, (row.merchant, row.member, row.rank, row.created, row.raw))
        self._touched()

    # --- where commissions go

    def payees(self, merchant: bytes, member: bytes) -> list[Payee]:
        """Where a member's commissions went, newest first; empty while they go where it joined with."""
        sql = f"SELECT {_PAYEE} FROM payees WHERE merchant = ? AND member = ? ORDER BY generation DESC"  # noqa: S608
        return self._all(Payee, sql, merchant, member)

    def keep_payee(self, row: Payee) -> None:
        """Write one generation's."""
        self._keep("payees", _PAYEE, row)

    # --- edges

    def edge(self, edge: bytes) -> Edge | None:
        """The edge with this id."""
        return self._one(Edge, f"SELECT {_EDGE} FROM edges WHERE edge = ?", edge)  # noqa: S608

    def edges(self, merchant: bytes | None = None) -> list[Edge]:
        """Edges at a merchant (None: all), oldest first."""
        return self._all(Edge, f"SELECT {_EDGE} FROM edges WHERE ? IS NULL OR merchant = ? ORDER BY created, edge", merchant, merchant)  # noqa: S608

    def keep_edge(self, row: Edge) -> None:
        """Write an edge."""
        self._keep("edges", _EDGE, row)

    def links(self, merchant: bytes) -> dict[bytes, tuple[Link, ...]]:
        """Member id → its accepted links at a merchant, by seq."""
        sql = "SELECT member, sponsor, seq, starts, ends FROM edges WHERE merchant = ? AND status = 'accepted' ORDER BY member, seq"
        found: dict[bytes, tuple[Link, ...]] = {}
        for member, sponsor, seq, starts, ends in self._db.execute(sql, (merchant,)):
            found[member] = (*found.get(member, ()), Link(sponsor, seq, starts, ends))
        return found

    def _one(self, cls: type[R], sql: str, *values: Any) -> R | None:
        row = self._db.execute(sql, values).fetchone()
        return cls(*row) if row else None

    def _all(self, cls: type[R], sql: str, *values: Any) -> list[R]:
        return [cls(*row) for row in self._db.execute(sql, values)]

    def _keep(self, table: str, columns: str, row: Any) -> None:
        names = columns.split(", ")
        marks = ", ".join("?" * len(names))
        sql = f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608
        self._db.execute(sql, tuple(getattr(row, name) for name in names))
