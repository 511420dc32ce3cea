"""JSON-RPC over HTTP on loopback: who may ask, how much, and how errors are said."""

import json
import logging
import sqlite3
from typing import Any

from aiohttp import web

from node.chain.embedded.methods import Methods, RpcFailure
from node.chain.embedded.params import InvalidParams
from node.chain.embedded.pool import RefusedTransaction
from node.errors import IntegrityError

LARGEST_BODY = 1024 * 1024
"""Bytes of a request."""
LARGEST_BATCH = 100
MOST_BRACKETS = 2000
"""Lists and objects in one request, and so the deepest nesting."""
_log = logging.getLogger(__name__)


def application(methods: Methods, hosts: frozenset[str]) -> web.Application:
    """The app; `hosts` is filled with the names (with port) that requests may be addressed to.

    A page in a browser may reach loopback, by its own name that it rebinds or across origins: neither the name nor
    the content type of such a request passes, and nothing is answered that would let a page read.
    """

    async def answer(request: web.Request) -> web.Response:
        if request.host not in hosts:
            return web.Response(status=421, text="This server answers to its loopback address only.\n")
        if "Origin" in request.headers:
            return web.Response(status=403, text="No requests from web pages.\n")
        if request.content_type != "application/json":
            return web.Response(status=415, text="Send application/json.\n")
        return web.json_response(_parsed(methods, await request.read()))

    app = web.Application(client_max_size=LARGEST_BODY)
    app.router.add_post("/", answer)
    return app


def _parsed(methods: Methods, text: bytes) -> Any:
    # py-evm lifts Python's recursion limit: deep nesting would end the process instead of raising RecursionError.
    if text.count(b"[") + text.count(b"{") > MOST_BRACKETS:
        return _error(None, -32700, "parse error: too many lists or objects")
    try:
        body = json.loads(text)
    except ValueError:
        return _error(None, -32700, "parse error")
    return _reply(methods, body)


def _reply(methods: Methods, body: Any) -> Any:
    if not isinstance(body, list):
        return _one(methods, body)
    if not 1 <= len(body) <= LARGEST_BATCH:
        return _error(None, -32600, f"a batch holds 1 to {LARGEST_BATCH} requests")
    return [_one(methods, request) for request in body]


def _one(methods: Methods, request: Any) -> Any:
    if not isinstance(request, dict) or not isinstance(request.get("method"), str):
        return _error(None, -32600, "invalid request")
    key = request.get("id")
    params = request.get("params", [])
    if not isinstance(params, list):
        return _error(key, -32602, "params: a list is needed")
    try:
        return {"jsonrpc": "2.0", "id": key, "result": methods.call(request["method"], params)}
    except RpcFailure as failure:
        return _error(key, failure.code, str(failure), failure.detail)
    except InvalidParams as failure:
        return _error(key, -32602, str(failure))
    except RefusedTransaction as failure:
        return _error(key, -32000, str(failure))
    except IntegrityError as failure:
        return _error(key, -32603, str(failure))
    except sqlite3.Error as failure:
        # A full or failing disk: nothing was committed, so nothing is acknowledged; the next request tries afresh.
        _log.error("storage failed: %s", failure)
        return _error(key, -32603, f"the chain cannot write its file ({failure}); free space on its disk and try again")


def _error(key: Any, code: int, message: str, detail: str | None = None) -> dict[str, Any]:
    error: dict[str, Any] = {"code": code, "message": message}
    if detail is not None:
        error["data"] = detail
    return {"jsonrpc": "2.0", "id": key, "error": error}
