"""The same message again and again, replies lost, nodes that crash between commit and reply: one effect each."""

import random
from dataclasses import replace

from node.errors import NodeError, Unavailable
from node.services import exchange, grants, orders
from node.services.handlers import EXCHANGE
from protocol.errors import ProtocolError
from tests.battery.forged import snapshot
from tests.battery.sale import whole
from tests.node.services import world
from tests.node.services.shop import Shop

FULL, SHORT = 2_000, 80
CONTROL = 80
AGAIN, LOST, CRASHED = 0.4, 0.2, 0.06
ROUNDS = 100
REFUSED = "refused"


class Postman:
    """Carries what the nodes say, most of it more than once. `count` is how often something came again."""

    def __init__(self, made, dice) -> None:
        self.made, self.dice, self.count, self.wrong = made, dice, 0, []
        self._carry, made.carry = made.carry, self.carry
        self._deliver, made.deliver = made.deliver, self.deliver

    def deliver(self):
        """Until everything is answered, however often a reply was lost."""
        for _ in range(ROUNDS):
            self._deliver()
            if not any(node.read(lambda unit: unit.outbox.open()) for node in self.made.nodes.values()):
                return
        raise AssertionError("messages without end")

    def carry(self, node, row):
        dice = self.dice
        reply = self._carry(node, row)
        receiver = self.made.nodes[row.peer]
        while dice.random() < AGAIN:
            self._again(node, row, receiver, reply)
        if dice.random() < CRASHED:
            dice.choice((node, receiver)).reopen()
        if dice.random() < LOST:
            self.count += 1
            raise Unavailable("the reply was lost")
        return reply

    def _again(self, node, row, receiver, reply):
        self.count += 1
        once = exchange.unpack(row.topic, row.body).kind.name not in EXCHANGE.queries
        before = snapshot(receiver)
        try:
            again = self._carry(node, row)
        except (ProtocolError, NodeError) as error:
            again = error.code.encode()
        if once and again != reply:
            self.wrong.append(f"another reply the second time: {again[:40]!r}")
        if once and snapshot(receiver) != before:
            self.wrong.append("another effect the second time")


def _judge(shop, placed):
    """What is wrong after all the sales."""
    merchants = shop.lumen.read(orders.list_orders, limit=200)
    wrong = [
        f"{found.status} at {who}"
        for order, _ in placed
        for who, found in zip(("Ana", "Lumen"), shop.at(order), strict=True)
        if found.status != "COMPLETED"
    ]
    if sorted(found.id for found in merchants) != sorted(order.hex() for order, _ in placed):
        wrong.append(f"{len(merchants)} orders at the merchant, {len(placed)} placed")
    for _, grant in placed:
        seen = shop.ana.read(grants.get_grant, grant=grant)
        if (seen.state, seen.asks, bool(seen.erasure_receipt)) != ("revoked", 1, True):
            wrong.append(f"the grant is {seen.state}, asked {seen.asks} times, receipt {seen.erasure_receipt!r}")
    for node in (shop.ana, shop.lumen):
        refused = node.read(lambda unit: unit.db.execute("SELECT count(*) FROM outbox WHERE state = ?", (REFUSED,)).fetchone()[0])
        if refused:
            wrong.append(f"{refused} messages of {node.name} refused")
    return wrong


def _play(size, folder, seed, *, stop=False):
    dice, failures, done, round_ = random.Random(seed), [], 0, 0
    while done < size and not (stop and failures):
        (folder / str(round_)).mkdir()
        shop = Shop(folder / str(round_))
        postman = Postman(shop.world, dice)
        try:
            shop.world.pair(shop.ana, shop.ben)
            placed = [whole(shop) for _ in range(5)]
            failures += _judge(shop, placed)
        except (NodeError, ProtocolError, AssertionError, LookupError) as error:
            failures.append(f"the sale went wrong: {error!r}")
        finally:
            shop.world.close()
        failures += postman.wrong
        done, round_ = done + max(1, postman.count), round_ + 1
    return failures


def run(size, folder):
    return _play(size, folder, 1)


def control(folder):
    """Without the record of answered requests every request counts as a question that may be asked again."""
    genuine = world.EXCHANGE
    world.EXCHANGE = replace(genuine, queries=frozenset(genuine.answers))
    try:
        return bool(_play(CONTROL, folder, 2, stop=True))
    finally:
        world.EXCHANGE = genuine
