"""Whatever record the protocol has is among those that the battery `decoder` reads; one that is left out is noticed."""

import re
from pathlib import Path

import pytest

from protocol.codec import from_bytes
from protocol.errors import ProtocolError
from protocol.messages import KINDS
from tests.battery import decoded_records
from tests.battery.decoded_records import readers, record_types, sample

PAGES = Path(__file__).parents[2] / "docs" / "protocol"
TABLE = re.compile(r"`([A-Z]\w+)`[^\n]*\n\n\| key \| field \|")


def missing(known):
    """Records that the pages or the kinds of messages name, and the battery doesn't read."""
    named = {name for page in PAGES.glob("*.md") for name in TABLE.findall(page.read_text("utf-8"))}
    assert len(named) > 60
    return (named | {kind.record.__name__ for kind in KINDS.values()}) - set(known)


def test_every_record_of_the_pages_is_read():
    assert missing(record_types()) == set()


@pytest.mark.parametrize("name", ["Manifest", "Page", "Heads", "Anchorer", "Performance", "Media", "PartProof", "Hop"])
def test_control_one_that_is_left_out_is_noticed(monkeypatch, name):
    genuine = decoded_records.record_types()
    monkeypatch.setattr(decoded_records, "record_types", lambda: {key: cls for key, cls in genuine.items() if key != name})
    assert missing(decoded_records.record_types()) == {name}


def test_samples_reach_the_records():
    """Most of them are taken, so that a change to one is a change to something that was right."""
    taken = 0
    for cls in record_types().values():
        try:
            from_bytes(cls, sample(cls))
        except ProtocolError:
            continue
        taken += 1
    assert taken > len(record_types()) / 2


def test_readers_of_catalogs_have_inputs_that_they_take():
    for name, read, corpus in readers():
        assert corpus, name
        taken = 0
        for data in corpus:
            try:
                read(data)
            except ProtocolError:
                continue
            taken += 1
        assert taken or name in ("pack", "proof", "picture"), name
