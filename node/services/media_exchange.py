"""Pictures over the network: given to whoever follows our feeds, fetched when a page shows them, a few at a time.

Files are read and pictures decoded in threads; what a picture is named by is read on a snapshot. What comes is believed by its hash only,
and shown only as this node encoded it anew.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from node.errors import IntegrityError, Locked, NodeError, RemoteRefusal, Unavailable
from node.model.catalog import Span
from node.model.media import Shelf, Usage
from protocol.codec import from_bytes
from protocol.encoding import encode
from protocol.errors import Conflict, Malformed, ProtocolError
from protocol.kinds import Topic
from protocol.media import Gathering, Media, MediaForm, MediaRequest, names, piece
from protocol.messages import Nack, pack, unpack
from protocol.operations import Noun
from protocol.product import Product, product_id

from .catalog import CatalogUnit
from .catalog_sync import Budget, Network, Transactions
from .catalog_whole import require_whole
from .runs import FailureView

DEADLINE_SECONDS = 20.0
AT_ONCE = 3  # pictures fetched
MOST_WAITING = 1_000
MOST_SOURCES = 4
MOST_SIBLINGS = 12  # pictures of one product fetched ahead
PAUSE_SECONDS = 60.0  # before a picture that did not come is asked for again by itself
_MOST_PAUSED = 2_000
_MOST_FAILURES = 50
_ASKED = encode(["catalog.media-request", b""])[:-1]


class PictureFiles(Protocol):
    """Pictures on the disk (node/store/media_files.py); for any thread."""

    def get(self, shelf: Shelf, hash_: bytes) -> bytes | None:
        """The picture, None where it isn't."""

    def put(self, shelf: Shelf, hash_: bytes, content: bytes) -> bool:
        """Keep a picture; False where the quota has no room for it."""

    def usage(self) -> Usage:
        """How much there is."""

    def clear(self) -> None:
        """All that was fetched goes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture that a product names."""

    product: bytes
    hash: bytes
    form: MediaForm


@dataclass(frozen=True, slots=True)
class Sources:
    """Who may have a picture, and for which product; `relays`: we pass it on ourselves."""

    title: str
    peers: tuple[tuple[str, tuple[str, ...]], ...]
    relays: bool


class MediaExchange:
    """Gives and fetches pictures. `redrawn` makes of a picture that came one in our own encoding."""

    def __init__(
        self, store: Transactions, files: PictureFiles, network: Network, redrawn: Callable[[bytes, MediaForm], bytes], *, rate: int = 0
    ) -> None:
        self._store = store
        self._files = files
        self._network = network
        self._redrawn = redrawn
        self._budget = Budget(rate)
        self._drawing = asyncio.Semaphore(1)  # a large picture takes 160 MB while it is decoded
        self._waiting: OrderedDict[bytes, Wanted] = OrderedDict()
        self._under_way: dict[bytes, asyncio.Task[bytes | None]] = {}
        self._paused: OrderedDict[bytes, float] = OrderedDict()
        self._news = asyncio.Event()
        self._broken: BaseException | None = None
        self.failures: deque[FailureView] = deque(maxlen=_MOST_FAILURES)
        """Pictures that did not come, newest last."""

    @property
    def waiting(self) -> int:
        """How many are still to be fetched."""
        return len(self._waiting) + len(self._under_way)

    async def answer(self, topic: str, body: bytes) -> bytes | None:
        """The reply to a request for a picture, None for any other. The network asked for a pairing already.

        Raises Conflict `no-media`; Unavailable `not-ready` while it is being fetched from the brand.
        """
        if topic != Topic.CATALOG or not body.startswith(_ASKED):
            return None
        request: MediaRequest = (await asyncio.to_thread(unpack, Topic.CATALOG, body)).record
        own = await self._store.read(_served, request)
        content = await asyncio.to_thread(self._files.get, Shelf.OWN if own else Shelf.CAME, request.hash)
        if content is not None:
            return pack(piece(content, request.offset))
        if own:
            raise Conflict("that picture is not here", code="no-media")
        self.want(Wanted(request.product, request.hash, request.form))
        raise Unavailable("The picture is being fetched from its brand; ask again in a moment.", code="not-ready")

    async def shown(self, hash_: bytes) -> bytes | None:
        """The picture as a page may show it: in our own encoding."""
        for shelf in (Shelf.OWN, Shelf.SHOWN):
            if (content := await asyncio.to_thread(self._files.get, shelf, hash_)) is not None:
                return content
        return None

    def want(self, wanted: Wanted) -> bool:
        """Have a picture fetched when it is its turn; False where too many wait, or it did not come a moment ago."""
        now = asyncio.get_running_loop().time()
        if len(self._waiting) >= MOST_WAITING or wanted.hash in self._under_way or self._paused.get(wanted.hash, 0) > now:
            return False
        self._waiting.setdefault(wanted.hash, wanted)
        self._news.set()
        return True

    async def fetch(self, wanted: Wanted, seconds: float) -> bytes | None:
        """The picture, ahead of those that wait; None where it does not come within `seconds`: it goes on coming."""
        if wanted.hash not in self._under_way and not self.want(wanted):
            return None
        self._waiting.pop(wanted.hash, None)
        done, _ = await asyncio.wait([self._begin(wanted)], timeout=seconds)
        return next(iter(done)).result() if done else None

    async def run(self) -> None:
        """Until cancelled: fetch what waits. What our own store or disk refuses ends the node, as everywhere."""
        try:
            while True:
                self._news.clear()
                while self._waiting and len(self._under_way) < AT_ONCE:
                    self._begin(self._waiting.popitem(last=False)[1])
                await self._news.wait()
                if self._broken is not None:
                    raise self._broken
        finally:
            for task in list(self._under_way.values()):
                task.cancel()

    def _begin(self, wanted: Wanted) -> "asyncio.Task[bytes | None]":
        task = self._under_way.get(wanted.hash)
        if task is None:
            task = self._under_way[wanted.hash] = asyncio.get_running_loop().create_task(self.bring(wanted))
            task.add_done_callback(lambda done: self._ended(wanted.hash, done))
        return task

    def _ended(self, hash_: bytes, done: "asyncio.Task[bytes | None]") -> None:
        self._under_way.pop(hash_, None)
        if not done.cancelled():
            self._broken = self._broken or done.exception()
        self._news.set()

    async def bring(self, wanted: Wanted) -> bytes | None:
        """The picture from whoever has it, kept; None where nobody gives it, which is noted."""
        if (here := await self.shown(wanted.hash)) is not None:
            return here
        sources: Sources | None = await self._store.read(sources_of, wanted)
        if sources is None:
            return None
        failed: NodeError | ProtocolError | None = None
        for peer, addresses in sources.peers:
            try:
                return await self._keep(wanted, await self._gather(wanted, peer, addresses), relays=sources.relays)
            except (IntegrityError, Locked):
                raise
            except (NodeError, ProtocolError) as error:
                failed = error
        self._pause(wanted.hash)
        if failed is not None:
            self.failures.append(FailureView(sources.title, failed.code, str(failed)))
        return None

    def _pause(self, hash_: bytes) -> None:
        self._paused[hash_] = asyncio.get_running_loop().time() + PAUSE_SECONDS
        while len(self._paused) > _MOST_PAUSED:
            self._paused.popitem(last=False)

    async def _gather(self, wanted: Wanted, peer: str, addresses: tuple[str, ...]) -> bytes:
        gathering, more = Gathering(wanted.hash, wanted.form), True
        while more:
            question = pack(MediaRequest(wanted.product, wanted.hash, wanted.form, len(gathering.content)))
            reply = await self._network.request(peer, addresses, Topic.CATALOG, question, DEADLINE_SECONDS)
            await self._budget.spend(len(reply))
            record = unpack(Topic.CATALOG, reply).record
            if isinstance(record, Nack):
                raise RemoteRefusal(record.message, code=record.code)
            if not isinstance(record, Media):
                raise Malformed("that is no answer to a question for a picture", code="unexpected-reply")
            more = gathering.add(record)
        return gathering.whole()

    async def _keep(self, wanted: Wanted, came: bytes, *, relays: bool) -> bytes:
        async with self._drawing:
            shown = await asyncio.to_thread(self._redrawn, came, wanted.form)
        if relays:
            await asyncio.to_thread(self._files.put, Shelf.CAME, wanted.hash, came)
        await asyncio.to_thread(self._files.put, Shelf.SHOWN, wanted.hash, shown)
        return shown


def _served(unit: CatalogUnit, request: MediaRequest) -> bool:
    """Whether the picture is of a feed that we write, rather than relay. Raises Conflict `no-media` where neither names it."""
    record = unit.catalog.product(request.product)
    if record is None:
        require_whole(unit)
    row = unit.catalog.feed(record.feed) if record else None
    if (
        record is None
        or row is None
        or not (row.own or unit.me.role == "merchant")
        or not names(record.product, request.hash, request.form)
    ):
        raise Conflict("no product that is given here names such a picture", code="no-media")
    return row.own


def sources_of(unit: CatalogUnit, wanted: Wanted) -> Sources | None:
    """Who may have it: the writer of the product's feed, then merchants who offer it. None where no product that is here names it."""
    record = unit.catalog.product(wanted.product)
    row = unit.catalog.feed(record.feed) if record else None
    if record is None or row is None or row.own or not names(record.product, wanted.hash, wanted.form):
        return None
    feeds = [unit.catalog.feed(item.feed) for item in unit.catalog.offers_of(wanted.product)]
    identities = dict.fromkeys([row.identity, *(feed.identity for feed in feeds if feed is not None and not feed.own)])
    peers = [peer for identity in identities if (peer := unit.peers.by_identity(identity)) is not None]
    found = tuple((peer.peer, tuple(unit.peers.addresses_of(peer.peer))) for peer in peers[:MOST_SOURCES])
    return Sources(record.product.title, found, relays=unit.me.role == "merchant")


def siblings(unit: CatalogUnit, wanted: Wanted) -> list[Wanted]:
    """The other pictures of a product that is looked at."""
    record = unit.catalog.product(wanted.product)
    images = record.product.images if record else ()
    return [Wanted(wanted.product, image.hash, MediaForm.FULL) for image in images[:MOST_SIBLINGS] if image.hash not in (None, wanted.hash)]


def thumbnails(unit: CatalogUnit, limit: int) -> list[Wanted]:
    """The first thumbnail of each of the products of others, at most `limit`."""
    found: list[Wanted] = []
    for row in unit.catalog.feeds(own=False):
        for entry in unit.catalog.slots(row.feed, Span(low=(Noun.PRODUCT, ""))):
            if entry.noun is not Noun.PRODUCT or entry.record is None or len(found) >= limit:
                break
            named = (image.thumbnail for image in from_bytes(Product, entry.record).images)
            if (first := next(filter(None, named), None)) is not None:
                found.append(Wanted(product_id(entry.record), first, MediaForm.THUMBNAIL))
    return found
