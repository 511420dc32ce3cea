"""What happens to messages whatever they say: a Nack is a refusal, answered ones go in time."""

from node.services import exchange, team
from node.services.handlers import EXCHANGE
from protocol.kinds import Topic
from protocol.messages import Nack, pack


def test_a_nack_is_a_refusal(world):
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    world.pair(lumen, ana)
    ana.write(team.join, merchant=lumen.identity)
    entry = ana.read(lambda unit: unit.outbox.due())[0]
    ana.write(exchange.answered, EXCHANGE, entry, pack(Nack(entry.id, "not-wanted", "no")))
    found = ana.read(lambda unit: unit.outbox.get(entry.id))
    assert (found.state, found.code) == ("refused", "not-wanted")


def test_answered_messages_go_after_three_months_and_open_ones_stay(world):
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    world.pair(lumen, ana)
    ana.write(team.join, merchant=lumen.identity)
    world.deliver()
    lumen.online = False
    waiting = ana.write(lambda unit: exchange.send(unit, lumen.peer, Nack(bytes(32), "x", ""), topic=Topic.TEAM))
    world.clock.tick(exchange.KEPT_MS + exchange.DAY_MS)
    ana.write(exchange.tick)
    left = ana.read(lambda unit: [row[0] for row in unit.db.execute("SELECT id FROM outbox")])
    assert left == [waiting]
