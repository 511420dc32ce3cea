import pytest

from node.errors import ConflictError, NotFound
from node.store.outbox import LAST_RETRY_MS, PER_PEER, retry_pause

A, B, C = (bytes([n]) * 32 for n in (1, 2, 3))
MINUTE = 60_000


def add(store, *ids, peer="p", **more):
    for name in ids:
        store.write_now(lambda unit, name=name: unit.outbox.add(name, peer, "orders", b"body" + name[:1], **more))


def do(store, name, *args):
    return store.write_now(lambda unit: getattr(unit.outbox, name)(*args))


def due(store):
    return [row.id for row in store.read_now(lambda unit: unit.outbox.due())]


def test_added_twice_is_one_message(store):
    add(store, A)
    add(store, A)
    assert due(store) == [A]


def test_one_id_for_two_messages_is_refused(store):
    add(store, A)
    with pytest.raises(ConflictError) as caught:
        add(store, A, peer="other")
    assert caught.value.code == "id-reused"


def test_it_goes_with_its_transaction(store):
    def fail(unit):
        unit.outbox.add(A, "p", "t", b"")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write_now(fail)
    assert due(store) == []


def test_sent_comes_again_until_it_is_answered(store, clock):
    add(store, A)
    do(store, "sent", A)
    assert due(store) == []
    clock.now += 2 * MINUTE
    assert due(store) == [A]
    do(store, "acked", A, b"yes")
    clock.now += LAST_RETRY_MS * 2
    assert due(store) == []
    row = store.read_now(lambda unit: unit.outbox.get(A))
    assert (row.state, row.reply, row.attempts) == ("accepted", b"yes", 1)


def test_a_peers_messages_keep_their_order_over_a_retry_and_others_go_on(store, clock):
    add(store, A, B)
    add(store, C, peer="q")
    assert due(store) == [A, B, C]
    do(store, "retry", A, "unavailable")
    assert due(store) == [C]
    clock.now += 2 * MINUTE
    assert due(store) == [A, B, C]
    do(store, "refused", A, "expired")
    assert due(store) == [B, C]


def test_a_peer_with_much_waiting_holds_up_nobody(store):
    many = [bytes([7, number]) * 16 for number in range(PER_PEER * 3)]
    add(store, *many)
    add(store, A, peer="q")
    assert due(store) == [*many[:PER_PEER], A]
    assert [row.id for row in store.read_now(lambda unit: unit.outbox.due(5))] == many[:5]


def test_a_peer_that_is_back_gets_everything_at_once_but_nothing_before_its_time(store, clock):
    add(store, A)
    add(store, B, not_before=clock.now + 5 * MINUTE)
    for _ in range(6):
        do(store, "retry", A)
    assert due(store) == []
    assert do(store, "wake", "other") == 0
    assert do(store, "wake", "p") == 1
    assert due(store) == [A]


def test_the_next_look_is_when_the_first_comes_due(store, clock):
    assert store.read_now(lambda unit: unit.outbox.next_due()) is None
    add(store, A)
    assert store.read_now(lambda unit: unit.outbox.next_due()) == clock.now
    add(store, B)  # waits behind A, so it calls for no earlier look
    do(store, "retry", A)
    assert clock.now + 45_000 <= store.read_now(lambda unit: unit.outbox.next_due()) < clock.now + MINUTE


@pytest.mark.parametrize("random", [b"\0\0", b"\x80\0", b"\xff\xff"])
def test_pauses_double_from_a_minute_to_two_hours(random):
    pauses = [retry_pause(attempt, random) for attempt in range(1, 200)]
    for attempt, pause in enumerate(pauses):
        full = min(MINUTE << attempt, LAST_RETRY_MS)
        assert full * 3 // 4 <= pause <= full


def test_about_shows_what_concerns_one_thing(store):
    add(store, A, B, about=("order", C))
    add(store, C, about=("order", A))
    assert [row.id for row in store.read_now(lambda unit: unit.outbox.about("order", C))] == [A, B]
    assert [row.id for row in store.read_now(lambda unit: unit.outbox.open("p"))] == [A, B, C]


def test_only_what_never_left_is_withdrawn(store):
    add(store, A, B)
    do(store, "sent", A)
    assert (do(store, "withdraw", A), do(store, "withdraw", B)) == (False, True)


def test_the_states_of_the_road(store, clock):
    add(store, A, B)
    do(store, "stored", A)
    do(store, "received", B)
    states = [store.read_now(lambda unit, name=name: unit.outbox.get(name).state) for name in (A, B)]
    assert states == ["stored", "received"]
    clock.now += LAST_RETRY_MS
    assert due(store) == [A]


def test_an_answer_after_the_answer_changes_nothing(store):
    add(store, A)
    do(store, "acked", A, b"yes")
    do(store, "refused", A, "late")
    do(store, "retry", A)
    assert store.read_now(lambda unit: unit.outbox.get(A)).state == "accepted"
    with pytest.raises(NotFound):
        do(store, "acked", B, b"")


def test_answered_messages_are_erased_after_their_time(store, clock):
    add(store, A, B)
    do(store, "acked", A, b"")
    assert do(store, "prune", clock.now) == 0
    assert do(store, "prune", clock.now + 1) == 1
    assert due(store) == [B]
