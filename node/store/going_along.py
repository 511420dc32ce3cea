"""What is signed in bulk goes into the catalog file while it is signed: a process of its own takes entries as they are logged, and writes
them in one transaction that ends after the store's (ADR 0078; alongside.py is that process).

Whatever keeps it from that, nothing of it counts, and the file follows after the commit as it does any other (catching_up.py).
"""

import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import Queue

from protocol.sections import Division
from protocol.state_hash import StateHash

from .alongside import End, framed
from .catalog_file import CatalogFile
from .catalog_writer import Ended

log = logging.getLogger(__name__)
LEAST = 20_000
"""With so many entries it begins: what is less follows in a moment."""
BATCH = 5_000
"""So many are handed over at a time."""
WAITING = 2
"""Batches that wait for the process, before the signing waits for it."""
COMMAND = (sys.executable, "-P", "-m", "node.store.alongside")
_Some = list[tuple[int, bytes]]


class _Failed(Exception):
    """The process did not do it."""


class Along:
    """Of one transaction of the store and one feed of ours, whose entries from `first` on are handed over. `handed`: so will be what they
    bring to sections, for they were all new when it began; otherwise the process reckons that by itself.
    """

    def __init__(self, file: CatalogFile, feed: bytes, first: int) -> None:
        self.feed, self.first = feed, first
        self.handed = True
        self._file, self._following = file, first
        self._gathered: _Some = []
        self._queue: Queue[_Some | End | None] = Queue(WAITING)
        self._work: Future[None] | None = None
        self._is_over = False

    @property
    def has_begun(self) -> bool:
        """Whether the process has something to end, or let go."""
        return self._work is not None and not self._is_over

    def add(self, feed: bytes, first: int, operations: Sequence[bytes], *, new: bool) -> None:
        """Entries that were logged just now; `new`: these and those before, each offer after its product. With such as don't follow those
        before it is over, and where it is too late to say that not all is new.
        """
        if (feed, first) != (self.feed, self._following) or (self._work and self.handed and not new):
            self.drop()
        self.handed = self.handed and new
        if self._is_over:
            return
        self._gathered.extend(enumerate(operations, first))
        self._following += len(operations)
        if len(self._gathered) >= (BATCH if self._work else LEAST):
            self._hand_over()

    def end(self, size: int, ended: Ended, sections: Mapping[Division, Mapping[str, StateHash]] | None) -> None:
        """The store has committed a log of `size` entries: so does the file now, if it can. `sections`: what is `handed`."""
        if self._is_over or self._work is None or self._following != size + 1 or self.handed != (sections is not None):
            self.drop()
            return
        self._hand_over()
        self._close(End.of(ended, sections))

    def drop(self) -> None:
        """Nothing of it counts."""
        if not self._is_over:
            self._close(None)

    def _hand_over(self) -> None:
        if self._work is None:
            command = (*COMMAND, str(self._file.path), self.feed.hex(), str(self.first), "handed" if self.handed else "")
            self._work = self._file.reserve(_pass_on, command, self._queue)
        for at in range(0, len(self._gathered), BATCH):
            self._queue.put(self._gathered[at : at + BATCH])
        self._gathered = []

    def _close(self, last: End | None) -> None:
        self._is_over, self._gathered = True, []
        if self._work is None:
            return
        self._queue.put(last)
        try:
            self._work.result()
        except _Failed as error:
            log.warning("the catalog file did not go along with what was signed, and follows: %s", error)
        except Exception as error:  # what is signed does not hang on it
            log.warning("the catalog file did not go along with what was signed, and follows", exc_info=error)


def _pass_on(command: Sequence[str], queue: "Queue[_Some | End | None]") -> None:
    """Start the process and give it what comes, until the end is told; then wait for its word. For the file's writer thread, which writes
    nothing meanwhile. Raises _Failed; whoever hands over is never held up.
    """
    some: _Some | End | None = []
    try:
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        # In a session of its own: what a terminal sends to the node is the node's to hear.
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nothing, start_new_session=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            with suppress(BrokenPipeError):  # it ended: why, it has said
                while isinstance(some := queue.get(), list):
                    process.stdin.write(framed(some))
                if some is not None:
                    process.stdin.write(framed(some))
            with suppress(BrokenPipeError):
                process.stdin.close()
            said = process.stdout.read()
        if some is not None and (process.returncode or isinstance(some, list)):
            raise _Failed(said.decode(errors="replace") or f"it ended with {process.returncode}")
    except OSError as error:
        raise _Failed(str(error)) from error
    finally:
        while isinstance(some, list):
            some = queue.get()
