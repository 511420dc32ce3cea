"""Back from an older copy: peers give what they hold, nothing of it is lost, nothing is signed twice for one place, and the sale goes on."""

from dataclasses import replace

import pytest

from node.errors import ConflictError
from node.services import (
    asking,
    facts,
    fulfilment,
    grants,
    greeting,
    orders,
    payees,
    payments,
    plans,
    recovery,
    restored,
    returned,
    statements,
    taken_back,
    team,
)
from node.services.catching_up import is_behind
from node.store.store import Store
from protocol.cancellation import CancelCode
from protocol.commission import FACT_TYPE
from protocol.envelope import NO_LOG, sign
from protocol.errors import ProtocolError
from protocol.identity import GenerationStarted
from protocol.messages import pack, unpack_held
from protocol.recovery import Held, HeldRequest, Section
from protocol.team import ACCEPTED, PAYEE, MemberAccepted, PayeeChanged

from .restoring import copied, sign_root
from .restoring import restored as set_up
from .shop import CUSTOMER, Shop
from .test_restored import restore


def settle(shop):
    """Until nobody has anything to say."""
    for _ in range(12):
        shop.world.tick()
        shop.world.deliver()


def signed_places(world):
    """Every place of a log that anybody signed for, on the wire: (log, sequence) → the records there."""
    found = {}
    for _, _, _, body, reply in world.carried:
        for raw in (body, reply):
            if isinstance(raw, bytes):
                _collect(raw, found)
    return found


def _collect(raw, found):
    message = unpack_held(raw)
    if message.signed is not None and message.signed.envelope.log != NO_LOG:
        place = message.signed.envelope
        found.setdefault((place.log, place.seq), set()).add(message.signed.id)
    if isinstance(message.record, Held):
        for record in message.record.records:
            _collect(record, found)


def nothing_twice(world):
    twice = {place: ids for place, ids in signed_places(world).items() if len(ids) > 1}
    assert twice == {}


def states(node):
    return {row.id: row.status for row in node.read(orders.list_orders)}


def ledger(node):
    rows = node.read(lambda unit: unit.commissions.all_entries())
    return sorted((row.entry.id, row.order, row.fact, row.entry.gms, row.entry.status.value, row.entry.hold_until) for row in rows)


def owed(node):
    return sorted((order, gms, status) for _, order, _, gms, status, _ in ledger(node))


def grant_states(node):
    return sorted((row.grant, row.state) for row in node.read(grants.list_grants))


def disclosed(node):
    return sorted((row.grant, row.field, row.at) for row in node.read(grants.list_disclosures))


def share(shop, order):
    """The merchant asks, Ana gives, the merchant looks."""
    shop.lumen.write(grants.request_grant, order=order)
    shop.world.deliver()
    [asked] = [row for row in shop.ana.read(grants.list_grants) if row.state == "requested"]
    shop.ana.write(grants.issue_grant, grant=bytes.fromhex(asked.id))
    shop.world.deliver()
    shop.lumen.write(asking.ask, grant=bytes.fromhex(asked.id))
    shop.world.deliver()
    return bytes.fromhex(asked.id)


def traded(shop):
    """What happens after the backup: one order on its way under a grant, one taken back, one completed, a statement."""
    first, second = shop.paid(), shop.accepted(("cream", 2))
    share(shop, first)
    shop.lumen.write(fulfilment.ship, order=first)
    shop.ana.write(grants.revoke_grant, grant=share(shop, second))
    shop.world.deliver()
    third = shop.completed(("serum", 1))
    shop.lumen.write(statements.close_epoch)
    shop.world.deliver()
    return first, second, third


# --- a seller


def test_a_seller_gets_back_what_its_merchants_hold(shop):
    before = shop.accepted()
    path = copied(shop.ana, "ana2")
    shop.clock.tick(1000)
    first, second, _ = traded(shop)
    had = states(shop.ana), owed(shop.ana), grant_states(shop.ana), disclosed(shop.ana)
    new = restore(shop, shop.ana, path)
    settle(shop)
    assert (states(new), owed(new), grant_states(new), disclosed(new)) == had
    assert len(had[0]) == 4
    assert {row.fact for row in new.read(lambda unit: unit.commissions.all_entries())}
    [statement] = new.read(statements.list_statements)
    assert (statement.epoch, statement.state) == (1, "matches")
    [fetched] = [row for row in new.read(recovery.list_fetched) if row.name == "lumen"]
    assert (fetched.state, fetched.misfits) == ("done", 0)
    assert fetched.records > 10
    nothing_twice(shop.world)
    # whom the later orders were for no peer knows; the one before the backup is whole
    assert new.read(orders.get_order, order=before).customer == CUSTOMER.hex()
    assert new.read(orders.get_order, order=first).customer == ""
    goes_on(shop, new, before, second)


def goes_on(shop, new, before, second):
    for what in ("grants", "renewals", "payouts"):
        new.write(restored.confirm, what=what)
    new.write(orders.cancel, order=second, code=CancelCode.CHANGED_MIND)
    shop.ana = new
    share(shop, before)
    settle(shop)
    assert shop.statuses(before) == ("ACCEPTED", "ACCEPTED")
    assert shop.statuses(second) == ("CANCELLED", "CANCELLED")
    shop.completed(("cream", 1))
    nothing_twice(shop.world)
    assert [row.code for row in new.read(lambda unit: unit.outbox.refusals(0, 100))] == []


def test_two_restores_of_one_copy_write_two_logs(shop):
    """Both are live: neither can know of the other, and none of them signs a place that the other one signs."""
    order = shop.accepted()
    copies = copied(shop.ana, "ana2"), copied(shop.ana, "ana3")
    first = restore(shop, shop.ana, copies[0])
    added = first.read(lambda unit: unit.peers.presentation()).entries[-1]
    first.write(restored.confirm, what="grants")
    shop.ana = first
    share(shop, order)
    second = restore_with(shop, copies[1], added)
    settle(shop)
    second.write(restored.confirm, what="grants")
    [grant] = [row for row in second.read(grants.list_grants) if row.state == "issued"]
    second.write(grants.revoke_grant, grant=bytes.fromhex(grant.grant))
    settle(shop)
    assert grant_states(shop.lumen) == grant_states(second)
    nothing_twice(shop.world)


def test_a_membership_and_its_sponsor_come_back(tmp_path):
    shop = Shop(tmp_path)
    cara = shop.world.node("cara")
    path = copied(cara, "cara2")
    shop.world.pair(shop.lumen, cara)
    cara.write(team.join, merchant=shop.lumen.identity)
    shop.world.deliver()
    [asked] = [row for row in shop.lumen.read(team.list_members) if row.status == "asked"]
    shop.lumen.write(team.accept_member, member=bytes.fromhex(asked.member))
    shop.world.pair(cara, shop.ben)
    cara.write(team.ask_sponsor, merchant=shop.lumen.identity, peer=shop.ben.peer)
    shop.world.deliver()
    [edge] = [row for row in shop.ben.read(team.list_edges) if row.status == "asked"]
    shop.ben.write(team.accept_edge, edge=bytes.fromhex(edge.edge))
    shop.world.deliver()
    had = cara.read(team.list_memberships), [(row.member, row.sponsor, row.status) for row in cara.read(team.list_edges)]
    new = restore(shop, cara, path)
    for other in (shop.lumen, shop.ben):  # the copy is from before it was paired with anyone: people pair again
        cara.online = False
        shop.world.pair(other, new)
    settle(shop)
    assert new.read(team.list_memberships) == had[0]
    assert [(row.member, row.sponsor, row.status) for row in new.read(team.list_edges)] == had[1]
    shop.world.close()


def test_a_payee_that_moved_since_comes_back(shop):
    shop.ana.write(greeting.tick)
    path = copied(shop.ana, "ana2")
    sign_root(shop.ana, GenerationStarted(1, bytes(32)))
    entry = shop.ana.read(lambda unit: unit.peers.presentation()).entries[-1]
    shop.ana.write(greeting.tick)
    signed = shop.ana.write(payees.sign_changes, shop.ana.root, generation=1, first_index=20)
    shop.ana.write(payees.enter_changes, signed)
    shop.world.deliver()
    had = shop.ana.read(lambda unit: unit.team.memberships())
    new = restore_with(shop, path, entry)
    settle(shop)
    assert [row.payout for row in new.read(lambda unit: unit.team.memberships())] == [row.payout for row in had]
    assert [row.generation for row in new.read(payees.list_payees)] == [1]


def restore_with(shop, path, entry):
    """A restore whose root log went on from what a peer knew (`entry` came after the backup)."""
    store = Store.open(path, shop.ana.keys.store_key, shop.ana.keys, clock=shop.clock)
    store.write_now(lambda unit: unit.peers.append(entry))
    store.close()
    return restore(shop, shop.ana, path)


# --- a merchant


def test_a_merchant_gets_back_what_its_sellers_hold(shop):
    shop.sponsor()
    before = shop.accepted()
    path = copied(shop.lumen, "lumen2")
    shop.clock.tick(1000)
    first, second, _ = traded(shop)
    had = states(shop.lumen), owed(shop.lumen), grant_states(shop.lumen)
    new = restore(shop, shop.lumen, path)
    settle(shop)
    assert (states(new), owed(new), grant_states(new)) == had
    assert ledger(new) == ledger(shop.lumen)
    [mine] = new.read(statements.list_statements)
    [theirs] = shop.lumen.read(statements.list_statements)
    assert replace(mine, created=0, transaction="") == replace(theirs, created=0, transaction="")
    assert [row.misfits for row in new.read(recovery.list_fetched)] == [0, 0]
    nothing_twice(shop.world)
    for what in ("grants", "renewals", "payouts"):
        new.write(restored.confirm, what=what)
    shop.lumen = new
    new.write(payments.confirm_payment, order=before)
    new.write(fulfilment.report, order=first, report="delivered")
    new.write(orders.cancel, order=second, code=CancelCode.OUT_OF_STOCK)
    settle(shop)
    assert shop.statuses(first) == ("FULFILLED", "FULFILLED")
    assert shop.statuses(second) == ("CANCELLED", "CANCELLED")
    shop.world.tick(10_000)
    settle(shop)
    new.write(statements.close_epoch)
    settle(shop)
    assert [row.state for row in shop.ana.read(statements.list_statements)] == ["matches", "matches"]
    nothing_twice(shop.world)


def test_a_merchant_writes_nothing_before_the_seller_has_answered(shop):
    order = shop.accepted()
    path = copied(shop.lumen, "lumen2")
    shop.lumen.write(payments.confirm_payment, order=order)
    shop.world.deliver()
    shop.ana.online = False
    new = restore(shop, shop.lumen, path)
    settle(shop)
    assert new.read(is_behind, shop.ana.identity)
    with pytest.raises(ProtocolError) as caught:
        new.write(fulfilment.ship, order=order)
    assert caught.value.code == "not-ready"
    new.write(orders.tick)
    shop.ana.online = True
    shop.ana.write(orders.cancel, order=order, code=CancelCode.CHANGED_MIND)
    shop.world.deliver(only=shop.ana)
    [waiting] = [row for row in shop.ana.read(lambda unit: unit.outbox.open()) if row.topic == "order"]
    assert (waiting.state, waiting.code) == ("waiting", "unavailable")  # Ana knows the way to the old device only
    settle(shop)
    assert shop.at(order)[0].status == new.read(orders.get_order, order=order).status == "CANCELLED"
    nothing_twice(shop.world)


def test_a_request_that_comes_too_early_waits(shop):
    order = shop.accepted()
    path = copied(shop.lumen, "lumen2")
    shop.lumen.write(payments.confirm_payment, order=order)
    shop.world.deliver()
    new = restore(shop, shop.lumen, path)
    new.write(lambda unit: unit.settings.set("recovery/state", {}))  # as before the answer
    shop.ana.write(orders.cancel, order=order, code=CancelCode.CHANGED_MIND)
    shop.world.deliver(only=shop.ana)
    [waiting] = shop.ana.read(lambda unit: unit.outbox.open())
    assert (waiting.state, waiting.code) == ("waiting", "not-ready")
    settle(shop)
    assert new.read(orders.get_order, order=order).status == "CANCELLED"
    nothing_twice(shop.world)


def test_control_without_asking_a_place_is_signed_twice(shop):
    order = shop.accepted()
    path = copied(shop.lumen, "lumen2")
    shop.lumen.write(payments.confirm_payment, order=order)
    shop.world.deliver()
    new = set_up(shop.world, shop.lumen, path)  # nobody says that it was restored
    shop.lumen.online = False
    new.write(greeting.greet_all)
    shop.world.deliver()
    new.write(orders.cancel, order=order, code=CancelCode.OUT_OF_STOCK)
    shop.world.deliver()
    with pytest.raises(AssertionError):
        nothing_twice(shop.world)


def test_a_statement_that_members_hold_is_not_closed_again(shop):
    path = copied(shop.lumen, "lumen2")
    shop.completed()
    shop.lumen.write(statements.close_epoch)
    shop.world.deliver()
    new = restore(shop, shop.lumen, path)
    settle(shop)
    new.write(restored.confirm, what="payouts")
    new.write(lambda unit: unit.db.execute("DELETE FROM commission_statements"))
    with pytest.raises(ConflictError) as caught:
        new.write(statements.close_epoch)
    assert caught.value.code == "statement-behind"


def test_plans_come_back_before_the_orders_under_them(shop):
    path = copied(shop.lumen, "lumen2")
    shop.lumen.write(plans.publish_plan, currency="USD", direct_bps=1000, level_bps=[], return_window_ms=3000)
    shop.world.deliver()
    shop.accepted()
    new = restore(shop, shop.lumen, path)
    settle(shop)
    assert [row.version for row in new.read(plans.list_plans)] == [2, 1]
    assert owed(new) == owed(shop.lumen)


# --- what is asked, and of whom


def test_pages_go_on_where_they_ended(shop, monkeypatch):
    path = copied(shop.ana, "ana2")
    for _ in range(4):
        shop.accepted()
    monkeypatch.setattr(recovery, "PAGE_BYTES", 1)
    new = restore(shop, shop.ana, path)
    for _ in range(4):
        settle(shop)
    assert states(new) == states(shop.ana)
    assert len(states(new)) == 4


def test_a_record_that_does_not_fit_is_counted_and_the_others_are_taken(shop, monkeypatch):
    path = copied(shop.ana, "ana2")
    shop.accepted()
    make = returned._SECTIONS[Section.ORDERS]
    garbled = dict(returned._SECTIONS) | {Section.ORDERS: lambda unit, peer: iter([lambda: b"\x80", *make(unit, peer)])}
    monkeypatch.setattr(returned, "_SECTIONS", garbled)
    new = restore(shop, shop.ana, path)
    settle(shop)
    [fetched] = [row for row in new.read(recovery.list_fetched) if row.name == "lumen"]
    assert (fetched.misfits, fetched.code, fetched.state) == (1, "malformed", "done")
    assert len(states(new)) == 1


def test_nobody_is_given_what_is_others(shop):
    shop.accepted()
    for section in Section:
        reply = shop.world.put(shop.ben.peer, shop.lumen, "recovery", pack(HeldRequest(section, 0)))
        for raw in unpack_held(reply).record.records:
            message = unpack_held(raw)
            assert shop.ana.identity not in message.raw
            assert message.kind.name in ("team.join", "team.accepted", "plan")


def test_a_node_that_was_not_restored_asks_nobody(shop):
    settle(shop)
    assert not [topic for _, _, topic, _, _ in shop.world.carried if topic == "recovery"]


# --- what a peer might make up


def given(shop, new, raw):
    """As if Ana had given the record back."""
    peer = new.read(lambda unit: unit.peers.by_identity(shop.ana.identity))
    new.write(lambda unit: unit.attempt(lambda: taken_back.take(unit, peer, unpack_held(raw))))


def refused(shop, new, record):
    with pytest.raises(ProtocolError) as caught:
        given(shop, new, pack(record))
    return caught.value.code


def test_a_seller_makes_up_nothing_of_a_merchants(shop):
    order = shop.accepted()
    path = copied(shop.lumen, "lumen2")
    [fact] = shop.ana.read(lambda unit: unit.commissions.facts_of_member(shop.lumen.identity, unit.team.memberships()[0].member))
    new = restore(shop, shop.lumen, path)
    settle(shop)
    before = owed(new), states(new), new.read(team.list_members)
    record, now, key = facts.fact_of(fact), shop.clock.now, shop.ana.keys
    more = replace(record, amount=record.amount * 2)
    member = shop.lumen.read(lambda unit: unit.team.members()[0].member)
    assert refused(shop, new, sign(key.device, FACT_TYPE, more, created=now)) == "not-live"
    assert refused(shop, new, sign(shop.lumen.keys.device, FACT_TYPE, more, created=now)) == "wrong-issuer"  # a stolen device
    assert refused(shop, new, sign(key.device, ACCEPTED, MemberAccepted(shop.lumen.identity, member, 9, now), created=now)) == "not-live"
    moved = PayeeChanged(shop.lumen.identity, shop.ana.read(lambda unit: unit.team.memberships()[0].member), 1, b"\x09" * 20)
    assert refused(shop, new, sign(key.device, PAYEE, moved, created=now)) == "not-root"
    assert refused(shop, new, sign(shop.ana.root, PAYEE, moved, created=now)) == "generation"
    assert refused(shop, new, HeldRequest(Section.TEAM, 0)) == "unknown-kind"
    assert (owed(new), states(new), new.read(team.list_members)) == before
    assert shop.statuses(order)[0] == "ACCEPTED"


def test_an_order_of_somebody_else_is_not_taken(shop):
    shop.accepted()
    peer = shop.lumen.read(lambda unit: unit.peers.by_identity(shop.ana.identity))
    [make] = list(shop.lumen.read(lambda unit: [m() for m in returned.held(unit, peer, Section.ORDERS)]))
    ben = shop.lumen.read(lambda unit: unit.peers.by_identity(shop.ben.identity))
    with pytest.raises(ProtocolError) as caught:
        shop.lumen.write(lambda unit: taken_back.take(unit, ben, unpack_held(make)))
    assert caught.value.code == "wrong-identity"
