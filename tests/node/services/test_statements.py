"""Statements and claims on real stores: closed, reckoned again, contradicted, relayed, paid.

The chain's facts are told by hand here; tests/integration/test_settlement.py has the real one.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from node.errors import NotFound, UserError
from node.services import claims, commissions, fulfilment, orders, payments, relays, roots, statements, wallet
from protocol.codec import from_bytes
from protocol.envelope import sign
from protocol.errors import BadSignature, Conflict, Untimely
from protocol.kinds import Topic
from protocol.ledger import Status
from protocol.messages import pack, unpack
from protocol.settlement import Leaf, Node, Proof, root_from_proof, tree_domain
from protocol.statement import TYPE, StatementHead, statement_hash

from .shop import PLACE, WINDOW, Shop, fund

RATE = 10**16
ANA = 10_400 * 2_000 * RATE // 10_000
BEN = 10_400 * 500 * RATE // 10_000
BLOCK = b"\x0b" * 32


@dataclass(frozen=True)
class Fact:
    name: str
    values: dict[str, Any] = field(default_factory=dict)
    status: str = "confirmed"
    block_hash: bytes = BLOCK
    index: int = 0


@pytest.fixture
def shop(sponsored):
    return sponsored


def closed(shop):
    view = shop.lumen.write(statements.close_epoch)
    shop.world.deliver()
    return view


def posted(shop, view, nodes=None, **changes):
    """The watcher of each node sees the root; active in ten seconds."""
    head = shop.lumen.read(lambda unit: from_bytes(StatementHead, unit.commissions.statement(unit.me.identity, view.epoch).head))
    values = {
        "merchant": shop.lumen.keys.chain_address(0),
        "epoch": view.epoch,
        "root": bytes.fromhex(view.root[2:]),
        "payableTotal": head.payable,
        "outstandingTotal": head.outstanding,
        "statementHash": statement_hash(head),
        "activeAt": shop.clock.now // 1000 + 10,
        **changes,
    }
    for node in nodes or (shop.lumen, shop.ana, shop.ben):
        node.write(roots.on_chain_fact, Fact("RootProposed", values))


def claimed(shop, node, epoch, amount, status, index=0, at=None):
    member = node.read(lambda unit: unit.team.membership(shop.lumen.identity).member)
    values = {"merchant": shop.lumen.keys.chain_address(0), "memberId": member, "epoch": epoch, "recipient": bytes(20), "amount": amount}
    for who in at or (shop.lumen, shop.ana, shop.ben):
        who.write(roots.on_chain_fact, Fact("Claimed", values, status, BLOCK, index))


def statuses(node):
    return {row.entry.status for row in node.read(lambda unit: unit.commissions.all_entries())}


def latest(node):
    return node.read(statements.list_statements)[0]


def test_all_sides_reckon_the_same(shop):
    shop.completed()
    view = closed(shop)
    assert (view.epoch, view.payable, view.members) == (1, str(ANA + BEN), 2)
    mine, theirs = latest(shop.ana), latest(shop.ben)
    assert (mine.equal, mine.payable, theirs.equal, theirs.payable) == (True, str(ANA), True, str(BEN))
    assert mine.root == theirs.root == view.root
    assert statuses(shop.lumen) == statuses(shop.ana) == statuses(shop.ben) == {Status.BATCHED}
    assert latest(shop.lumen).transaction == "waiting"
    assert (mine.on_chain, mine.active_at) == ("none", 0)
    posted(shop, view)
    assert [latest(node).on_chain for node in (shop.lumen, shop.ana, shop.ben)] == ["proposed"] * 3
    shop.clock.tick(10_000)
    assert [latest(node).on_chain for node in (shop.lumen, shop.ana, shop.ben)] == ["active"] * 3


def test_the_intent_posts_what_the_members_got(shop):
    shop.completed()
    view = closed(shop)
    [intent] = shop.lumen.read(lambda unit: unit.transactions.open())
    epoch, root, payable, outstanding, named = intent.arguments
    assert intent.method == "vault.propose"
    assert (epoch, "0x" + root.hex(), payable, outstanding, named.hex()) == (1, view.root, ANA + BEN, ANA + BEN, view.statement_hash)
    domain = tree_domain(PLACE.chain_id, PLACE.vault, shop.lumen.keys.chain_address(0))
    for node in (shop.ana, shop.ben):
        part = node.read(lambda unit: statements.part_of(unit.commissions.last_statement(shop.lumen.identity)))
        leaf = Leaf(part.line.member, part.line.recipient, part.line.payable, part.line.outstanding)
        proof = Proof(part.head.epoch, part.index, tuple(Node(one.hash, one.payable, one.outstanding) for one in part.proof))
        assert root_from_proof(domain, leaf, proof) == Node(root, payable, outstanding)


def test_nothing_to_close(shop):
    with pytest.raises(UserError) as refused:
        shop.lumen.write(statements.close_epoch)
    assert refused.value.code == "nothing-payable"
    shop.delivered()
    with pytest.raises(UserError, match="return windows"):
        shop.lumen.write(statements.close_epoch)
    with pytest.raises(UserError, match="Only a merchant"):
        shop.ana.write(statements.close_epoch)


def test_a_reserve_that_shrank_is_said_with_its_numbers(shop):
    shop.completed()
    fund(shop.lumen, ANA)
    with pytest.raises(UserError, match=f"comes to {ANA + BEN} .* covers {ANA}. Deposit {BEN} more") as refused:
        shop.lumen.write(statements.close_epoch)
    assert refused.value.code == "reserve-short"
    assert statuses(shop.lumen) == {Status.PAYABLE}


def test_the_second_epoch_is_cumulative_and_follows(shop):
    shop.completed()
    closed(shop)
    shop.completed()
    shop.delivered()
    view = closed(shop)
    assert view.epoch == 2
    assert latest(shop.ana).equal
    assert (latest(shop.ana).payable, latest(shop.ana).outstanding) == (str(2 * ANA), str(3 * ANA))
    assert latest(shop.ben).equal


def resigned(shop, node, **changes):
    """The merchant signs another statement for a member than it reckoned, and sends it first."""
    shop.world.nodes[node.peer].online = False
    view = shop.lumen.write(statements.close_epoch)
    member = node.read(lambda unit: unit.team.membership(shop.lumen.identity).member)
    bodies = [entry for entry in shop.lumen.read(lambda unit: unit.outbox.open(node.peer)) if entry.topic == "commission"]
    assert shop.lumen.write(lambda unit: unit.outbox.withdraw(bodies[-1].id))
    node.online = True
    shop.world.deliver()
    part = unpack(Topic.COMMISSION, bodies[-1].body).record
    assert part.line.member == member
    for name, value in changes.items():
        part = replace(part, **{name: value(getattr(part, name))})
    signed = sign(shop.lumen.keys.device, TYPE, part, created=shop.clock.now)
    return view, signed


def give(shop, node, signed):
    shop.world.put(shop.lumen.peer, node, Topic.COMMISSION, pack(signed))


def test_control_the_planted_statement_is_taken_unchanged(shop):
    shop.completed()
    _, signed = resigned(shop, shop.ben)
    give(shop, shop.ben, signed)
    assert latest(shop.ben).equal


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"line": lambda line: replace(line, payable=line.payable - 1)}, "statement-mismatch"),
        ({"facts": lambda facts: ()}, "statement-mismatch"),
        ({"root": lambda root: bytes(32)}, "bad-proof"),
        ({"proof": lambda proof: ()}, "bad-proof"),
        ({"head": lambda head: replace(head, vault=bytes(20))}, "wrong-chain"),
        ({"head": lambda head: replace(head, payable=head.payable + 1)}, "bad-proof"),
    ],
)
def test_a_mismatch_is_raised_before_activation_and_money_does_not_move(shop, changes, reason):
    shop.completed()
    _, signed = resigned(shop, shop.ben, **changes)
    give(shop, shop.ben, signed)
    found = latest(shop.ben)
    assert (found.equal, found.state, found.reason) == (False, "mismatch", reason)
    assert found.mismatch
    assert statuses(shop.ben) == {Status.PAYABLE}


def test_a_line_that_fell_is_noticed(shop):
    shop.completed()
    closed(shop)
    shop.completed()
    _, signed = resigned(shop, shop.ben, line=lambda line: replace(line, payable=BEN - 1))
    give(shop, shop.ben, signed)
    assert latest(shop.ben).reason == "leaf-fell"


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"head": lambda head: replace(head, merchant=bytes(32))}, Conflict, "wrong-identity"),
        ({"line": lambda line: replace(line, recipient=bytes(20))}, Conflict, "wrong-payee"),
        ({"head": lambda head: replace(head, period_end=head.period_end + 10**9)}, Untimely, "future-dated"),
    ],
)
def test_a_statement_that_is_not_ours_is_refused(shop, changes, error, code):
    shop.completed()
    _, signed = resigned(shop, shop.ben, **changes)
    with pytest.raises(error) as refused:
        give(shop, shop.ben, signed)
    assert refused.value.code == code
    assert shop.ben.read(statements.list_statements) == []


def test_a_fact_that_was_kept_from_the_seller_shows_in_the_statement(shop):
    order = shop.placed()
    shop.lumen.write(orders.accept, order=order)
    [own] = [row for row in shop.lumen.read(lambda unit: unit.commissions.facts_of_order(order)) if row.level == 0]
    [planted] = [row.id for row in shop.lumen.read(lambda unit: unit.outbox.open(shop.ana.peer)) if row.body.endswith(own.raw)]
    assert shop.lumen.write(lambda unit: unit.outbox.withdraw(planted))
    shop.world.deliver()
    shop.lumen.write(payments.confirm_payment, order=order)
    shop.lumen.write(fulfilment.ship, order=order)
    shop.lumen.write(fulfilment.report, order=order, report="delivered")
    shop.world.deliver()
    shop.world.tick(WINDOW)
    shop.world.deliver()
    closed(shop)
    assert (latest(shop.ana).equal, latest(shop.ana).reason) == (False, "statement-mismatch")
    assert latest(shop.ben).equal


def test_two_statements_for_one_epoch_are_refused(shop):
    shop.completed()
    _, signed = resigned(shop, shop.ben)
    give(shop, shop.ben, signed)
    other = sign(shop.lumen.keys.device, TYPE, signed.read(statements.MemberStatement), created=shop.clock.now + 1)
    with pytest.raises(Conflict, match="two different"):
        give(shop, shop.ben, other)


def test_what_was_late_matches_in_the_end(shop):
    shop.completed()
    _, signed = resigned(shop, shop.ben)
    [row] = shop.ben.read(lambda unit: unit.commissions.all_entries())
    shop.ben.write(lambda unit: unit.commissions.keep_entry(replace(row, entry=replace(row.entry, gms=1))))
    give(shop, shop.ben, signed)
    assert not latest(shop.ben).equal
    shop.ben.write(lambda unit: unit.commissions.keep_entry(row))
    shop.world.tick()
    assert latest(shop.ben).equal
    assert statuses(shop.ben) == {Status.BATCHED}


def test_another_root_on_the_chain_than_the_one_sent_is_noticed_and_may_be_disputed(shop):
    shop.completed()
    view = closed(shop)
    with pytest.raises(UserError, match="waits for its delay"):
        shop.ben.write(claims.dispute, merchant=shop.lumen.identity)
    posted(shop, view, root=bytes(32))
    assert not latest(shop.ben).equal
    shop.world.tick()
    assert latest(shop.ben).reason == "statement-mismatch"
    view = shop.ben.write(claims.dispute, merchant=shop.lumen.identity)
    intent = shop.ben.read(lambda unit: unit.transactions.get(bytes.fromhex(view.id)))
    assert (intent.method, intent.account) == ("vault.dispute", 1)


# --- claims and relays


def test_a_claim_waits_for_the_delay_and_is_one(shop):
    shop.completed()
    with pytest.raises(UserError) as refused:
        shop.ana.write(claims.claim, merchant=shop.lumen.identity)
    assert refused.value.code == "no-statement"
    view = closed(shop)
    with pytest.raises(UserError) as refused:
        shop.ana.write(claims.claim, merchant=shop.lumen.identity)
    assert refused.value.code == "stale-root"
    posted(shop, view)
    first = shop.ana.write(claims.claim, merchant=shop.lumen.identity)
    assert first.not_before == (shop.clock.now // 1000 + 10) * 1000
    assert [(leaf.amount, leaf.own) for leaf in first.leaves] == [(str(ANA), True)]
    assert shop.ana.write(claims.claim, merchant=shop.lumen.identity).id == first.id
    assert len(shop.ana.read(lambda unit: unit.transactions.open())) == 1


def test_a_claim_that_was_refused_or_passed_over_may_be_tried_again(shop):
    shop.completed()
    posted(shop, closed(shop))
    tried = [shop.ana.write(claims.claim, merchant=shop.lumen.identity).id]
    for end in (lambda unit, name: unit.transactions.refused(name, "reverted", ""), lambda unit, name: unit.transactions.finalized(name)):
        shop.ana.write(end, bytes.fromhex(tried[-1]))
        tried.append(shop.ana.write(claims.claim, merchant=shop.lumen.identity).id)
    assert len(set(tried)) == 3


def test_a_claim_is_paid_when_it_is_final(shop):
    shop.completed()
    view = closed(shop)
    posted(shop, view)
    shop.ana.write(claims.claim, merchant=shop.lumen.identity)
    claimed(shop, shop.ana, 1, ANA, "confirmed")
    assert statuses(shop.ana) == {Status.BATCHED}
    claimed(shop, shop.ana, 1, ANA, "reorged")
    assert not shop.ana.read(claims.list_claims)[0].leaves[0].paid
    claimed(shop, shop.ana, 1, ANA, "confirmed", 3)
    claimed(shop, shop.ana, 1, ANA, "finalized", 3)
    assert shop.ana.read(claims.list_claims)[0].leaves[0].paid
    assert statuses(shop.ana) == {Status.PAID}
    assert statuses(shop.ben) == {Status.BATCHED}
    assert statuses(shop.lumen) == {Status.PAID, Status.BATCHED}
    totals = shop.ana.read(commissions.list_totals)
    assert [(one.currency, one.paid, one.payable) for one in totals] == [("USD", str(ANA), "0")]
    first = shop.ana.read(claims.list_claims)[0]
    assert shop.ana.write(claims.claim, merchant=shop.lumen.identity).id == first.id


def test_a_proof_for_an_older_epoch_is_a_stale_root(shop):
    shop.completed()
    view = closed(shop)
    posted(shop, replace(view, epoch=1))
    head = {"payableTotal": ANA + BEN, "outstandingTotal": ANA + BEN}
    values = {
        "merchant": shop.lumen.keys.chain_address(0),
        "epoch": 2,
        "root": bytes(32),
        "statementHash": bytes(32),
        "activeAt": 1,
        **head,
    }
    shop.ana.write(roots.on_chain_fact, Fact("RootProposed", values))
    shop.clock.tick(20_000)
    with pytest.raises(UserError, match="epoch 2") as refused:
        shop.ana.write(claims.claim, merchant=shop.lumen.identity)
    assert refused.value.code == "stale-root"


def test_ben_is_claimed_for_by_ana(shop):
    shop.completed()
    with pytest.raises(NotFound, match="no statement"):
        shop.ben.write(relays.ask_relay, merchant=shop.lumen.identity, peer=shop.ana.peer)
    view = closed(shop)
    posted(shop, view)
    asked = shop.ben.write(relays.ask_relay, merchant=shop.lumen.identity, peer=shop.ana.peer)
    assert (asked.state, asked.amount) == ("asked", str(BEN))
    shop.world.deliver()
    assert shop.ben.read(relays.list_relays)[0].state == "accepted"
    [given] = shop.ana.read(relays.list_relays)
    assert (given.asked, given.amount, given.name) == (False, str(BEN), "ben")
    made = shop.ana.write(claims.claim, merchant=shop.lumen.identity)
    assert sorted(int(leaf.amount) for leaf in made.leaves) == [BEN, ANA]
    claimed(shop, shop.ben, 1, BEN, "confirmed", 1)
    assert shop.ben.read(relays.list_relays)[0].state == "paid"
    with pytest.raises(UserError, match="is paid"):
        shop.ben.write(relays.ask_relay, merchant=shop.lumen.identity, peer=shop.ana.peer)


def test_a_relay_that_lies_is_refused_or_left_out(shop):
    shop.completed()
    view = closed(shop)
    posted(shop, view, [shop.ben])
    row = shop.ben.read(lambda unit: unit.commissions.last_statement(shop.lumen.identity))
    honest = relays.request_of(statements.part_of(row), shop.lumen.keys.chain_address(0))
    lie = replace(honest, payable=honest.payable + 1, outstanding=honest.outstanding + 1)
    shop.world.put(shop.ben.peer, shop.ana, Topic.COMMISSION, pack(lie))
    posted(shop, view, [shop.ana])
    made = shop.ana.write(claims.claim, merchant=shop.lumen.identity)
    assert [leaf.own for leaf in made.leaves] == [True]
    assert shop.ana.read(relays.list_relays)[0].code == "bad-proof"
    with pytest.raises(BadSignature):
        shop.world.put(shop.ben.peer, shop.ana, Topic.COMMISSION, pack(replace(lie, payable=1)))
    with pytest.raises(Conflict, match="another chain"):
        shop.world.put(shop.ben.peer, shop.ana, Topic.COMMISSION, pack(replace(honest, chain_id=1)))
    shop.world.put(shop.ben.peer, shop.ana, Topic.COMMISSION, pack(honest))
    made = shop.ana.write(claims.claim, merchant=shop.lumen.identity)
    assert [leaf.own for leaf in made.leaves] == [True, False]


def test_a_peer_cannot_fill_the_list(shop):
    shop.completed()
    view = closed(shop)
    row = shop.ben.read(lambda unit: unit.commissions.last_statement(shop.lumen.identity))
    honest = relays.request_of(statements.part_of(row), shop.lumen.keys.chain_address(0))
    for number in range(relays.MOST_A_PEER):
        member = number.to_bytes(32, "big")
        shop.world.put(shop.ben.peer, shop.ana, Topic.COMMISSION, pack(replace(honest, member=member)))
    with pytest.raises(Conflict) as refused:
        shop.world.put(shop.ben.peer, shop.ana, Topic.COMMISSION, pack(honest))
    assert refused.value.code == "too-many"
    assert view.epoch == 1


def test_why_shows_base_rate_and_records(shop):
    shop.completed()
    closed(shop)
    [line] = shop.ben.read(commissions.list_lines)
    why = shop.ben.read(commissions.get_line, line=bytes.fromhex(line.id))
    assert why.base * why.bps * int(why.rate) // 10_000 == int(line.gms) == BEN
    assert (why.exact, why.rule, why.epoch, why.root) == (True, "fact", 1, latest(shop.ben).root)
    assert why.fact == why.cause
    assert why.envelope
    assert (line.order, line.level, line.payee) == ("", 1, "ben")
    with pytest.raises(NotFound):
        shop.ben.read(commissions.get_line, line=bytes(32))
    with pytest.raises(UserError, match="accrued, held"):
        shop.ben.read(commissions.list_lines, state="gone")
    mine = shop.ana.read(commissions.list_lines, state="batched")
    assert sum(int(found.gms) for found in mine) == ANA
    assert {found.order for found in mine} == {shop.ana.read(orders.list_orders)[0].id}


def test_without_a_chain_everything_says_so(tmp_path):
    shop = Shop(tmp_path)
    shop.ana.write(lambda unit: unit.settings.set(wallet.PLACE, None))
    with pytest.raises(NotFound) as refused:
        shop.ana.write(claims.claim, merchant=shop.lumen.identity)
    assert refused.value.code == "no-chain"
    shop.world.close()
