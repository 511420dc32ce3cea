"""Rows of commissions come back as they were kept, amounts beyond 64 bits too."""

import os
from dataclasses import replace

import pytest

from node.model.commission import ClaimRow, FactRow, LedgerRow, PayoutRow, RelayRow, RootRow, StatementRow
from node.store.store import Store
from protocol.commission import Why
from protocol.ledger import Entry, EntryKey, Status

BIG = 2**128 - 1
A, B, C = b"a" * 32, b"b" * 32, b"c" * 32
ADDRESS = b"v" * 20
ENTRY = Entry(EntryKey(A, 2, B, 1, C, A), Why(10_400, 500, C, 1, 10**16, "level"), -5, -BIG, Status.HELD, 3, 10, 20, 4, BIG, 7)
ROW = LedgerRow(ENTRY, A, B, "USD", 99, C, A)


@pytest.fixture
def unit(tmp_path):
    store = Store.open(tmp_path / "store.db", os.urandom(32), "me")
    yield store.write_now
    store.close()


def test_an_entry_is_found_by_each_way(unit):
    unit(lambda u: u.commissions.keep_entry(ROW))
    assert unit(lambda u: u.commissions.entry(ENTRY.id)) == ROW
    ways = (
        lambda u: u.commissions.entries(A),
        lambda u: u.commissions.entries(A, B),
        lambda u: u.commissions.entries_of_order(A),
        lambda u: u.commissions.entries_of_fact(C),
        lambda u: u.commissions.all_entries(),
        lambda u: u.commissions.all_entries(A, "HELD"),
        lambda u: u.commissions.ripe(20),
    )
    assert all(unit(way) == [ROW] for way in ways)
    others = (
        lambda u: u.commissions.entries(A, C),
        lambda u: u.commissions.all_entries(status="PAID"),
        lambda u: u.commissions.ripe(19),
        lambda u: u.commissions.entries_of_fact(b""),
    )
    assert all(unit(way) == [] for way in others)
    changed = replace(ROW, entry=replace(ENTRY, status=Status.PAYABLE, gms=1))
    unit(lambda u: u.commissions.keep_entry(changed))
    assert unit(lambda u: u.commissions.all_entries()) == [changed]


def test_facts_by_level_and_their_issuer(unit):
    facts = [FactRow(B, A, B, 1, b"raw", 5, C, A, 2, checked=True), FactRow(A, A, C, 0, b"raw", 5, C)]
    for fact in facts:
        unit(lambda u, fact=fact: u.commissions.keep_fact(fact))
    assert unit(lambda u: u.commissions.facts_of_order(C)) == [facts[1], facts[0]]
    assert unit(lambda u: u.commissions.unchecked(A)) == [facts[1]]
    assert unit(lambda u: u.commissions.issuer(A)) is None
    unit(lambda u: u.commissions.keep_issuer(A, ADDRESS))
    assert unit(lambda u: u.commissions.issuer(A)) == ADDRESS


def test_statements_newest_first(unit):
    rows = [StatementRow(A, epoch, b"head", B, 10 * epoch, state="matches") for epoch in (1, 2)]
    for row in rows:
        unit(lambda u, row=row: u.commissions.keep_statement(row))
    assert unit(lambda u: u.commissions.statements()) == rows[::-1]
    assert unit(lambda u: u.commissions.last_statement(A)) == rows[1]
    assert unit(lambda u: u.commissions.statement(A, 1)) == rows[0]
    assert unit(lambda u: u.commissions.last_statement(B)) is None


def test_what_the_chain_showed(unit):
    root = RootRow(ADDRESS, 1, A, BIG, BIG, B, 12, C, "confirmed")
    payout = PayoutRow(C, 3, ADDRESS, A, 1, BIG, "confirmed")
    unit(lambda u: u.commissions.keep_root(root))
    unit(lambda u: u.commissions.keep_payout(payout))
    assert unit(lambda u: u.commissions.roots(ADDRESS)) == [root]
    assert unit(lambda u: u.commissions.payouts(ADDRESS, A)) == [payout]
    unit(lambda u: u.commissions.drop_root(ADDRESS, 1))
    unit(lambda u: u.commissions.drop_payout(C, 3))
    assert unit(lambda u: (u.commissions.roots(ADDRESS), u.commissions.payouts(ADDRESS, A))) == ([], [])


def test_claims_and_relays(unit):
    claim = ClaimRow(A, B, ADDRESS, 1, (A, B), 9)
    relay = RelayRow(A, True, "mate", B, ADDRESS, 1, C, b"request", 9)
    unit(lambda u: u.commissions.keep_claim(claim))
    unit(lambda u: u.commissions.keep_relay(relay))
    assert unit(lambda u: u.commissions.claims(ADDRESS)) == [claim] == [unit(lambda u: u.commissions.claim(A))]
    assert unit(lambda u: u.commissions.relays(asked=True, peer="mate")) == [relay]
    assert unit(lambda u: u.commissions.relays(asked=False)) == []
    unit(lambda u: u.commissions.drop_relay(A))
    assert unit(lambda u: u.commissions.relay(A)) is None
