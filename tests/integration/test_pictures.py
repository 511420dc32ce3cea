"""Pictures between two hosts of libp2p: small first, then whole in pieces, drawn anew, within a quota; other bytes are refused."""

import asyncio
import io
import os
from contextlib import asynccontextmanager

import pytest
from PIL import Image

from node.errors import NodeError
from node.files.picture import read_product, redrawn
from node.model.media import Named, Shelf
from node.net.config import NetConfig
from node.net.host import Host
from node.services import browse, catalog, pictures
from node.services.media_exchange import MediaExchange, Wanted
from node.store.media_files import MediaFolder
from protocol.kinds import Topic
from protocol.media import MediaForm, MediaRequest, media_hash
from protocol.messages import pack
from tests.node.files.test_picture import CAMERA, picture
from tests.node.services.shop import file
from tests.node.services.world import World

SECONDS = 60.0
LISTEN = ("/ip4/127.0.0.1/tcp/0",)


def noise(side):
    """A picture that no encoding makes small, with a camera's name in it."""
    image = Image.frombytes("RGB", (side, side), os.urandom(3 * side * side))
    exif = Image.Exif()
    exif[0x010F] = CAMERA.decode()
    made = io.BytesIO()
    image.save(made, "JPEG", exif=exif, quality=95)
    return made.getvalue()


class Side:
    """A node's store and pictures behind a host of its own; `instead` is what it gives whatever is asked."""

    def __init__(self, node, quota=10**9) -> None:
        self.node, self.instead, self.asked = node, None, []
        self.files = MediaFolder(node.path.with_suffix(".media"), quota)
        self.host = Host(NetConfig(listen=LISTEN), node.keys.device_seed, self)
        self.exchange = MediaExchange(node.store, self.files, self, redrawn)
        self.others = {}

    async def handle(self, _peer, topic, body):
        self.asked.append(body)
        answer = await self.exchange.answer(topic, body)
        return answer if self.instead is None else self.instead(answer)

    async def request(self, peer, _addresses, topic, body, _deadline):
        return await self.host.request(peer, self.others[peer].host.addresses, topic, body, SECONDS)

    def show(self, content):
        """Have our product named a picture, made as the node makes it; its names."""
        drawn = read_product(io.BytesIO(content))
        named = Named(media_hash(drawn.full), media_hash(drawn.thumbnail))
        self.files.put(Shelf.OWN, named.full, drawn.full)
        self.files.put(Shelf.OWN, named.thumbnail, drawn.thumbnail)
        self.node.write(pictures.add_picture, bytes.fromhex(product(self.node).id), named)
        return named


def product(node, title="Product cream"):
    return node.read(browse.list_products, search=title).products[0]


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
def shop(world):
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    world.pair(lumen, ana)
    lumen.write(catalog.import_products, file=file(cream=5200), currency="USD")
    world.deliver()
    return Side(lumen), Side(ana)


@asynccontextmanager
async def connected(*sides):
    """Every side knows where the others are, and takes them for paired."""
    for side in sides:
        side.others = {other.node.peer: other for other in sides}
        side.host.set_paired(frozenset(other.node.peer for other in sides if other is not side))
        await side.host.start()
    try:
        yield
    finally:
        for side in sides:
            await side.host.stop()


def test_small_first_then_whole_and_offline_afterwards(world, shop):
    lumen, ana = shop
    taken = noise(1_400)
    named = lumen.show(taken)
    world.deliver()
    of = bytes.fromhex(product(ana.node).id)
    assert len(lumen.files.get(Shelf.OWN, named.full)) > 1_000_000  # more than a frame holds

    async def look():
        async with connected(lumen, ana):
            small = await ana.exchange.bring(Wanted(of, named.thumbnail, MediaForm.THUMBNAIL))
            assert len(lumen.asked) == 1
            whole = await ana.exchange.bring(Wanted(of, named.full, MediaForm.FULL))
            assert len(lumen.asked) > 2
            return small, whole

    small, whole = asyncio.run(look())
    assert max(Image.open(io.BytesIO(small)).size) == 400
    assert Image.open(io.BytesIO(whole)).size == (1_400, 1_400)
    assert CAMERA in taken
    for shown, hash_ in ((small, named.thumbnail), (whole, named.full)):
        assert (shown[:4], shown[8:12]) == (b"RIFF", b"WEBP")
        assert CAMERA not in shown
        assert asyncio.run(ana.exchange.shown(hash_)) == shown  # nobody is there any more
        assert lumen.files.get(Shelf.OWN, hash_) != shown or media_hash(shown) == hash_


def test_other_bytes_than_the_hash_says_are_refused_and_nothing_is_kept(world, shop):
    """Control: the same peer, once it gives what was asked for."""
    lumen, ana = shop
    named = lumen.show(picture())
    world.deliver()
    wanted = Wanted(bytes.fromhex(product(ana.node).id), named.full, MediaForm.FULL)

    async def look(instead):
        lumen.instead = instead
        async with connected(lumen, ana):
            return await ana.exchange.bring(wanted)

    for instead in (lambda answer: answer[:-9] + bytes(9), lambda answer: answer[:-1], lambda _: b"", lambda _: b"\x00" * 1_000_000):
        assert asyncio.run(look(instead)) is None
        assert ana.exchange.failures[-1].code in ("wrong-media", "malformed", "not-canonical", "bad-media")
        assert ana.files.usage().kept == 0
        ana.exchange._paused.clear()
    assert asyncio.run(look(None))
    assert ana.files.usage().kept == 1


def test_the_quota_holds_and_what_was_not_looked_at_goes_first(world, shop):
    lumen, ana = shop
    named = [lumen.show(noise(side)) for side in (300, 310, 320)]
    world.deliver()
    of = bytes.fromhex(product(ana.node).id)
    size = max(len(lumen.files.get(Shelf.OWN, one.full)) for one in named)
    ana.files = MediaFolder(ana.node.path.with_suffix(".small"), int(size * 2.5))
    ana.exchange = MediaExchange(ana.node.store, ana.files, ana, redrawn)

    async def look():
        async with connected(lumen, ana):
            for one in named:
                assert await ana.exchange.bring(Wanted(of, one.full, MediaForm.FULL))

    asyncio.run(look())
    usage = ana.files.usage()
    assert usage.kept_bytes <= int(size * 2.5)
    assert asyncio.run(ana.exchange.shown(named[0].full)) is None
    assert asyncio.run(ana.exchange.shown(named[-1].full))


def test_nobody_who_is_not_paired_gets_a_picture(world, shop):
    lumen, ana = shop
    named = lumen.show(picture())
    world.deliver()
    stranger = Side(world.node("eve"))
    question = pack(MediaRequest(bytes.fromhex(product(ana.node).id), named.full, MediaForm.FULL, 0))

    async def ask():
        async with connected(lumen, ana), connected(stranger):
            assert await ana.host.request(lumen.node.peer, lumen.host.addresses, Topic.CATALOG, question, SECONDS)
            with pytest.raises(NodeError) as caught:
                await stranger.host.request(lumen.node.peer, lumen.host.addresses, Topic.CATALOG, question, SECONDS)
            return caught.value.code

    assert asyncio.run(ask()) == "not-paired"
