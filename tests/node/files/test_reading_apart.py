"""A large file is read by a process of its own, and says the same as where it is read here."""

import io
import os
import signal
import subprocess
import sys
from threading import Event

import pytest

from node.errors import UserError
from node.files import reading_apart
from node.files.products import open_products
from node.files.reading_apart import OpenApart, open_file
from tests.node.files.test_every_fault import WRITERS, written

NOW = 1_800_000_000_000
GOODS = [("S1", "Soap", "5.00"), ("S2", "Balm", "-1"), ("S3", "Oil", "7.00")]


@pytest.fixture(autouse=True)
def apart(monkeypatch):
    monkeypatch.setattr(reading_apart, "LARGE", 1)


def read(opened, data, name="shop.csv"):
    """All that a file says."""
    source = data if hasattr(data, "read") else io.BytesIO(data)
    with opened(source, name=name, currency="USD", now_ms=NOW) as found:
        rows = list(found.originals() if found.header else found.entries())
        return type(found), (found.name, found.dialect, found.currency, tuple(found.header), tuple(found.guess), rows)


@pytest.mark.parametrize("form", WRITERS)
def test_every_form_says_the_same(form):
    data = written(form, *GOODS)
    kind, found = read(open_file, data)
    assert kind is OpenApart
    assert found[-1]
    assert found == read(open_products, data)[1]


def test_more_rows_than_come_at_once_stay_in_order():
    data = written("shopify", *((f"S{number}", "Soap", "5.00") for number in range(1_300)))
    assert read(open_file, data)[1] == read(open_products, data)[1]


@pytest.mark.parametrize(
    "data",
    [
        b"Order Number,Order Status\n1,done\n",
        b"Handle,Title,Variant Image\na,b,c\n",
        b"Handle,Title,Variant SKU,Variant Price\n",
        b"PK\x03\x04 a spreadsheet",
        b" \n",
    ],
)
def test_what_is_wrong_with_a_file_is_said_the_same(data):
    def refused(opened):
        with pytest.raises(UserError) as error:
            read(opened, data)
        return error.value.code, str(error.value)

    assert refused(open_file) == refused(open_products)


def test_a_small_file_needs_no_process(monkeypatch):
    monkeypatch.setattr(reading_apart, "LARGE", 1 << 20)
    monkeypatch.setattr(reading_apart, "COMMAND", ("/nonexistent/python",))
    data = written("shopify", *GOODS)
    assert read(open_file, data) == read(open_products, data)


@pytest.mark.parametrize("code", ["import sys; sys.exit(3)", "import os, sys; sys.stdin.buffer.read(100); os.kill(os.getpid(), 9)"])
def test_a_process_that_dies_is_said(monkeypatch, code):
    monkeypatch.setattr(reading_apart, "COMMAND", (sys.executable, "-c", code))
    with pytest.raises(UserError) as refused:
        read(open_file, written("shopify", *GOODS))
    assert refused.value.code == "file-broken"


class Broken(io.BytesIO):
    """An upload that breaks off: what came is no whole file."""

    error = ConnectionResetError

    def read(self, size=-1, /):
        found = super().read(min(size, 40))
        if not found:
            raise self.error("gone")
        return found


@pytest.mark.parametrize("error", [ConnectionResetError, BrokenPipeError])
def test_an_upload_that_breaks_off_is_not_taken_for_a_whole_file(monkeypatch, error):
    monkeypatch.setattr(Broken, "error", error)
    with pytest.raises(error):
        read(open_file, Broken(written("shopify", *GOODS)))


def test_where_no_process_can_be_started_the_node_reads(monkeypatch):
    monkeypatch.setattr(reading_apart, "COMMAND", ("/nonexistent/python",))
    data = written("shopify", *((f"S{number}", "Soap", "5.00") for number in range(1_300)))
    assert read(open_file, data) == read(open_products, data)


def test_what_a_terminal_sends_to_the_node_does_not_reach_it(monkeypatch):
    said = "import os; from node.files.reader_process import Failed, _say; _say(Failed('said', str(os.getpgid(0))))"
    monkeypatch.setattr(reading_apart, "COMMAND", (sys.executable, "-c", said))
    with pytest.raises(UserError) as refused:
        read(open_file, written("shopify", *GOODS))
    assert refused.value.code == "said"
    assert int(str(refused.value)) != os.getpgid(0)


class Halting(io.BytesIO):
    """A file whose later pieces come once they may."""

    def __init__(self, data) -> None:
        super().__init__(data)
        self.may = Event()

    def read(self, size=-1, /):
        if self.tell():
            self.may.wait(60)
        return super().read(size)


def test_a_service_that_is_stopped_does_not_make_a_file_a_broken_one(monkeypatch):
    """Its manager tells each process to end."""
    started, popen = [], subprocess.Popen

    def start(*args, **named):
        started.append(popen(*args, **named))
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", start)
    data = written("shopify", *((f"S{number}", "Soap", "5.00") for number in range(3_000)))
    source = Halting(data)
    with open_file(source, name="shop.csv", currency="USD", now_ms=NOW) as found:
        started[0].send_signal(signal.SIGTERM)
        source.may.set()
        assert list(found.entries()) == read(open_products, data)[1][-1]


def test_it_stops_when_it_is_told_to():
    def told(done):
        raise UserError("Stopped.", code="import-stopped")

    def opened(source, **named):
        return open_file(source, progress=told, **named)

    with pytest.raises(UserError) as refused:
        read(opened, written("shopify", *GOODS))
    assert refused.value.code == "import-stopped"
