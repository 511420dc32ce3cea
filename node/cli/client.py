"""The command line's way to a running node: HTTP over the 0600 socket in its data folder, standard library only."""

import http.client
import json
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlencode

from node.errors import ConflictError, IntegrityError, Locked, NodeError, NotFound, Unavailable, UserError

PREFIX = "/api/v1"
_BY_STATUS: dict[int, type[NodeError]] = {404: NotFound, 409: ConflictError, 422: IntegrityError, 423: Locked, 503: Unavailable}


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Client:
    """Calls of one node's API. Raises the NodeError that the problem's code stands for; Unavailable `not-running` when nobody listens."""

    def __init__(self, data: Path, *, timeout: float = 60.0) -> None:
        self.data = data
        self._timeout = timeout

    def get(self, path: str, **query: Any) -> Any:
        """The JSON answer of a GET."""
        given = {name: value for name, value in query.items() if value is not None}
        return self._call("GET", path + ("?" + urlencode(given) if given else ""), None)

    def post(self, path: str, **body: Any) -> Any:
        """The JSON answer of a POST; sent under an idempotency key of its own."""
        return self._call("POST", path, json.dumps(body).encode(), {"Idempotency-Key": uuid.uuid4().hex})

    def post_once(self, path: str, **body: Any) -> Any:
        """A POST without an idempotency key: for what keeps no record of it, such as unlocking."""
        return self._call("POST", path, json.dumps(body).encode())

    def delete(self, path: str) -> Any:
        """The JSON answer of a DELETE."""
        return self._call("DELETE", path, None)

    def upload(self, path: str, source: BinaryIO, **query: Any) -> Any:
        """POST a file's bytes as they are read."""
        given = {name: value for name, value in query.items() if value is not None}
        return self._call("POST", f"{path}?{urlencode(given)}", source, {"Transfer-Encoding": "chunked"})

    def download(self, path: str, take: Callable[[bytes], object], **query: Any) -> None:
        """GET a file, piece by piece. Raises Unavailable `call-broken` where it ends before its end."""
        given = {name: value for name, value in query.items() if value}
        connection = _Connection(self.data / "node.sock", self._timeout)
        with self._reached(connection):
            connection.request("GET", f"{PREFIX}{path}?{urlencode(given)}")
            response = connection.getresponse()
            if response.status >= 400:
                raise _problem(response.status, response.read())
            while piece := response.read(1 << 16):
                take(piece)

    def until(self, test: Callable[[], Any], *, seconds: float, what: str) -> Any:
        """The first true answer of `test`, tried again at each change of the node. Raises Unavailable `timed-out`."""
        end = time.monotonic() + seconds
        if answer := test():
            return answer
        for _ in self._changes(end):
            if answer := test():
                return answer
        raise Unavailable(f"waited {seconds:g} s for {what}", code="timed-out")

    def _changes(self, end: float) -> Iterator[None]:
        while time.monotonic() < end:
            connection = _Connection(self.data / "node.sock", 2.0)
            try:
                connection.request("GET", PREFIX + "/events")
                response = connection.getresponse()
                while time.monotonic() < end and response.readline():
                    yield
            except TimeoutError:
                yield
            except OSError:
                time.sleep(0.1)
                yield
            finally:
                connection.close()

    def _call(self, method: str, path: str, body: bytes | BinaryIO | None, headers: dict[str, str] | None = None) -> Any:
        connection = _Connection(self.data / "node.sock", self._timeout)
        with self._reached(connection):
            chunked = (headers or {}).get("Transfer-Encoding") == "chunked"
            with suppress(BrokenPipeError, ConnectionResetError):  # a refused file is answered before it is sent whole: read why
                connection.request(method, PREFIX + path, body, headers or {}, encode_chunked=chunked)
            response = connection.getresponse()
            content = response.read()
        if response.status >= 400:
            raise _problem(response.status, content)
        return json.loads(content) if content else None

    @contextmanager
    def _reached(self, connection: _Connection) -> Iterator[None]:
        """What goes wrong on the way has a name; the connection is closed."""
        try:
            yield
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError) as error:
            message = f"No node is running on {self.data}. Start it with: gemstra --data {self.data} run"
            raise Unavailable(message, code="not-running") from error
        except TimeoutError as error:
            raise Unavailable("The node did not answer in time.", code="timed-out") from error
        except (ConnectionError, PermissionError, http.client.HTTPException) as error:
            raise Unavailable(f"The node on {self.data} ended the call ({error}). Its log says why.", code="call-broken") from error
        finally:
            connection.close()


def _problem(status: int, content: bytes) -> NodeError:
    try:
        shown = json.loads(content)
        return _BY_STATUS.get(status, UserError)(shown["detail"], code=shown["code"])
    except (ValueError, KeyError, TypeError):
        return UserError(f"The node failed with status {status}; its log says why.", code="internal")
