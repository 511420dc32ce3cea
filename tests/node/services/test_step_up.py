"""A dangerous act waits, can be cancelled, takes effect once and lapses; asking again shortens nothing."""

import pytest

from node.errors import ConflictError, NotFound
from node.model.step_up import Kind, Status
from node.services import step_up, today

HOUR = 3_600_000
DAY = 24 * HOUR
WALLET = Kind.WALLET_WORDS


def refused(code, call):
    with pytest.raises(ConflictError) as caught:
        call()
    assert caught.value.code == code
    return str(caught.value)


def ask(node, **more):
    return node.write(step_up.request, WALLET, DAY, **more)


def on_today(node):
    return [(item.title, item.section) for item in node.read(today.show).items if item.kind == "step-up"]


def test_it_takes_effect_after_its_delay_and_once(world, ana):
    refused("step-up-needed", lambda: ana.write(step_up.use, WALLET))
    asked = ask(ana)
    assert (asked.status, asked.due - asked.asked, on_today(ana)) == ("waiting", DAY, [("Your wallet's words: waiting", "keys")])
    world.clock.tick(DAY - 1)
    assert "1 hours" in refused("step-up-waits", lambda: ana.write(step_up.use, WALLET))
    refused("step-up-waits", lambda: ana.read(step_up.require_ready, WALLET))
    world.clock.tick(1)
    ana.read(step_up.require_ready, WALLET)  # no tick came by
    world.tick()
    assert on_today(ana) == [("Your wallet's words: ready", "keys")]
    ana.write(step_up.use, WALLET)
    refused("step-up-needed", lambda: ana.write(step_up.use, WALLET))
    assert ([row.status for row in ana.read(step_up.list_step_ups)], on_today(ana)) == (["used"], [])


def test_asking_again_shortens_nothing_and_leaves_no_second_one(world, ana):
    first = ask(ana)
    world.clock.tick(HOUR)
    assert ana.write(step_up.request, WALLET, HOUR) == first
    assert len(ana.read(step_up.list_step_ups)) == 1
    other = ask(ana, subject="another")  # of something else it is one of its own
    assert other.id != first.id


@pytest.mark.parametrize("wait", [0, DAY])
def test_cancelled_it_never_takes_effect(world, ana, wait):
    asked = ask(ana)
    world.clock.tick(wait)
    assert ana.write(step_up.cancel_step_up, bytes.fromhex(asked.id)).status == "cancelled"
    world.tick(DAY)
    refused("step-up-needed", lambda: ana.write(step_up.use, WALLET))
    refused("step-up-over", lambda: ana.write(step_up.cancel_step_up, bytes.fromhex(asked.id)))
    assert ask(ana).due == world.clock.now + DAY  # a new one waits as long as any
    with pytest.raises(NotFound):
        ana.write(step_up.cancel_step_up, bytes(32))


def test_what_nobody_used_lapses(world, ana):
    ask(ana)
    world.clock.tick(DAY + step_up.WINDOW_MS)
    refused("step-up-needed", lambda: ana.write(step_up.use, WALLET))
    world.tick()
    assert [row.status for row in ana.read(step_up.list_step_ups)] == ["lapsed"]


def test_it_survives_a_restart(world, ana):
    asked = ask(ana)
    ana.reopen()
    world.clock.tick(DAY)
    assert ana.read(step_up.find, WALLET).id == asked.id
    ana.write(step_up.use, WALLET)


def test_every_status_has_its_row_and_every_kind_its_words():
    assert step_up.TRANSITIONS.keys() == set(Status)
    assert step_up.WORDS.keys() == set(Kind)
    assert {status for status, row in step_up.TRANSITIONS.items() if row} == set(step_up.OPEN)
