"""Servers that targets are tested against: real ones in processes of their own, and one that answers from a script, wrongly."""

import json
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from node.model.target import Description, Kind
from tests.node.targets.dav_server import SECRET, USER

HERE = Path(__file__).parent


def inside(folder):
    """The names in a folder."""
    return sorted(path.name for path in folder.iterdir())


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@dataclass
class Dav:
    """One WebDAV server over `folder`."""

    folder: Path
    scheme: str = "basic"
    limit: int = 0
    port: int = 0
    process: subprocess.Popen | None = None

    def start(self):
        self.port = self.port or free_port()
        program = [sys.executable, HERE / "dav_server.py", self.folder, str(self.port), self.scheme, str(self.limit)]
        self.process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(self.process.stdout.readline())
        return self

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(10)
        self.process.stdout.close()

    def description(self, path="/backups", **changed):
        given = {"where": f"http://127.0.0.1:{self.port}{path}", "user": USER, "secret": SECRET, "marker": "a" * 16}
        return Description(Kind.WEBDAV, **(given | changed))


@contextmanager
def dav(folder, **options):
    server = Dav(folder, **options).start()
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.end()


@contextmanager
def s3():
    program = [sys.executable, HERE / "s3_server.py"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        told = json.loads(process.stdout.readline())
        try:
            yield Description(Kind.S3, f"http://127.0.0.1:{told['port']}", told["key"], told["secret"], "backups", "us-east-1", "desk/ana")
        finally:
            process.terminate()


@dataclass
class Scripted:
    """Answers each request with the next of `answers`, byte for byte, and ends the connection; None hangs until the test is over."""

    answers: list
    seen: list = field(default_factory=list)
    port: int = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/dav"


@contextmanager
def scripted(*answers):
    script = Scripted(list(answers))
    over = threading.Event()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        script.port = listener.getsockname()[1]

        def serve():
            with suppress(OSError):
                while not over.is_set():
                    connection, _ = listener.accept()
                    with connection:
                        connection.settimeout(5)
                        with suppress(OSError):
                            answer_one(script, connection, over)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield script
        finally:
            over.set()
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", script.port), 1).close()
            thread.join(10)


def answer_one(script, connection, over):
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(1 << 16)
        if not piece:
            return
        head += piece
    script.seen.append(head)
    answer = script.answers.pop(0) if script.answers else b""
    if answer is None:
        over.wait(10)
        return
    connection.sendall(answer)


def answer(status, body=b"", length=None, **headers):
    """The bytes of an answer; `length` may lie."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
