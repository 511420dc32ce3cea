"""Pictures from node to node: made by a merchant, named in its feed, fetched by a seller, whatever a peer sends instead."""

import asyncio
import io

import pytest
from PIL import Image

from node.errors import NodeError, RemoteRefusal, UserError
from node.files.picture import read_product, redrawn
from node.model.media import Named, Shelf
from node.services import browse, catalog, catalog_batches, media_exchange, pictures
from node.services.media_exchange import MediaExchange, Wanted
from node.services.picture_runs import PictureRuns
from node.store.media_files import MediaFolder
from protocol.errors import ProtocolError
from protocol.kinds import Topic
from protocol.media import MOST_BYTES, Media, MediaForm, MediaRequest, media_hash
from protocol.messages import pack, unpack
from tests.node.files.test_picture import picture
from tests.patience import until

HEAD = "Handle,Title,Status,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty,Image Src\n"
URL = "https://shop.example/{}.jpg"


class Side:
    """A node's pictures, and the line to the others."""

    def __init__(self, world, node, sides, quota=10**9) -> None:
        self.node, self.sides, self.asked = node, sides, []
        self.files = MediaFolder(node.path.with_suffix(".media"), quota)
        self.exchange = MediaExchange(node.store, self.files, self, redrawn)
        self.instead = None
        sides[node.peer] = self

    async def request(self, peer, _addresses, topic, body, _deadline):
        other = self.sides[peer]
        self.asked.append(body)
        if other.instead is not None:
            return pack(other.instead(unpack(Topic.CATALOG, body).record))
        try:
            return await other.exchange.answer(topic, body)
        except (ProtocolError, NodeError) as error:
            raise RemoteRefusal(str(error), code=error.code) from error

    def bring(self, wanted):
        return asyncio.run(self.exchange.bring(wanted))

    def run(self, bring, *, due_only=False):
        """A whole run of fetching from addresses."""

        async def whole():
            runs = PictureRuns(self.node.store, self.files, bring, lambda content: read_product(io.BytesIO(content)))
            await runs.round(self.node.read(pictures.own_feeds), due_only=due_only)
            return runs

        return asyncio.run(whole())


@pytest.fixture
def shop(world):
    lumen, ana = world.node("lumen", "merchant"), world.node("ana")
    world.pair(lumen, ana)
    lines = "".join(f"p{n},Soap {n},active,Title,Default Title,S{n},5.00,5,{URL.format(n)}\n" for n in range(3))
    from io import BytesIO

    from node.files.products import read_products
    from tests.node.services.world import START

    lumen.write(catalog.import_products, file=read_products(BytesIO((HEAD + lines).encode()), name="t.csv", now_ms=START), currency="USD")
    sides = {}
    return Side(world, lumen, sides), Side(world, ana, sides)


async def camera(url):
    if "1" in url.rpartition("/")[2]:
        raise UserError("The server has nothing to give there (404).", code="not-served")
    return picture(size=(900, 600))


def pictured(shop, world):
    lumen, _ = shop
    runs = lumen.run(camera)
    world.deliver()
    return runs


def product(node, title="Soap 0"):
    return node.read(browse.list_products, search=title).products[0]


def wanted(node, form=MediaForm.FULL, title="Soap 0"):
    shown = product(node, title)
    named = shown.pictures[0]
    return Wanted(bytes.fromhex(shown.id), bytes.fromhex(named.hash if form is MediaForm.FULL else named.thumbnail), form)


def test_a_run_fetches_draws_and_signs_one_batch_and_says_what_failed(world, shop):
    lumen, ana = shop
    runs = pictured(shop, world)
    assert (runs.done, runs.total) == (3, 3)
    assert [(item.handle, item.code) for item in lumen.node.read(pictures.list_failures, limit=9)] == [("p1", "not-served")]
    batch = lumen.node.read(catalog_batches.list_batches)[0]
    assert (batch.kind, batch.counts) == ("pictures", {"changed": 2})
    assert [len(product(ana.node, f"Soap {n}").pictures) for n in range(3)] == [1, 0, 1]
    assert product(ana.node).variants[0].price == 500  # its offer names the product as it is now
    lumen.node.write(catalog_batches.roll_back, batch=bytes.fromhex(batch.id))
    assert product(lumen.node).pictures == ()


def test_a_run_again_changes_nothing_that_is_there(world, shop):
    lumen, _ = shop
    pictured(shop, world)
    asked = []

    async def bring(url):
        asked.append(url)
        return await camera(url)

    lumen.run(bring)
    assert asked == [URL.format(1)]
    assert len(lumen.node.read(catalog_batches.list_batches)) == 1


def test_a_seller_gets_both_forms_and_has_them_offline(world, shop):
    lumen, ana = shop
    pictured(shop, world)
    for form, side in ((MediaForm.THUMBNAIL, 400), (MediaForm.FULL, 900)):
        content = ana.bring(wanted(ana.node, form))
        assert Image.open(io.BytesIO(content)).size[0] == side
    lumen.instead = lambda _: pytest.fail("nobody is asked")
    assert ana.bring(wanted(ana.node)) == asyncio.run(ana.exchange.shown(wanted(ana.node).hash))
    assert lumen.files.usage().own == 2  # both products show the same picture


def test_a_large_picture_comes_in_pieces(world, shop, monkeypatch):
    monkeypatch.setattr("protocol.media.PIECE_BYTES", 500)
    _, ana = shop
    pictured(shop, world)
    assert ana.bring(wanted(ana.node))
    assert len(ana.asked) > 1


def answered(side, request):
    async def ask():
        return await side.exchange.answer(Topic.CATALOG, pack(request))

    return asyncio.run(ask())


def test_only_what_a_product_of_the_feed_names_is_given(world, shop):
    lumen, ana = shop
    pictured(shop, world)
    good = wanted(ana.node)
    secret = b"another file"
    lumen.files.put(Shelf.OWN, media_hash(secret), secret)
    whole = unpack(Topic.CATALOG, answered(lumen, MediaRequest(good.product, good.hash, good.form, 0))).record  # the control
    for offset in (whole.size, whole.size + 1):
        with pytest.raises(ProtocolError) as caught:
            answered(lumen, MediaRequest(good.product, good.hash, good.form, offset))
        assert caught.value.code == "bad-media"
    for product_, hash_, form in (
        (good.product, media_hash(secret), MediaForm.FULL),
        (good.product, good.hash, MediaForm.THUMBNAIL),
        (bytes(32), good.hash, MediaForm.FULL),
    ):
        with pytest.raises(ProtocolError) as caught:
            answered(lumen, MediaRequest(product_, hash_, form, 0))
        assert caught.value.code == "no-media"
    ana.bring(good)
    with pytest.raises(ProtocolError) as caught:  # a seller gives nothing on
        answered(ana, MediaRequest(good.product, good.hash, good.form, 0))
    assert caught.value.code == "no-media"


def bomb():
    made = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(made, "PNG")
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not-a-picture"),
        (lambda: b"<!doctype html><script>alert(1)</script>", "not-a-picture"),
        (lambda: b"%PDF-1.7", "not-a-picture"),
        (lambda: picture()[:200], "not-a-picture"),
        (bomb, "photo-too-large"),
    ],
    ids=["svg", "html", "pdf", "truncated", "bomb"],
)
def test_what_its_writer_named_is_shown_only_where_it_is_a_picture(world, shop, content, code):
    """A hostile merchant: the hash is right, the bytes are not harmless."""
    lumen, ana = shop
    content = content()
    named = Named(media_hash(content), media_hash(content))
    lumen.files.put(Shelf.OWN, named.full, content)
    lumen.node.write(pictures.add_picture, bytes.fromhex(product(lumen.node).id), named)
    world.deliver()
    assert ana.bring(wanted(ana.node)) is None
    assert ana.exchange.failures[-1].code == code
    assert ana.files.usage().kept == 0


def test_a_polyglot_loses_what_is_not_the_picture(world, shop):
    lumen, ana = shop
    script = b"<script>alert(1)</script>"
    content = picture() + script
    named = Named(media_hash(content), media_hash(content))
    lumen.files.put(Shelf.OWN, named.full, content)
    lumen.node.write(pictures.add_picture, bytes.fromhex(product(lumen.node).id), named)
    world.deliver()
    shown = ana.bring(wanted(ana.node))
    assert script in content  # the control
    assert shown[:4] == b"RIFF"
    assert script not in shown
    assert b"Canary Camera" not in shown


@pytest.mark.parametrize(
    ("instead", "code"),
    [
        (lambda _: Media(3, b"abc"), "wrong-media"),
        (lambda _: Media(MOST_BYTES[MediaForm.THUMBNAIL] + 1, b"abc"), "too-large"),
        (lambda _: Media(2, b"abc"), "bad-media"),
        (lambda _: Media(10, b""), "bad-media"),
        (lambda request: Media(10 + request.offset, b"a"), "bad-media"),
        (lambda request: request, "unexpected-reply"),
    ],
)
def test_a_peer_that_sends_something_else_is_named_and_nothing_kept(world, shop, instead, code):
    lumen, ana = shop
    pictured(shop, world)
    lumen.instead = instead
    assert ana.bring(wanted(ana.node, MediaForm.THUMBNAIL)) is None
    assert ana.exchange.failures[-1].code == code
    assert ana.files.usage().kept == 0
    assert len(ana.asked) <= 2


def test_what_did_not_come_is_not_asked_for_again_at_once(world, shop):
    lumen, ana = shop
    pictured(shop, world)
    lumen.instead = lambda _: Media(3, b"abc")
    goal = wanted(ana.node)

    async def twice():
        first = await ana.exchange.fetch(goal, 5)
        asked = len(ana.asked)
        return first, await ana.exchange.fetch(goal, 5), len(ana.asked) - asked

    assert asyncio.run(twice()) == (None, None, 0)


def test_the_background_fetches_what_is_wanted(world, shop):
    _, ana = shop
    pictured(shop, world)

    async def some():
        running = asyncio.create_task(ana.exchange.run())
        for item in ana.node.read(media_exchange.thumbnails, 10):
            ana.exchange.want(item)
        await until(lambda: not ana.exchange.waiting)
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(some())
    assert ana.files.usage().kept == 1


def test_a_picture_of_ones_own_comes_first_and_goes_again(world, shop):
    lumen, ana = shop
    made = read_product(io.BytesIO(picture(turned=6)))
    named = Named(media_hash(made.full), media_hash(made.thumbnail))
    view = lumen.node.write(pictures.add_picture, bytes.fromhex(product(lumen.node).id), named, alt="A soap")
    assert product(lumen.node).id == view.product
    assert product(lumen.node).pictures[0].alt == "A soap"
    lumen.node.write(pictures.remove_picture, bytes.fromhex(view.product), named.full)
    assert product(lumen.node).pictures == ()
    with pytest.raises(UserError) as caught:
        ana.node.write(pictures.add_picture, bytes.fromhex(view.product), named)
    assert caught.value.code == "not-a-merchant"
