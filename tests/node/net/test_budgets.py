"""Spending and back-off by the clock, without a network."""

from node.net.budgets import FORGET_SECONDS, MAX_BACKOFF_SECONDS, MAX_REMEMBERED, Account, Bucket, Conduct
from node.net.config import Budget


def test_a_bucket_refills_evenly_and_never_above_its_size():
    bucket = Bucket(60, 60, 0)
    assert bucket.take(60, 0)
    assert not bucket.take(1, 0.5)
    assert bucket.take(1, 1)
    assert not bucket.take(61, 1000)
    assert bucket.take(60, 1000)
    assert not bucket.take(1, 1000)


def test_an_account_counts_requests_bytes_and_what_it_holds():
    account = Account(Budget(2, 100, 10, 10), 0)
    assert [account.take_request(0) for _ in range(3)] == [True, True, False]
    assert [account.take_bytes(60, 0) for _ in range(2)] == [True, False]
    assert [account.hold(6), account.hold(6)] == [True, False]
    account.release(6)
    assert account.hold(10)


def test_back_off_doubles_and_is_forgotten():
    conduct = Conduct(1.0)
    assert [conduct.breach("p", 0.0) for _ in range(4)] == [1, 2, 4, 8]
    assert conduct.is_out("p", 7.9)
    assert not conduct.is_out("p", 8)
    assert not conduct.is_out("other", 0)
    assert conduct.breach("p", FORGET_SECONDS + 1) == 1


def test_back_off_ends_at_ten_minutes():
    conduct = Conduct(1.0)
    for _ in range(100):
        last = conduct.breach("p", 0.0)
    assert last == MAX_BACKOFF_SECONDS


def test_the_memory_of_breaches_is_bounded():
    conduct = Conduct(1.0)
    for number in range(MAX_REMEMBERED + 5):
        conduct.breach(str(number), 0.0)
    assert len(conduct._records) == MAX_REMEMBERED
    assert not conduct.is_out("0", 0.0)
    assert conduct.is_out(str(MAX_REMEMBERED + 4), 0.0)
