"""A `gemstra` at a node that answers on its socket, from a thread of its own: what tests of commands over the API begin with."""

import asyncio
import threading
from contextlib import contextmanager

import msgspec
from aiohttp import web
from typer.testing import CliRunner

from node.api.http import add_api
from node.cli.root import app


class Runtime:
    """The node's store behind the API, on a loop of its own."""

    def __init__(self, node) -> None:
        self.node = node

    def require_open(self):
        pass

    async def read(self, run, /, **arguments):
        return await self.node.store.read(run, **arguments)

    async def write(self, run, /, **arguments):
        return await self.node.store.write(run, **arguments)

    async def write_once(self, _operation, _body, _permanent, run, /, **arguments):
        return msgspec.json.encode(await self.node.store.write(run, **arguments))


@contextmanager
def serving(runtime, folder, routes):
    """What runs a command with these words, and asserts how it ends."""
    folder.mkdir()
    loop = asyncio.new_event_loop()

    async def serve():
        served = web.Application()
        add_api(served, runtime, routes)
        runner = web.AppRunner(served, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.UnixSite(runner, str(folder / "node.sock")).start()
        return runner

    def run(*words, code=0):
        done = CliRunner().invoke(app, ["--data", str(folder), *words])
        assert done.exit_code == code, done.output
        return done

    runner = loop.run_until_complete(serve())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield run
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
