"""Forged, replayed, reordered, equivocating and cross-domain records against real stores: refused, and nothing changes."""

import hashlib
import random
from collections import Counter
from contextlib import contextmanager

from node.errors import NodeError
from node.services import fulfilment, orders, payments
from node.store.evidence import MOST
from protocol import envelope
from protocol.encoding import decode
from protocol.envelope import NO_LOG
from protocol.errors import ProtocolError
from tests.battery import attacks
from tests.battery.sale import whole
from tests.node.services.shop import Shop

FULL, SHORT = 5_000, 250
CONTROL = 60
BESIDE = {"inbox", "order_early", "evidence"}  # replies to what was refused, verified entries that wait for their turn, proofs


class Scene:
    """A shop after a whole sale, and what was said in it."""

    def __init__(self, folder, dice) -> None:
        self.shop, self.dice = Shop(folder), dice
        self.nodes = {node.peer: node for node in (self.shop.lumen, self.shop.ana, self.shop.ben)}
        whole(self.shop)
        self.said = attacks.taken(self.shop.world)
        self.keys = self._keys()

    def _keys(self):
        """The signing keys of the honest, by public key: for what they could be brought to sign."""
        found = {}
        for node in self.nodes.values():
            held = [node.keys.device, *(node.keys.member_key(other.identity) for other in self.nodes.values())]
            found |= {key.public: key for key in held}
        return found

    def attack(self):
        """A random attack on a random message, and the message."""
        dice = self.dice
        sent = dice.choice(self.said)
        thief = self.shop.ben.keys.device if sent.sender != self.shop.ben.peer else self.shop.ana.keys.device
        other = next(peer for peer in self.nodes if peer not in (sent.sender, sent.receiver))
        author = self.keys.get(sent.signed.envelope.author)
        makers = [
            lambda: attacks.flipped(sent, dice),
            lambda: attacks.cut(sent, dice),
            lambda: attacks.resigned(sent, thief, dice),
            lambda: attacks.own_name(sent, thief, dice),
            lambda: attacks.relayed(sent, other),
            lambda: attacks.other_topic(sent, dice),
            lambda: attacks.renamed(sent, dice),
        ]
        if author is not None:
            makers.append(lambda: attacks.cross_domain(sent, author, dice))
            if sent.signed.envelope.log != NO_LOG:
                makers.append(lambda: attacks.twin(sent, author, dice))
            elif sent.topic == "order":
                makers.append(lambda: attacks.dated(sent, author, dice, ahead=True))
                makers.append(lambda: attacks.dated(sent, author, dice, ahead=False))
        return sent, dice.choice(makers)()

    def cross(self):
        """A cross-domain attack on a message outside any log."""
        sent = self.dice.choice([one for one in self.said if one.signed.envelope.log == NO_LOG])
        author = self.keys[sent.signed.envelope.author]
        return sent, attacks.cross_domain(sent, author, self.dice)

    def try_it(self, sent, attack):
        """What went wrong, in a line; empty when it was refused and nothing changed."""
        node = self.nodes[sent.receiver]
        before = snapshot(node)
        taken = self._taken(node, attack)
        if taken:
            return f"{attack.name}: {decode(sent.body)[0]} was taken"
        if attack.name == attacks.TWIN and not proved(node, decode(attack.body)[1]):
            return f"{attack.name}: {decode(sent.body)[0]} was refused and no proof was kept"
        return f"{attack.name}: refused, but something changed" if snapshot(node) != before else ""

    def _taken(self, node, attack):
        try:
            reply = self.shop.world.put(attack.sender, node, attack.topic, attack.body)
        except (ProtocolError, NodeError):
            return False
        return decode(reply)[0] != "nack"

    def replay(self):
        """The same bytes again, long after: the same reply, and nothing happens."""
        sent = self.dice.choice(self.said)
        node = self.nodes[sent.receiver]
        before = snapshot(node)
        try:
            self.shop.world.put(sent.sender, node, sent.topic, sent.body)
        except (ProtocolError, NodeError) as error:
            return f"replay of {decode(sent.body)[0]} refused: {error.code}"
        return "a replay had an effect" if snapshot(node) != before else ""

    def reordered(self):
        """The merchant's entries arrive in any order: the seller ends with the merchant's state, and never ahead of it."""
        shop = self.shop
        order = shop.placed()
        shop.lumen.write(orders.accept, order=order)
        shop.lumen.write(payments.confirm_payment, order=order)
        shop.lumen.write(fulfilment.ship, order=order, carrier="DHL", tracking="1")
        waiting = list(shop.lumen.read(lambda unit: unit.outbox.open(shop.ana.peer)))
        self.dice.shuffle(waiting)
        for row in waiting:
            shop.world.put(shop.lumen.peer, shop.ana, row.topic, row.body)
        mine, theirs = shop.at(order)
        shop.world.deliver()
        alike = (mine.status, mine.payment, mine.parcels) == (theirs.status, theirs.payment, theirs.parcels)
        return "" if alike and theirs.status == "IN_FULFILMENT" else f"reordered: {mine.status} here, {theirs.status} there"


def snapshot(node):
    """A hash of everything the node keeps, but for what is beside the point."""

    def take(unit):
        state = hashlib.blake2b()
        tables = [row[0] for row in unit.db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        for table in tables:
            if table not in BESIDE and not table.startswith("sqlite_"):
                state.update(repr((table, unit.db.execute(f"SELECT * FROM {table}").fetchall())).encode())
        return state.digest()

    return node.read(take)


def proved(node, raw):
    """Whether the record is kept beside the one it contradicts, or there are as many proofs as are kept of one identity."""
    kept = node.read(lambda unit: unit.evidence.all(1000))
    enough = max(Counter(row.identity for row in kept).values(), default=0) >= MOST
    return enough or any(raw in (row.first, row.second) for row in kept)


@contextmanager
def scene(folder, seed):
    made = Scene(folder, random.Random(seed))
    try:
        yield made
    finally:
        made.shop.world.close()


def run(size, folder):
    failures = []
    with scene(folder, 1) as made:
        for number in range(size):
            if number % 50 == 0:
                failures.append(made.reordered())
            failures.append(made.replay() if number % 10 == 0 else made.try_it(*made.attack()))
            del made.shop.world.carried[:]
    return [failure for failure in failures if failure]


def control(folder):
    """Signatures without their domain: one given for another use must be seen to pass."""
    genuine = envelope.domain, attacks.domain
    envelope.domain = attacks.domain = lambda _name: b""
    try:
        with scene(folder, 2) as made:
            return any(made.try_it(*made.cross()) for _ in range(CONTROL))
    finally:
        envelope.domain, attacks.domain = genuine
