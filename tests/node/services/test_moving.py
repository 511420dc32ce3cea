"""A move, seen from the old computer, the new one, and the old one once it is retired."""

from node.services import backup_head, greeting, moving, restored

from .restoring import copied, revoke
from .test_recovery import settle
from .test_restored import hash_of, restore


def states(node):
    view = node.read(moving.show)
    return view.here, [step.state for step in view.steps]


def test_the_steps_of_a_move(shop):
    ana = shop.ana
    assert states(ana) == ("old", ["now", "later", "later", "later"])
    ana.write(backup_head.announce, sequence=1, hash=hash_of(1))
    assert states(ana) == ("old", ["done", "now", "later", "later"])
    shop.clock.tick(2 * moving.HOUR_MS)
    assert states(ana)[1][0] == "now"  # what happened since then would stay behind
    path = copied(ana, "ana2")
    shop.lumen.online = False
    new = restore(shop, ana, path)
    assert states(new) == ("new", ["done", "now", "later", "later"])
    assert "lumen" in new.read(moving.show).steps[1].text
    shop.lumen.online = True
    settle(shop)
    assert states(new) == ("new", ["done", "done", "now", "later"])
    for what in ("grants", "renewals", "payouts"):
        new.write(restored.confirm, what=what)
    view = new.read(moving.show)
    assert [step.state for step in view.steps] == ["done", "done", "done", "now"]
    assert view.steps[3].command == f"gemstra keys revoke {ana.keys.device.public.hex()}"
    revoke(ana, ana.keys.device.public, on=new)
    settle(shop)
    assert states(new) == ("new", ["done"] * 4)
    ana.online = True
    ana.write(greeting.greet_all)
    settle(shop)
    assert states(ana) == ("retired", ["done"])
