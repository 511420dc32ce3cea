"""Files on their way into the store: how far each is, stopped when the person says so. What is done with one, its own module says."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from node.errors import NodeError, Unavailable, UserError
from node.model.staged import require_size

_MOST_FAILURES = 8
_T = TypeVar("_T")


class Source(Protocol):
    """What can be read forward once."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""


class Transactions(Protocol):
    """The store, for a thread."""

    def read_now(self, run: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
        """Run on a snapshot."""

    def write_now(self, run: Callable[..., Any], /, *args: Any, **named: Any) -> Any:
        """Run in one transaction."""


@dataclass(frozen=True, slots=True)
class ProgressView:
    """How far a file is. phase: reading (bytes), mapping, matching, writing (rows), or "" when it rests. `total` 0: unknown."""

    phase: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class FailureView:
    """A file that was given up, and why."""

    name: str
    code: str
    reason: str


class Run:
    """One file under way."""

    def __init__(self, phase: str, total: int) -> None:
        self.phase, self.done, self.total = phase, 0, total
        self.stopped = False

    def tell(self, done: int, total: int | None = None) -> None:
        """It is so far. Raises UserError `import-stopped` once it is to stop."""
        if self.phase == "reading":
            require_size(done)
        self.done = done
        self.total = self.total if total is None else total
        if self.stopped:
            raise UserError("Stopped. Nothing of the file was kept.", code="import-stopped")

    def turn(self, phase: str, total: int = 0) -> None:
        """Begin the next phase."""
        self.phase, self.total = phase, total
        self.tell(0)


class Runs:
    """The files of one kind that are under way in one open vault. Each is worked on by one thread; the event loop does nothing."""

    def __init__(self) -> None:
        self._runs: dict[bytes, Run] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self.failures: deque[FailureView] = deque(maxlen=_MOST_FAILURES)
        """Files that were given up while nobody waited for them; the page shows and empties it."""

    def progress(self, staged: bytes) -> ProgressView:
        """How far a file is."""
        run = self._runs.get(staged)
        return ProgressView(run.phase, run.done, run.total) if run else ProgressView("", 0, 0)

    async def stop(self, staged: bytes) -> None:
        """Stop what is under way with a file and put it aside. One that is being written stays: nothing of it is written then."""
        run = self._runs.get(staged)
        if run is not None:
            run.stopped = True
        if run is None or run.phase != "writing":
            await asyncio.to_thread(self._drop, staged)

    def stop_all(self) -> None:
        """The vault closes: whatever is under way ends at its next step."""
        for run in self._runs.values():
            run.stopped = True

    def background(self, work: Coroutine[Any, Any, _T], name: str) -> "asyncio.Task[_T]":
        """Go on with `work` though nobody waits; if it fails then, it is told on the page under `name`."""
        task = asyncio.create_task(work)
        self._tasks.add(task)

        def ended(done: "asyncio.Task[_T]") -> None:
            self._tasks.discard(done)
            error = None if done.cancelled() else done.exception()
            if isinstance(error, NodeError) and error.code != "import-stopped":
                self.failures.append(FailureView(name, error.code, str(error)))

        task.add_done_callback(ended)
        return task

    def _begin(self, staged: bytes, phase: str) -> Run:
        run = Run(phase, 0)
        if self._runs.setdefault(staged, run) is not run:
            raise Unavailable("Something is being done with this file already. Wait until it is done.", code="import-busy")
        return run

    def _drop(self, staged: bytes) -> None:
        """Erase what waits of a file."""
        raise NotImplementedError
