"""A new generation moves where commissions go: the root says so, once, and nobody else can."""

import pytest

from node.services import greeting, orders, payees, statements, team, wallet
from protocol.commission import AccrualFact
from protocol.envelope import sign, verify
from protocol.errors import ProtocolError
from protocol.identity import GenerationStarted
from protocol.messages import pack
from protocol.team import PAYEE, PayeeChanged

from .restoring import copied, restored, sign_root

INDEX = 1 << 16


def own(node):
    [row] = node.read(lambda unit: unit.team.memberships())
    return row


def at_merchant(shop):
    return shop.lumen.read(lambda unit: unit.team.member(own(shop.ana).member))


def next_generation(shop, number=1, node=None):
    node = node or shop.ana
    sign_root(shop.ana, GenerationStarted(number, bytes(32)), on=node)
    node.write(greeting.tick)
    return node.write(move, shop.ana.root, generation=number, first_index=number * INDEX)


def move(unit, root, *, generation, first_index):
    payees.enter_changes(unit, payees.sign_changes(unit, root, generation=generation, first_index=first_index))
    return payees.list_payees(unit)


def put(shop, signer, *, generation=1, payout=b"\x09" * 20, member=None, sender=None):
    record = PayeeChanged(shop.lumen.identity, member or own(shop.ana).member, generation, payout)
    body = pack(sign(signer, PAYEE, record, created=shop.clock.now))
    return shop.world.put((sender or shop.ana).peer, shop.lumen, "team", body)


def refused(shop, signer, **named):
    with pytest.raises(ProtocolError) as caught:
        put(shop, signer, **named)
    return caught.value.code


def payee_of_facts(node):
    rows = node.read(lambda unit: [row[0] for row in unit.db.execute("SELECT raw FROM commission_facts ORDER BY created")])
    return [verify(raw, "commission.fact").read(AccrualFact).payee for raw in rows]


def test_later_commissions_and_statements_go_to_the_new_address(shop):
    shop.ana.write(greeting.tick)
    before = own(shop.ana).payout
    shop.completed()
    next_generation(shop)
    shop.world.deliver()
    after = own(shop.ana).payout
    assert after == shop.ana.keys.chain_address(INDEX + team.FIRST_PAYOUT) != before
    assert at_merchant(shop).payout == after
    [told] = shop.ana.read(payees.list_payees)
    assert (told.state, told.generation, told.payout) == ("accepted", 1, "0x" + after.hex())
    shop.completed()
    assert set(payee_of_facts(shop.ana)) == {before, after}
    shop.lumen.write(statements.close_epoch)
    shop.world.deliver()
    [mine] = shop.ana.read(statements.list_statements)
    assert (mine.state, int(mine.payable) > 0) == ("matches", True)
    [row] = shop.ana.read(lambda unit: unit.commissions.statements())
    assert statements.part_of(row).line.recipient == after
    assert after in shop.ana.read(wallet.own_addresses)


def test_what_was_signed_before_the_merchant_knew_is_taken(shop):
    shop.ana.write(greeting.tick)
    order = shop.placed()
    shop.ana.online = False
    next_generation(shop)
    shop.lumen.write(orders.accept, order=order)
    shop.ana.online = True
    shop.world.deliver()
    [payee] = payee_of_facts(shop.ana)
    assert payee != own(shop.ana).payout
    assert shop.ana.read(lambda unit: team.pays(unit, own(shop.ana), payee))
    assert at_merchant(shop).payout == own(shop.ana).payout


def test_killed_half_way_it_is_run_again(shop):
    shop.ana.write(greeting.tick)
    first = next_generation(shop)
    again = shop.ana.write(move, shop.ana.root, generation=1, first_index=INDEX)
    assert [row.payout for row in again] == [row.payout for row in first]
    shop.world.deliver()
    assert len([body for _, _, topic, body, _ in shop.world.carried if topic == "team" and PAYEE.encode() in body]) == 1


def test_it_waits_for_the_hello_that_shows_the_generation(shop):
    shop.ana.write(greeting.tick)
    sign_root(shop.ana, GenerationStarted(1, bytes(32)))
    shop.ana.write(move, shop.ana.root, generation=1, first_index=INDEX)
    shop.world.deliver()
    [told] = shop.ana.read(payees.list_payees)
    assert (told.state, told.code) == ("waiting", "not-ready")
    shop.ana.write(greeting.tick)
    shop.world.deliver()
    assert shop.ana.read(payees.list_payees)[0].state == "accepted"


def test_nobody_but_the_root_moves_it(shop):
    shop.ana.write(greeting.tick)
    next_generation(shop)
    shop.world.deliver()
    before = at_merchant(shop).payout
    thief = restored(shop.world, shop.ana, copied(shop.ana, "thief"))
    merchant = shop.lumen.identity
    for signer in (shop.ana.keys.device, shop.ana.keys.member_key(merchant), thief.keys.device, shop.ben.root):
        assert refused(shop, signer) == "not-root"
    assert refused(shop, shop.ben.root, sender=shop.ben) in ("generation", "not-ready")
    assert at_merchant(shop).payout == before


def test_old_and_repeated_records_move_nothing(shop):
    shop.ana.write(greeting.tick)
    next_generation(shop)
    shop.world.deliver()
    assert refused(shop, shop.ana.root) == "replayed"
    next_generation(shop, 2)
    shop.world.deliver()
    moved = at_merchant(shop).payout
    assert refused(shop, shop.ana.root, generation=1) == "generation"
    assert refused(shop, shop.ana.root, generation=3) == "not-ready"
    assert at_merchant(shop).payout == moved


def test_a_root_moves_its_own_members_only(shop):
    sign_root(shop.ben, GenerationStarted(1, bytes(32)))
    shop.ben.write(greeting.greet_all)
    shop.world.deliver()
    assert refused(shop, shop.ben.root, sender=shop.ben) == "unknown-member"
    assert at_merchant(shop).payout == own(shop.ana).payout
