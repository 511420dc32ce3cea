"""The process that the battery `catalog_kill` kills: `python -m tests.battery.catalog_killed`, led as tests/battery/killed.py says.

It loads a catalog by packs into a catalog file, as a node's first sync does, and writes `ack N` after each pack that is in. Which packs it
asked for stands beside the file.
"""

import asyncio
import os
import sys
from pathlib import Path

from node.model.catalog import FeedRow
from node.services import catalog_load
from node.services.catalog_following import Standing
from node.services.catalog_load import Load
from node.store.catalog_file import CatalogFile
from node.store.pack_files import PackFolder
from protocol.catalog_sync import Pack
from tests.battery.catalog_sample import FEED, RECORD, SAMPLE, Sample
from tests.battery.killed import serve


def asked_of(path: Path) -> Path:
    """Where the packs that were asked for are listed, one a line."""
    return path.with_suffix(".asked")


class Source:
    """A publisher that has every pack, and notes what it is asked for."""

    def __init__(self, sample: Sample, path: Path) -> None:
        self._sample = sample
        self._path = path

    async def __call__(self, request) -> Pack:
        with self._path.open("a") as asked:
            asked.write(request.hash.hex() + "\n")
        return Pack(self._sample.packs[request.hash])


class Nothing(PackFolder):
    """No room for packs: what is fetched twice is seen."""

    def put(self, *_given):
        return False


def live(path: Path, start: int, mode: str, _seed: int) -> None:
    file = CatalogFile.open(path, 0, lambda: 0)
    if mode == "halves":  # the planted fault: a pack counts as loaded before its rows are in
        catalog_load._load = _halves(file)
    row = FeedRow(FEED, RECORD.identity, RECORD.name, RECORD.currency, own=False)
    at = Standing(row, 0, begun=False, brand=False)
    count = [start]

    def told():
        os.write(1, b"ack %d\n" % count[0])
        count[0] += 1

    load = Load(file, Nothing(path.parent / "packs"), at, SAMPLE.manifest, [Source(SAMPLE, asked_of(path))], told)
    asyncio.run(load.run(SAMPLE.raw, SAMPLE.checkpoint))
    file.close()
    os._exit(0)  # all is in, before its time came


def _halves(file):
    whole = catalog_load._load

    def load(writing, feed, pack, span, rows):
        writing._db.execute("INSERT OR IGNORE INTO packs (feed, pack) VALUES (?, ?)", (writing.key(feed), pack))
        writing._db.execute("COMMIT")
        writing._db.execute("BEGIN IMMEDIATE")
        whole(writing, feed, pack, span, rows)

    return load


if __name__ == "__main__":
    sys.setswitchinterval(0.001)
    serve(live)
