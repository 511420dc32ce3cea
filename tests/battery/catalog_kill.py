"""SIGKILL during a first sync by packs: what is in stays in, whole, is not asked for again, and in the end all of it is there."""

import random

from node.errors import NodeError
from node.model.catalog import Span
from node.store.catalog_feeds import FileFeeds
from node.store.catalog_file import CatalogFile
from protocol.operations import element
from protocol.state_hash import StateHash
from tests.battery.catalog_killed import asked_of
from tests.battery.catalog_sample import FEED, SAMPLE
from tests.battery.kill import lives

FULL, SHORT = 500, 12
CONTROL = 80
PAUSE = 0.01  # a pack takes about so long


def stored(path):
    """(packs in, rows by slot, whether the feed counts as whole)."""
    file = CatalogFile.open(path, 0, lambda: 0)
    try:
        return file.look_now(_read)
    finally:
        file.close()


def _read(feeds: FileFeeds):
    return feeds.loaded(FEED), {row[1:3]: row for row in feeds.slots(FEED, Span())}, feeds.held(FEED).size


def asked(path):
    """The packs asked for so far, in order."""
    return [bytes.fromhex(line) for line in asked_of(path).read_text().split()] if asked_of(path).exists() else []


def judge(acknowledged, before, found, wanted):
    """What is wrong after a life, in a line; empty when all is well."""
    loaded, rows, size = found
    if again := before & set(wanted):
        return f"{len(again)} packs that were in were asked for again"
    if size:
        state = StateHash().add(*(element(slot, row.record) for slot, row in rows.items()))
        return "" if state == SAMPLE.state and size == SAMPLE.checkpoint.size else "whole, and not what was signed"
    if not before <= loaded or len(loaded) < len(before) + acknowledged:
        return f"{acknowledged} packs acknowledged after {len(before)}, and {len(loaded)} are in"
    for pack in loaded:
        if any(rows.get(row[1:3]) != row for row in SAMPLE.rows[pack]):
            return "a pack counts as loaded whose rows are not all there"
    return ""


def _lives(size, folder, mode, *, stop=False):
    dice, failures = random.Random(1), []
    before, done, stores = frozenset(), 0, 0
    with lives("tests.battery.catalog_killed", PAUSE) as process:
        for number in range(size):
            path = folder / f"store{stores}.db"
            past = len(asked(path))
            acknowledged = process.one(path, 0, mode, dice)
            try:
                found = stored(path)
            except NodeError as error:
                failures.append(f"life {number}: {error}")
                before, stores = frozenset(), stores + 1
                continue
            if wrong := judge(len(acknowledged), before, found, asked(path)[past:]):
                failures.append(f"life {number}: {wrong}")
            before, done = (frozenset(), done + 1) if found[2] else (found[0], done)
            stores += bool(found[2]) or bool(failures)
            if failures:
                before = frozenset()
                if stop:
                    break
    if not failures and size >= FULL and not done:
        failures.append("no load ever came to its end")
    return failures


def run(size, folder):
    return _lives(size, folder, "whole")


def control(folder):
    """A pack counts as loaded in a transaction of its own, before its rows."""
    return bool(_lives(CONTROL, folder, "halves", stop=True))
