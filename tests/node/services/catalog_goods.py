"""A merchant's goods in a few lines, signed as its catalog: what tests of following a feed publish."""

from io import BytesIO

from node.files.products import read_products
from node.files.samples import PRODUCTS, sample_path
from node.model.catalog import Span
from node.services import browse, catalog
from protocol.errors import ProtocolError
from protocol.kinds import Topic
from protocol.messages import unpack
from tests.node.services.world import START


def sample():
    with sample_path(PRODUCTS).open("rb") as source:
        return read_products(source, name=PRODUCTS, now_ms=START)


def table(*lines):
    head = "Handle,Title,Body (HTML),Vendor,Status,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty\n"
    return read_products(BytesIO((head + "".join(lines)).encode()), name="t.csv", now_ms=START)


def line(handle, sku, price, title="Soap"):
    return f"{handle},{title},,Shop,active,Title,Default Title,{sku},{price},5\n"


def publish(node, *lines, **named):
    node.write(catalog.import_products, file=table(*lines) if lines else sample(), currency="USD", **named)


def feed_of(node):
    return node.read(browse.list_feeds)[0]


def feed_id(node):
    return bytes.fromhex(feed_of(node).feed)


def kinds(world):
    found = []
    for *_, body, _ in world.carried:
        try:
            found.append(unpack(Topic.CATALOG, body).kind.name)
        except ProtocolError:
            continue
    return found


def same(one, other):
    """Whether both hold the same records, to the byte, and say so."""
    feed = feed_id(one)
    mine, theirs = (node.read(lambda unit: sorted(unit.catalog.slots(feed, Span()))) for node in (one, other))
    return mine == theirs and feed_of(one).state_hash == feed_of(other).state_hash and feed_of(one).checkpoint == feed_of(other).checkpoint


# --- pages
