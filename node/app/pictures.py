"""Pictures of products in an open node: made, given, fetched, shown. It joins the drivers to store, disk, network and guarded client."""

import asyncio
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from node.config import Config
from node.errors import UserError
from node.fetch.client import GuardedClient
from node.files.picture import read_product, redrawn
from node.model.media import Pictured
from node.model.photo import MOST_BYTES
from node.model.picture_failure import PictureFailure
from node.net.host import Host
from node.services import media_exchange, pictures
from node.services.media_exchange import MediaExchange, Wanted
from node.services.picture_runs import PictureRuns
from node.services.picture_views import MOST_SHOWN, PictureFailureView, PicturesView
from node.services.pictures import NamedView
from node.store.media_files import MediaFolder
from node.store.store import Store
from node.vault.keys import Keys
from protocol.media import MediaForm

FOLDER = "media"
FETCH_SECONDS = 5.0
MOST_FETCHED = 500  # thumbnails that one word of a person's has fetched
_ACCEPT = "image/webp, image/png, image/jpeg, image/*;q=0.5"


def _draw(content: bytes) -> Pictured:
    return read_product(BytesIO(content))


class Pictures:
    """`run` until it is cancelled."""

    def __init__(self, config: Config, store: Store[Keys], host: Host) -> None:
        self._store = store
        self._quota = config.media_quota * 1_000_000
        self._files = MediaFolder(config.data / FOLDER, self._quota)
        self._client = GuardedClient()
        self._exchange = MediaExchange(store, self._files, host, redrawn, rate=config.catalog_rate * 1000)
        self._runs = PictureRuns(store, self._files, self._bring, _draw)

    async def run(self) -> None:
        """Fetch what pages want, and what the merchant has fetched."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._exchange.run(), name="media")
            tasks.create_task(self._runs.run(), name="picture-runs")

    async def answer(self, topic: str, body: bytes) -> bytes | None:
        """The reply to a peer's request for a picture, None for any other."""
        return await self._exchange.answer(topic, body)

    async def shown(self, hash_: bytes, wanted: Wanted | None = None, seconds: float = 0.0) -> bytes | None:
        """The picture as a page shows it; fetched where it is `wanted` and not here, for `seconds` at most."""
        content = await self._exchange.shown(hash_)
        if content is not None or wanted is None:
            return content
        if wanted.form is MediaForm.FULL:  # somebody looks at the product: its other pictures come too, for when there is no network
            for other in await self._store.read(media_exchange.siblings, wanted):
                await self._want(other)
        return await self._exchange.fetch(wanted, seconds)

    async def _want(self, wanted: Wanted) -> None:
        if await self._exchange.shown(wanted.hash) is None:
            self._exchange.want(wanted)

    async def state(self) -> PicturesView:
        """How many pictures there are, what is under way, what did not come."""
        usage = await asyncio.to_thread(self._files.usage)
        own: Sequence[PictureFailure] = await self._store.read(pictures.list_failures, MOST_SHOWN)
        failed = [PictureFailureView(row.handle, row.code, row.reason, row.url, row.at, row.tries, row.again) for row in own]
        failed += [PictureFailureView(item.name, item.code, item.reason) for item in self._exchange.failures]
        return PicturesView(
            usage.own,
            usage.own_bytes,
            usage.kept,
            usage.kept_bytes,
            self._quota,
            self._exchange.waiting,
            self._runs.running,
            self._runs.done,
            self._runs.total,
            tuple(failed[:MOST_SHOWN]),
        )

    async def fetch(self) -> PicturesView:
        """A merchant or brand: begin fetching what its products name by address. A seller: thumbnails of the first products."""
        if await self._store.read(lambda unit: unit.me.role) == "seller":
            for wanted in await self._store.read(media_exchange.thumbnails, MOST_FETCHED):
                await self._want(wanted)
        else:
            await self._runs.start()
        return await self.state()

    async def retry(self, url: str = "") -> PicturesView:
        """Try again what did not come: one address, or all. What is under way goes on first: then it is tried by itself soon."""
        await self._store.write(pictures.hasten, url)
        if not self._runs.running:
            await self._runs.start(due_only=True)
        return await self.state()

    async def stop(self) -> PicturesView:
        """End what is being fetched from addresses; what is signed stays so."""
        await self._runs.stop()
        return await self.state()

    async def clear(self) -> PicturesView:
        """Take away all that was fetched from others. It comes again when it is looked at."""
        await asyncio.to_thread(self._files.clear)
        return await self.state()

    async def add(self, product: bytes, content: bytes, alt: str = "") -> NamedView:
        """Put a picture first among those of a product of ours."""
        if len(content) > MOST_BYTES:
            raise UserError(f"The picture has more than {MOST_BYTES >> 20} MB. Make it smaller and try again.", code="photo-too-large")
        named = await self._runs.keep(content)
        view: NamedView = await self._store.write(pictures.add_picture, product, named, alt)
        return view

    async def _bring(self, url: str) -> Any:
        return (await self._client.get(url, most_bytes=MOST_BYTES, seconds=FETCH_SECONDS, accept=_ACCEPT)).body
