"""Proofs of two histories: kept, told, handed on and checked by anybody; what proves nothing is refused."""

import pytest

from node.errors import NotFound, UserError
from node.services import evidence
from protocol.envelope import sign
from protocol.log import CHECKPOINT, Checkpoint, sign_checkpoint

LOG = b"\x0a" * 32


def head(node, size=7, root=b"\x01", state=b"\x02", time=1_700_000_000_000):
    return sign_checkpoint(node.keys.device, Checkpoint(LOG, size, root * 32, state * 32, time)).raw


def found(shop, first, second):
    shop.ana.write(evidence.keep, evidence.Contradiction("two", identity=shop.lumen.identity, first=first, second=second))
    [row] = shop.ana.read(evidence.list_evidence)
    return row


def check(node, first, second):
    return node.read(evidence.check_evidence, first=first.hex(), second=second.hex())


@pytest.mark.parametrize("changed", [{"root": b"\x03"}, {"state": b"\x03"}])
def test_two_heads_of_one_size_are_a_proof_that_anybody_checks(shop, changed):
    one, other = head(shop.lumen), head(shop.lumen, **changed)
    row = found(shop, one, other)
    kept = shop.ana.read(evidence.get_evidence, evidence=bytes.fromhex(row.id))
    seen = shop.ben.read(evidence.check_evidence, first=kept.first, second=kept.second)
    assert (seen.type, seen.log, seen.seq, seen.name) == (CHECKPOINT, LOG.hex(), 7, "lumen")
    assert {found.root for found in seen.heads} | {found.state for found in seen.heads} >= {(b"\x01" * 32).hex(), (b"\x02" * 32).hex()}
    with pytest.raises(NotFound):
        shop.ana.read(evidence.get_evidence, evidence=bytes(32))


def test_records_at_one_place_and_one_that_follows_another_are_proofs(shop):
    def entry(seq, prev=bytes(32), body=1, type_="order.entry"):
        return sign(shop.lumen.keys.device, type_, {0: body}, created=1, log=LOG, seq=seq, prev=prev)

    first = entry(1)
    assert check(shop.ana, first.raw, entry(1, body=2).raw).seq == 1
    assert check(shop.ana, first.raw, entry(1, type_="grant.revoked").raw).heads == ()
    assert check(shop.ana, entry(2, prev=bytes(32)).raw, first.raw).seq == 2
    with pytest.raises(UserError) as refused:
        check(shop.ana, first.raw, entry(2, prev=first.id).raw)
    assert refused.value.code == "bad-proof"


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ("same", "both are the same one"),
        ("later", "both can be true"),
        ("by another", "two devices signed them"),
        ("another time", "both can be true"),
        ("of another", "about two things"),
        ("altered", "the second was altered"),
        ("cut", "the second was altered, or is not whole"),
        ("nothing", "the second was altered, or is not whole"),
        ("outside a log", "about two things"),
    ],
)
def test_what_proves_nothing_is_refused_and_says_why(shop, other, said):
    one = head(shop.lumen)
    second = {
        "same": one,
        "later": head(shop.lumen, size=8, root=b"\x03"),
        "by another": head(shop.ben, root=b"\x03"),
        "another time": head(shop.lumen, time=1_700_000_000_001),
        "of another": sign_checkpoint(shop.lumen.keys.device, Checkpoint(b"\x0b" * 32, 7, b"\x03" * 32, b"\x02" * 32, 1)).raw,
        "altered": head(shop.lumen, root=b"\x03")[:-1] + bytes([head(shop.lumen, root=b"\x03")[-1] ^ 1]),
        "cut": head(shop.lumen, root=b"\x03")[:-1],
        "nothing": b"",
        "outside a log": sign(shop.lumen.keys.device, "plan", {0: 1}, created=1).raw,
    }[other]
    with pytest.raises(UserError, match=said) as refused:
        check(shop.ana, one, second)
    assert refused.value.code == "bad-proof"
    with pytest.raises(UserError, match="damaged"):
        shop.ana.read(evidence.check_evidence, first="zz", second="")


def test_the_head_of_a_catalog_that_is_followed_contradicts_another_and_not_itself(shop):
    """Control: the head it has already proves nothing."""
    [row] = shop.ana.read(lambda unit: unit.catalog.feeds())
    forked = Checkpoint(row.feed, row.size, b"\x09" * 32, row.state.digest, shop.world.clock.now)
    checked = check(shop.ben, row.checkpoint, sign_checkpoint(shop.lumen.keys.device, forked).raw)
    assert checked.name == "lumen"
    with pytest.raises(UserError):
        check(shop.ben, row.checkpoint, row.checkpoint)
