"""The command line's way to a node, when the node is not what it should be. The socket is real."""

import socket
import threading

import pytest

from node.cli.client import Client
from node.errors import Unavailable


def test_a_node_that_is_not_there(tmp_path):
    with pytest.raises(Unavailable) as caught:
        Client(tmp_path).get("/status")
    assert caught.value.code == "not-running"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", b"what?\r\n\r\n"])
def test_a_node_that_ends_in_the_middle_of_a_call(tmp_path, answer):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(tmp_path / "node.sock"))
        listener.listen()

        def end():
            with listener.accept()[0] as connection:
                connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=end)
        thread.start()
        with pytest.raises(Unavailable) as caught:
            Client(tmp_path).get("/status")
        thread.join()
    assert caught.value.code == "call-broken"
