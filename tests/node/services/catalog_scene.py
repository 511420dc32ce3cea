"""Nodes that follow a merchant, a brand and another merchant, and what can be done to the bytes of a message between them."""

from copy import copy
from dataclasses import replace

from node.errors import NodeError
from node.files.picture import redrawn
from node.model.catalog import Span
from node.model.media import Named, Shelf
from node.services import browse, pictures, plans
from node.services import catalog_following as following
from node.services.media_exchange import MediaExchange
from node.store.media_files import MediaFolder
from protocol import rows
from protocol.encoding import MAX_BYTES, decode, encode
from protocol.envelope import domain
from protocol.errors import ProtocolError
from protocol.kinds import Topic
from protocol.log import sign_checkpoint, verify_checkpoint
from protocol.media import media_hash
from tests.node.files.test_picture import picture

from . import world as worlds
from .catalog_goods import line, publish
from .shop import WINDOW
from .test_brand_relays import Chain

CASES = ("oversized", "truncated", "out of order", "replayed", "another feed", "future-dated", "not canonical")
DAY = 86_400_000


# --- the nodes


class Scene(Chain):
    """`ana` follows `lumen`, the brand `solis` through it, and `nova`. All have what there is."""

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.nova = self.world.node("nova", "merchant")
        publish(self.lumen, *goods(12))
        publish(self.nova, line("x", "X1", "1.00"), line("y", "Y1", "2.00"))
        self.nova.write(plans.publish_plan, currency="USD", direct_bps=1000, level_bps=[], return_window_ms=WINDOW)
        self.world.pair(self.nova, self.ana)
        self.ana.write(following.sync)
        self.deliver()

    def copy(self, folder):
        made = copy(self)
        made.world = self.world.copy(folder)
        made.solis, made.lumen, made.ana, made.nova = made.world.nodes.values()
        return made

    def row(self, of, at=None):
        """How a feed stands at a node."""
        [row] = [row for row in (at or self.ana).read(lambda unit: unit.catalog.feeds()) if row.identity == of.identity]
        return row

    def head(self, of, **changes):
        """Another head of a feed than the one there is, signed by its writer."""
        known = verify_checkpoint(self.row(of, of).checkpoint)
        return sign_checkpoint(of.keys.device, replace(known, **changes)).raw

    def future(self, of):
        return self.head(of, time=self.world.clock.now + DAY)

    def error(self):
        return self.row(self.lumen).error

    def again(self):
        """Ana asks for what there is."""
        self.ana.write(following.sync)
        self.world.sync(self.ana)

    def lost(self):
        """As `again`, from nothing: by packs."""
        feed = self.row(self.lumen).feed
        self.ana.store.catalog.write_now(lambda writing: writing.forget(feed))
        self.ana.files.forget(feed)
        self.again()

    def spoil(self):
        """Her file lost some records that it says it has: they are asked for by number."""

        def run(writing):
            feed = self.row(self.lumen).feed
            held = writing.held(feed)
            gone = [entry._replace(record=None) for entry in list(writing.slots(feed, Span()))[:5]]
            writing.apply(feed, gone)
            writing.advance(feed, held.size, held.checkpoint)

        self.ana.store.catalog.write_now(run)

    def grow(self, price="9.00"):
        publish(self.lumen, line("late", "L1", price), line("later", "L2", price))

    def held(self, node):
        """All that a node believes of catalogs: heads, states and records; bounds, plans and figures."""

        def look(unit):
            feeds = {
                row.feed: (row.size, row.checkpoint, row.state.digest, row.part, row.closed, sorted(unit.catalog.slots(row.feed, Span())))
                for row in unit.catalog.feeds()
            }
            bounds, plans_ = ({record.hash for record in found} for found in (unit.brands.plans(), unit.catalog.plans()))
            return (
                feeds,
                bounds,
                plans_,
                {(row.feed, row.size, row.root) for row in unit.heads.heard()},
                unit.db.execute("SELECT count(*) FROM brand_reports").fetchone(),
            )

        return node.read(look)

    def pictured(self):
        """A product of Lumen's with a picture."""
        content = picture(size=(60, 40))
        named = Named(media_hash(content), media_hash(content))
        self.files(self.lumen).put(Shelf.OWN, named.full, content)
        [product] = [bytes.fromhex(item.id) for item in self.lumen.read(browse.list_products, search="Soap").products][:1]
        view = self.lumen.write(pictures.add_picture, product, named)
        self.deliver()
        return bytes.fromhex(view.product), named

    def files(self, node):
        return MediaFolder(node.path.with_suffix(".media"), 10**9)

    def hand(self, sender, receiver, body):
        """A request as it comes to a node: its answer (by its hash), or the code it is refused with."""
        exchange = MediaExchange(receiver.store, self.files(receiver), None, redrawn)
        try:
            reply = worlds.finished(exchange.answer(Topic.CATALOG, body))
            if reply is None:
                reply = worlds.finished(worlds.Line(self.world, sender).request(receiver.peer, (), Topic.CATALOG, body, 5.0))
        except (ProtocolError, NodeError) as error:
            return error.code
        return f"answer:{media_hash(reply).hex()}"


def goods(count):
    return [line(f"p{number}", f"S{number}", f"{number + 1}.00") for number in range(count)]


# --- what can be done to bytes


def longer(data):
    """The same map, or list, in a form that isn't the shortest: its length takes a byte more."""
    major, count = data[0] & 0xE0, data[0] & 0x1F
    return bytes([major | 24, count]) + data[1:] if count < 24 else bytes([major | 25, 0]) + data[1:]


def loose(body):
    """A message whose record has another form than its one."""
    kind, record = decode(body)
    return encode([kind, longer(record)])


def signed_loosely(raw, signer):
    """What was signed, in other forms of the same: the envelope's map, and the record in it. The signature holds."""
    content = decode(raw)[0]
    tree = decode(content)
    forms = (longer(content), encode({**tree, 16: longer(tree[16])}))
    return [encode([form, signer.sign(domain(tree[2]) + form)]) for form in forms]


def cuts(body):
    return [body[: len(body) * at // 5] for at in range(5)]


def put(body, number, value):
    """The message with another value under a key."""
    kind, record = decode(body)
    return encode([kind, encode({**decode(record), number: value})])


def got(body, number):
    return decode(decode(body)[1])[number]


def other_rows(body, number, change):
    found = list(rows.read_rows(rows.unpress(got(body, number))))
    return put(body, number, rows.pressed(change(found)))


def bomb():
    """Far more rows than a frame may hold, in few bytes."""
    return rows.press(bytes(2 * rows.MAX_ROWS_BYTES))


ANY = {
    "oversized": lambda body: [body + bytes(MAX_BYTES)],
    "truncated": cuts,
    "not canonical": lambda body: [loose(body), longer(body)],
}
"""What goes for every message; the rest is each one's own."""
