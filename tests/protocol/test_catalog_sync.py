"""The messages of syncing: what fits a page, and a whole session as bytes, cut at every point."""

from itertools import islice
from random import Random

import pytest
from parts import NOW, Key, named

from protocol import catalog_sync as m
from protocol.codec import to_bytes
from protocol.errors import Malformed, ProtocolError
from protocol.kinds import Topic
from protocol.log import Checkpoint, sign_checkpoint
from protocol.messages import pack, unpack
from protocol.operations import Noun
from protocol.rows import Row

LUMEN, FEED = Key("lumen"), named("feed")
HEAD = sign_checkpoint(LUMEN, Checkpoint(FEED, 10_000, named("root"), named("state"), NOW)).raw
ROWS = [Row(seq, Noun.PRODUCT, f"p{seq}", Random(seq).randbytes(600)) for seq in range(1, 10_001)]


def test_pages_lead_from_the_first_row_to_the_last():
    since, found = 0, []
    for _ in range(20):
        answer = m.page(HEAD, 10_000, [bytes(32)] * 20, (row for row in ROWS if row.seq > since))
        assert len(pack(answer)) < (1 << 20) - 64
        found += answer.read(since)
        if not answer.more(since, 10_000):
            break
        since = answer.upto
    assert found == ROWS


def test_a_page_of_nothing_is_the_last():
    answer = m.page(HEAD, 10_000, (), ())
    assert (list(answer.read(9_000)), answer.upto, answer.more(9_000, 10_000)) == ([], 10_000, False)


def test_nothing_changed_costs_next_to_nothing():
    question = pack(m.SinceRequest(FEED, 2**40, 2**40, head=bytes(32)))
    assert len(question) + len(pack(m.Unchanged())) < 200


def test_a_thousand_changes_cost_less_than_their_records():
    changed = list(islice(ROWS, 1_000))
    answer = pack(m.page(HEAD, 10_000, [bytes(32)] * 20, changed))
    assert len(answer) < sum(len(row.record) for row in changed) + 20_000


def test_entries_are_only_those_asked_for():
    from protocol.rows import pressed

    answer = m.Entries(HEAD, pressed(ROWS[:3]), 3)
    assert list(answer.read([1, 2, 3])) == ROWS[:3]
    for asked in ([1, 2], [2, 3, 4]):
        with pytest.raises(Malformed) as caught:
            list(answer.read(asked))
        assert caught.value.code == "bad-page"
    with pytest.raises(Malformed):
        list(m.Entries(HEAD, pressed(ROWS[:1] * 2), 1).read([1]))
    with pytest.raises(Malformed):
        list(m.Entries(HEAD, pressed(ROWS[:3]), 2).read([1, 2, 3]))


@pytest.mark.parametrize(
    "message",
    [
        m.SinceRequest(FEED, 5, 4, bytes(32)),
        m.Unchanged(),
        m.page(HEAD, 10_000, [bytes(32)], ROWS[:2]),
        m.ManifestRequest(FEED),
        m.PackRequest(FEED, bytes(32)),
        m.Pack(b"data"),
        m.RangesRequest(FEED, b"r"),
        m.Ranges(HEAD, b"r"),
        m.EntriesRequest(FEED, (1, 2)),
        m.Entries(HEAD, b"r", 2),
    ],
    ids=lambda message: type(message).__name__,
)
def test_each_message_comes_back_and_each_cut_of_it_is_refused(message):
    body = pack(message)
    assert unpack(Topic.CATALOG, body).record == message
    for end in range(len(body)):
        with pytest.raises(ProtocolError):
            unpack(Topic.CATALOG, body[:end])
    with pytest.raises(ProtocolError):
        unpack(Topic.ORDER, body)
    assert to_bytes(message)
