"""asyncio on one side, trio in a thread of its own on the other. It moves calls, results and cancellation, no meaning.

Whoever waits on either side gets an answer, also when the other side dies: no future is ever left behind.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Generic, TypeAlias, TypeVar

import outcome
import trio

from node.errors import Unavailable

logger = logging.getLogger(__name__)

T = TypeVar("T")
S = TypeVar("S")
_Result: TypeAlias = outcome.Value[T] | outcome.Error
JOIN_SECONDS = 1.0


class Bridge(Generic[S]):
    """One run of a service under trio. `service` is built and entered inside the thread."""

    def __init__(self, service: Callable[["Bridge[S]"], AbstractAsyncContextManager[S]]) -> None:
        self._loop = asyncio.get_running_loop()
        self._service = service
        self._up: asyncio.Future[S] = self._loop.create_future()
        self.down: asyncio.Future[BaseException | None] = self._loop.create_future()
        """Done when the thread has ended, with what ended it."""
        self._waiting: set[asyncio.Future[Any]] = set()
        self._token: trio.lowlevel.TrioToken | None = None
        self._nursery: trio.Nursery | None = None
        self._stopping = trio.CancelScope()
        self._thread = threading.Thread(target=self._body, name="gemstra-net", daemon=True)

    # -- asyncio side

    async def start(self, seconds: float) -> S:
        """Start the thread and wait for the service. Raises what its start raised, or Unavailable `net-start`."""
        self._thread.start()
        try:
            return await asyncio.wait_for(asyncio.shield(self._up), seconds)
        except TimeoutError:
            self._up.add_done_callback(_heard)
            await self.stop(0)
            raise Unavailable(f"the network did not start within {seconds:g} s", code="net-start") from None

    async def stop(self, seconds: float) -> None:
        """Leave the service and wait for the thread at most so long. A thread that hangs is left to die with us."""
        if self._token is not None:
            with suppress(trio.RunFinishedError):
                self._token.run_sync_soon(self._leave)
        else:
            self._stopping.cancel()
        done, _ = await asyncio.wait([self.down], timeout=seconds)
        if done:
            await asyncio.to_thread(self._thread.join, JOIN_SECONDS)
        elif seconds:
            logger.error("the network thread did not end within %g s", seconds)

    async def call(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Run an async function under trio. Cancelling this cancels that. Raises Unavailable `net-down` if trio is gone."""
        scope = trio.CancelScope()
        future: asyncio.Future[T] = self._loop.create_future()
        self._waiting.add(future)
        token = self._token
        try:
            if token is None:
                raise trio.RunFinishedError
            token.run_sync_soon(self._spawn, function, args, scope, future)
            return await future
        except trio.RunFinishedError:
            raise Unavailable("the network is not running", code="net-down") from None
        except asyncio.CancelledError:
            if token is not None:
                with suppress(trio.RunFinishedError):
                    token.run_sync_soon(scope.cancel)
            raise
        finally:
            self._waiting.discard(future)

    def _settle(self, future: asyncio.Future[Any], result: _Result[Any]) -> None:
        if future.done():
            return
        if isinstance(result, outcome.Error):
            future.set_exception(result.error)
        else:
            future.set_result(result.unwrap())

    def _ended(self, error: BaseException | None) -> None:
        gone = Unavailable("the network is not running", code="net-down")
        for future in tuple(self._waiting):
            self._settle(future, outcome.Error(gone))
        self._settle(self._up, outcome.Error(error or gone))
        self._up.add_done_callback(_heard)
        self._settle(self.down, outcome.Value(error))

    # -- trio side

    async def back(self, function: Callable[..., Awaitable[T]], *args: Any) -> T:
        """Run an async function under asyncio, from trio. Cancelling this cancels that."""
        finished = trio.Event()
        token = trio.lowlevel.current_trio_token()
        results: list[_Result[T]] = []
        tasks: list[asyncio.Task[None]] = []

        async def run() -> None:
            result: _Result[T]
            try:
                result = outcome.Value(await function(*args))
            except Exception as error:  # noqa: BLE001  it is raised again on the other side
                result = outcome.Error(error)
            except asyncio.CancelledError:
                result = outcome.Error(Unavailable("the node is stopping", code="unavailable"))
            results.append(result)
            with suppress(trio.RunFinishedError):
                token.run_sync_soon(finished.set)

        self.post(lambda: tasks.append(self._loop.create_task(run())))
        try:
            await finished.wait()
        except trio.Cancelled:
            self.post(lambda: tasks and tasks[0].cancel())
            raise
        return results[0].unwrap()

    def post(self, function: Callable[[], object]) -> None:
        """Call something in the asyncio loop, from trio. Lost if that loop has ended."""
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            logger.debug("the loop has ended")

    def _body(self) -> None:
        error: BaseException | None = None
        try:
            trio.run(self._main)
        except BaseException as caught:  # noqa: BLE001  the thread's last words; the app decides
            error = caught
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]  # nurseries wrap what went wrong in one of their tasks
        self.post(lambda: self._ended(error))

    async def _main(self) -> None:
        self._token = trio.lowlevel.current_trio_token()
        with self._stopping:
            async with self._service(self) as service, trio.open_nursery() as nursery:
                self._nursery = nursery
                self.post(lambda: self._settle(self._up, outcome.Value(service)))
                try:
                    await trio.sleep_forever()
                finally:
                    self._nursery = None

    def _leave(self) -> None:
        """End the calls under way and leave the service in order; a service that is still starting is cancelled."""
        (self._stopping if self._nursery is None else self._nursery.cancel_scope).cancel()

    def _spawn(
        self,
        function: Callable[..., Awaitable[T]],
        args: tuple[Any, ...],
        scope: trio.CancelScope,
        future: asyncio.Future[T],
    ) -> None:
        async def run() -> None:
            result: _Result[T] = outcome.Error(Unavailable("the network is stopping", code="net-down"))
            try:
                with scope:
                    try:
                        result = outcome.Value(await function(*args))
                    except Exception as error:  # noqa: BLE001  it is raised again on the other side
                        result = outcome.Error(error)
            finally:
                self.post(lambda: self._settle(future, result))

        if self._nursery is None:
            self.post(lambda: self._settle(future, outcome.Error(Unavailable("not running", code="net-down"))))
        else:
            self._nursery.start_soon(run)


def _heard(future: asyncio.Future[Any]) -> None:
    """Take note of an exception nobody awaits, so that asyncio does not complain."""
    if not future.cancelled():
        future.exception()
