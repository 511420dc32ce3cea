"""The catalog file brought up to our own logs while the node is in use, where it is far behind: deleted, damaged, left by a kill.

A thread of its own reads the logs over a connection of its own, and the file's writer takes them batch by batch; in between, and while
it waits for room on the disk, it hears that the store closes. Until it is done nothing is signed into a feed of ours that is behind, nor
shown to peers (`Catalog.is_whole`). The last look is the store's writer's, where nobody writes meanwhile (ADR 0077). What is in the way
is told by the file (`CatalogFile.obstacle`) for as long as nothing goes on.
"""

import logging
from concurrent.futures import CancelledError
from threading import Event, Thread
from typing import Protocol

from sqlite_utils import Database

from node.errors import Locked, NodeError

from .catalog_file import CatalogFile
from .catalog_writer import Strayed
from .catching_up import begin_anew, catch_up_own, lag

log = logging.getLogger(__name__)
AGAIN_SECONDS = 15.0
"""So long after a full disk, or whatever else was in the way, it is tried again."""
MOST_SECONDS = 240.0
"""So long at most where it stays: twice as long each time."""


class _Stopped(Exception):
    """The store closes."""


class Following(Protocol):
    """The store's side."""

    def end_rebuilding(self) -> None:
        """Run the last of it in the store's writer thread, and say there that it is no longer under way."""

    def tell(self) -> None:
        """What is in the way is another than before, or gone."""


class Rebuilding:
    """Of one store."""

    def __init__(self, store: Database, file: CatalogFile, following: Following) -> None:
        self.is_under_way = False
        self._store, self._file, self._following = store, file, following
        self._stopping = Event()
        self._thread: Thread | None = None
        self._left = 0

    def start(self) -> None:
        """Begin, where it is not under way. Call it from the store's writer thread, or before that is there."""
        if self.is_under_way or self._stopping.is_set():
            return
        self.wait()  # for the last one, which has said that it is done
        self.is_under_way = True
        self._thread = Thread(target=self._run, name="catalog-rebuilding")
        self._thread.start()

    def stop(self) -> None:
        """Go no further than the batch that is being written."""
        self._stopping.set()

    def wait(self) -> None:
        """Until the thread has ended."""
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        seconds = AGAIN_SECONDS
        try:
            while not self._stopping.is_set():
                code = self._tried()
                if not code:
                    return
                seconds = min(2 * seconds, MOST_SECONDS) if self._is_known(code) else AGAIN_SECONDS
                self._hinder(code)
                self._stopping.wait(seconds)
        except (_Stopped, Locked, CancelledError):  # the next start goes on from here
            return

    def _tried(self) -> str:
        """Follow to the end; the code of what was in the way."""
        try:
            self._left = lag(self._store)
            self._follow()
        except (_Stopped, Locked, CancelledError):
            raise
        except NodeError as error:
            if not self._is_known(error.code):  # once: it is tried again and again
                log.warning("the catalog file is behind: %s", error)
            return error.code
        except Exception as error:  # a thread that ended here would be taken for one at work
            if not self._is_known("internal"):
                log.warning("the catalog file is behind", exc_info=error)
            return "internal"
        return ""

    def _follow(self) -> None:
        while True:
            try:
                catch_up_own(self._store, self._file, self._go_on)
                return self._following.end_rebuilding()
            except Strayed as strayed:
                begin_anew(self._store, self._file, strayed.feed, self._go_on)

    def _go_on(self) -> None:
        if self._stopping.is_set():
            raise _Stopped
        if self._file.obstacle is not None and lag(self._store) < self._left:
            self._file.obstacle = None
            self._following.tell()

    def _is_known(self, code: str) -> bool:
        return self._file.obstacle is not None and self._file.obstacle.code == code

    def _hinder(self, code: str) -> None:
        if not self._is_known(code):
            self._file.hinder(code)
            self._following.tell()
