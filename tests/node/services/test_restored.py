"""Set up from a backup: nothing goes on by itself before a person has looked, and a backup that was held back is found."""

import pytest

from node.errors import ConflictError, UserError
from node.services import asking, backup_head, claims, grants, greeting, pauses, restored, statements, today
from node.services.backup_arrival import REVOKED
from protocol.errors import ProtocolError
from protocol.messages import pack
from protocol.recovery import BackupHead

from .restoring import copied
from .restoring import restored as set_up

ALL = [pause.value for pause in pauses.Pause]
DAY_MS = 86_400_000


def hash_of(number):
    return bytes([number]) * 32


def back_up(node, number):
    node.write(backup_head.announce, sequence=number, hash=hash_of(number))


def restore(shop, node, path, manifest=1):
    """As a restore leaves it: another device, and the two settings."""
    new = set_up(shop.world, node, path)

    def mark(unit):
        unit.settings.set(pauses.PAUSED, ALL)
        unit.settings.set(backup_head.MANIFEST, {"sequence": manifest, "hash": hash_of(manifest).hex()})

    new.write(mark)
    node.online = False
    new.write(greeting.greet_all)
    shop.world.deliver()
    shop.world.tick()
    shop.world.deliver()
    return new


def parts(node):
    return {part.name: part for part in node.read(restored.show).parts}


def granted(shop):
    """An order whose merchant may ask Ana for its delivery data; the grant at the merchant."""
    order = shop.accepted()
    shop.lumen.write(grants.request_grant, order=order)
    shop.world.deliver()
    [asked] = shop.ana.read(grants.list_grants)
    shop.ana.write(grants.issue_grant, grant=bytes.fromhex(asked.id))
    shop.world.deliver()
    return bytes.fromhex(asked.id)


# --- what is held back


def test_an_ask_waits_until_grants_are_confirmed(shop):
    grant = granted(shop)
    new = restore(shop, shop.ana, copied(shop.ana, "ana2"))
    shop.lumen.write(asking.ask, grant=grant)
    shop.world.deliver()
    [waiting] = shop.lumen.read(lambda unit: unit.outbox.open())
    assert (waiting.state, waiting.code) == ("waiting", "restored-paused")
    assert shop.lumen.read(grants.get_grant, grant=grant).last_ask == "waiting"
    assert new.read(grants.list_disclosures) == []
    part = parts(new)["grants"]
    assert part.paused
    assert [item.href for item in part.items] == [f"/grants/{grant.hex()}"]
    new.write(restored.confirm, what="grants")
    shop.world.deliver()
    assert shop.lumen.read(grants.get_grant, grant=grant).last_ask == "answered"
    assert len(new.read(grants.list_disclosures)) > 0
    assert [name for name, part in parts(new).items() if part.paused] == ["renewals", "payouts"]


def test_confirming_has_what_waits_asked_again_at_once(shop):
    grant = granted(shop)
    new = restore(shop, shop.ana, copied(shop.ana, "ana2"))
    shop.lumen.write(asking.ask, grant=grant)
    shop.world.deliver()
    due = shop.lumen.read(lambda unit: unit.outbox.next_due())
    assert due > shop.clock.now
    new.write(restored.confirm, what="grants")
    [hello] = new.read(lambda unit: unit.outbox.open())
    shop.world.carry(new, hello)
    assert shop.lumen.read(lambda unit: unit.outbox.next_due()) <= shop.clock.now


def test_nothing_is_issued_but_taking_back_and_refusing_go(shop):
    grant = granted(shop)
    path = copied(shop.ana, "ana2")
    new = restore(shop, shop.ana, path)
    order = shop.lumen.read(grants.get_grant, grant=grant).order
    shop.lumen.write(grants.request_grant, order=bytes.fromhex(order), fields=["name"])
    shop.world.deliver()
    [asked] = [row for row in new.read(grants.list_grants) if row.state == "requested"]
    with pytest.raises(ConflictError) as caught:
        new.write(grants.issue_grant, grant=bytes.fromhex(asked.id))
    assert caught.value.code == "restored-paused"
    assert "gemstra restored confirm grants" in str(caught.value)
    new.write(grants.deny_grant, grant=bytes.fromhex(asked.id))
    new.write(grants.revoke_grant, grant=grant)
    shop.world.deliver()
    assert sorted(row.state for row in shop.lumen.read(grants.list_grants)) == ["denied", "revoked"]


def test_what_the_newest_backup_knows_as_taken_back_is_taken_back(shop):
    grant = granted(shop)
    name = bytes.fromhex(shop.ana.read(grants.get_grant, grant=grant).grant)
    new = set_up(shop.world, shop.ana, copied(shop.ana, "ana2"))
    new.write(lambda unit: unit.settings.set(REVOKED, [name.hex(), "ab" * 32]))
    shop.ana.online = False
    new.write(greeting.greet_all)
    shop.world.tick()
    shop.world.deliver()
    assert new.read(grants.get_grant, grant=grant).state == "revoked"
    assert shop.lumen.read(grants.get_grant, grant=grant).state == "revoked"
    assert new.read(lambda unit: unit.outbox.refusals(0, 9)) == []


def test_a_revoke_that_the_merchant_has_already_is_taken_again(shop):
    grant = granted(shop)
    path = copied(shop.ana, "ana2")
    shop.ana.write(grants.revoke_grant, grant=grant)
    shop.world.deliver()
    new = restore(shop, shop.ana, path)
    new.write(grants.revoke_grant, grant=grant)
    shop.world.deliver()
    assert new.read(lambda unit: unit.outbox.refusals(0, 9)) == []
    assert shop.lumen.read(grants.get_grant, grant=grant).state == new.read(grants.get_grant, grant=grant).state == "revoked"


def test_no_payout_is_sent(shop):
    merchant = shop.lumen.identity
    shop.completed()
    new = restore(shop, shop.ana, copied(shop.ana, "ana2"))
    with pytest.raises(ConflictError) as caught:
        new.write(claims.claim, merchant=merchant)
    assert caught.value.code == "restored-paused"
    new.write(restored.confirm, what="payouts")
    with pytest.raises(UserError) as caught:
        new.write(claims.claim, merchant=merchant)
    assert caught.value.code == "no-statement"  # the control: it gets past the pause


def test_a_merchant_states_nothing_before_payouts_are_confirmed(shop):
    shop.completed()
    new = restore(shop, shop.lumen, copied(shop.lumen, "lumen2"))
    with pytest.raises(ConflictError) as caught:
        new.write(statements.close_epoch)
    assert caught.value.code == "restored-paused"
    new.write(lambda unit: unit.transactions.add(bytes(32), "vault.propose", ()))
    assert [item.title for item in parts(new)["payouts"].items] == ["Send vault.propose"]


def test_a_node_that_was_not_restored_holds_nothing_back(shop):
    view = shop.ana.read(restored.show)
    assert (view.restored, view.parts, view.silent) == (False, (), ())
    assert not [item for item in shop.ana.read(today.show).items if item.href == "/restored"]
    with pytest.raises(UserError):
        shop.ana.write(restored.confirm, what="everything")


def test_home_says_what_waits_until_all_is_confirmed(shop):
    new = restore(shop, shop.ana, copied(shop.ana, "ana2"))
    for left in (ALL, ALL[1:], ALL[2:]):
        [title] = [item.title for item in new.read(today.show).items if item.href == "/restored"]
        assert title == f"Set up from a backup: {', '.join(left)} wait for you"
        new.write(restored.confirm, what=left[0])
    assert not [item for item in new.read(today.show).items if item.href == "/restored"]


# --- the newest backup


def test_a_backup_that_the_target_withheld_is_found(shop):
    back_up(shop.ana, 1)
    shop.world.deliver()
    path = copied(shop.ana, "ana2")
    shop.clock.tick(17 * DAY_MS)
    back_up(shop.ana, 2)
    shop.world.deliver()
    new = restore(shop, shop.ana, path, manifest=1)
    view = new.read(restored.show)
    assert [(found.name, found.sequence, found.newer) for found in view.backups] == [("lumen", 2, True)]
    [found] = [item.title for item in new.read(today.show).items if item.kind == "backup"]
    assert found == "Your shop lumen knows of a newer backup of 1 December than the one you restored"
    with pytest.raises(ConflictError) as caught:
        new.write(restored.confirm, what="grants")
    assert caught.value.code == "newer-backup"
    new.write(restored.confirm, what="grants", anyway=True)
    assert not parts(new)["grants"].paused
    assert new.read(backup_head.newest_known).sequence == 2


def test_the_newest_backup_raises_no_alarm(shop):
    back_up(shop.ana, 3)
    shop.world.deliver()
    new = restore(shop, shop.ana, copied(shop.ana, "ana2"), manifest=3)
    assert [found.newer for found in new.read(restored.show).backups] == [False]
    new.write(restored.confirm, what="grants")


def test_another_backup_of_the_same_number_is_found(shop):
    shop.ana.write(backup_head.announce, sequence=3, hash=bytes(32))
    shop.world.deliver()
    new = restore(shop, shop.ana, copied(shop.ana, "ana2"), manifest=3)
    assert [found.newer for found in new.read(restored.show).backups] == [True]


def test_a_peer_that_is_silent_is_named_and_heard_later(shop):
    back_up(shop.ana, 2)
    shop.world.deliver()
    shop.lumen.online = False
    new = restore(shop, shop.ana, copied(shop.ana, "ana2"))
    assert new.read(restored.show).silent == ("lumen",)
    shop.world.tick()
    assert len([row for row in new.read(lambda unit: unit.outbox.open()) if row.about and row.about[0] == backup_head.ABOUT]) == 1
    shop.lumen.online = True
    shop.world.deliver()
    assert new.read(restored.show).silent == ()


def test_what_a_peer_keeps_only_grows_and_is_one_row(shop):
    for number in (5, 6):
        back_up(shop.ana, number)
        shop.world.deliver()

    def put(head):
        return shop.world.put(shop.ana.peer, shop.lumen, "recovery", pack(head))

    for head, code in ((BackupHead(4, hash_of(4), 0), "rollback"), (BackupHead(6, hash_of(9), 0), "equivocation")):
        with pytest.raises(ProtocolError) as caught:
            put(head)
        assert caught.value.code == code
    assert shop.lumen.read(lambda unit: unit.db.execute("SELECT count(*), max(sequence) FROM backup_heads").fetchone()) == (1, 6)


def test_one_message_a_peer_is_under_way_and_the_newest_follows(shop):
    shop.lumen.online = False
    for number in range(1, 30):
        back_up(shop.ana, number)
    assert len(shop.ana.read(lambda unit: unit.outbox.open())) == 1
    shop.lumen.online = True
    shop.world.deliver()
    assert shop.lumen.read(lambda unit: unit.backup_heads.get(shop.ana.identity)).sequence == 29


def test_nobody_learns_of_another_ones_backups(shop):
    back_up(shop.ana, 7)
    shop.world.deliver()
    shop.ben.write(lambda unit: unit.settings.set(pauses.PAUSED, ALL))
    shop.ben.write(restored.tick)
    shop.world.deliver()
    assert [found.sequence for found in shop.ben.read(backup_head.known)] == [0]
