"""The command line's way to a node, when the node is not what it should be. The socket is real."""

import io
import socket
import threading
from contextlib import contextmanager

import pytest

from node.cli.client import Client
from node.errors import Unavailable, UserError


def test_a_node_that_is_not_there(tmp_path):
    with pytest.raises(Unavailable) as caught:
        Client(tmp_path).get("/status")
    assert caught.value.code == "not-running"


@contextmanager
def answering(folder, answer):
    """A node that reads the beginning of one call, says this, and is gone."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(folder / "node.sock"))
        listener.listen()

        def end():
            with listener.accept()[0] as connection:
                connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=end)
        thread.start()
        yield
        thread.join()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", b"what?\r\n\r\n"])
def test_a_node_that_ends_in_the_middle_of_a_call(tmp_path, answer):
    with answering(tmp_path, answer), pytest.raises(Unavailable) as caught:
        Client(tmp_path).get("/status")
    assert caught.value.code == "call-broken"


def test_why_a_file_is_refused_is_read_though_it_was_not_sent_whole(tmp_path):
    said = b'{"detail": "It has zero bytes.", "code": "file-encoding"}'
    answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%s" % (len(said), said)
    with answering(tmp_path, answer), pytest.raises(UserError) as caught:
        Client(tmp_path).upload("/catalog/import", io.BytesIO(bytes(8_000_000)), name="zeros.csv")
    assert (caught.value.code, str(caught.value)) == ("file-encoding", "It has zero bytes.")
