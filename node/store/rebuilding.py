"""The catalog file brought up to our own logs while the node is in use, where it is far behind: deleted, damaged, left by a kill.

A thread of its own reads the logs over a connection of its own, and the file's writer takes them batch by batch; in between, and while
it waits for room on the disk, it hears that the store closes. Until it is done nothing is signed into a feed of ours that is behind, nor
shown to peers (`Catalog.is_whole`). The last look is the store's writer's, where nobody writes meanwhile (ADR 0077).
"""

import logging
from collections.abc import Callable
from concurrent.futures import CancelledError
from threading import Event, Thread

from sqlite_utils import Database

from node.errors import Locked

from .catalog_file import CatalogFile
from .catalog_writer import Strayed
from .catching_up import begin_anew, catch_up_own

log = logging.getLogger(__name__)
AGAIN_SECONDS = 15.0
"""So long after a full disk, or whatever else was in the way, it is tried again."""


class _Stopped(Exception):
    """The store closes."""


class Rebuilding:
    """Of one store. `conclude` runs the last of it in the store's writer thread, and says there that it is no longer under way."""

    def __init__(self, store: Database, file: CatalogFile, conclude: Callable[[], None]) -> None:
        self.is_under_way = False
        self._store, self._file, self._conclude = store, file, conclude
        self._stopping = Event()
        self._thread: Thread | None = None

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
        while not self._stopping.is_set():
            try:
                self._follow()
            except (_Stopped, Locked, CancelledError):  # the next start goes on from here
                return
            except Exception as error:  # noqa: BLE001  a thread that ended here would be taken for one at work
                log.warning("the catalog file is behind: %s", error)
                self._stopping.wait(AGAIN_SECONDS)
            else:
                return

    def _follow(self) -> None:
        while True:
            try:
                catch_up_own(self._store, self._file, self._go_on)
                return self._conclude()
            except Strayed as strayed:
                begin_anew(self._store, self._file, strayed.feed, self._go_on)

    def _go_on(self) -> None:
        if self._stopping.is_set():
            raise _Stopped
