"""A shipping profile or a return policy that offers name does not go: how many they are is said, and what to do."""

from dataclasses import replace

import pytest

from node.errors import ConflictError
from node.services import catalog, catalog_batches, drafts
from protocol.codec import from_bytes, to_bytes
from protocol.offer import Offer
from protocol.operations import Noun, put

from .test_drafts import POST, THIRTY, Desk


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    made.node.write(drafts.save_shipping, currency="USD", profile=POST)
    made.node.write(drafts.save_shipping, currency="USD", profile=replace(POST, name="post2"))
    made.node.write(drafts.save_returns, currency="USD", policy=THIRTY)
    made.publish()
    made.product()
    made.offer("soap-s", shipping_profile="post", returns="thirty days")
    made.offer("soap-l", shipping_profile="post")
    made.publish()
    yield made
    made.world.close()


def withdraw(desk, noun, name):
    return desk.node.write(drafts.withdraw, currency="USD", noun=noun, name=name)


def refused(run, *args):
    with pytest.raises(ConflictError) as caught:
        run(*args)
    assert caught.value.code == "profile-in-use"
    return str(caught.value)


def test_what_is_named_does_not_go_and_how_many_name_it_is_said(desk):
    assert "2 offers name the shipping profile 'post'" in refused(withdraw, desk, Noun.SHIPPING, "post")
    text = refused(withdraw, desk, Noun.RETURNS, "thirty days")
    assert "An offer names the return policy" in text
    assert "gemstra catalog change --returns OTHER" in text
    assert withdraw(desk, Noun.SHIPPING, "post2").changes  # the control: its name begins alike
    desk.publish()


def test_it_goes_once_its_offers_name_another_by_drafts_already(desk):
    desk.change("soap-s", shipping_profile="post2")
    assert "An offer names" in refused(withdraw, desk, Noun.SHIPPING, "post")
    desk.change("soap-l", shipping_profile="post2")
    withdraw(desk, Noun.SHIPPING, "post")
    desk.publish()
    assert [item.name for item in desk.node.read(drafts.list_shipping, currency="USD")] == ["post2"]
    desk.change("soap-s", shipping_profile="")
    assert "An offer names" in refused(withdraw, desk, Noun.SHIPPING, "post2")


def test_what_was_signed_meanwhile_is_seen_when_it_is_signed(desk):
    withdraw(desk, Noun.SHIPPING, "post2")
    raw = desk.node.read(drafts.signed, currency="USD", slot=(Noun.OFFER, "soap-s"))
    changed = replace(from_bytes(Offer, raw), shipping_profile="post2")
    desk.node.write(lambda unit: catalog.publish(unit, "USD", [put(changed)]))
    assert "An offer names the shipping profile 'post2'" in refused(desk.publish)
    desk.node.write(lambda unit: catalog.publish(unit, "USD", [put(from_bytes(Offer, raw))]))
    assert desk.publish().counts == {"withdrawn": 1}
    assert to_bytes(from_bytes(Offer, raw)) == raw


def test_a_batch_that_brought_it_is_not_taken_back_while_it_is_named(desk):
    second, first = [bytes.fromhex(row.id) for row in desk.node.read(catalog_batches.list_batches)]
    assert "name" in refused(desk.node.write, catalog_batches.roll_back, first)
    desk.node.write(catalog_batches.roll_back, batch=second)
    desk.node.write(catalog_batches.roll_back, batch=first)
    assert desk.node.read(drafts.list_shipping, currency="USD") == []


def test_a_batch_that_brought_both_goes_as_a_whole(tmp_path):
    made = Desk(tmp_path)
    made.node.write(drafts.save_shipping, currency="USD", profile=POST)
    made.product()
    made.offer("soap-s", shipping_profile="post")
    batch = bytes.fromhex(made.publish().batch)
    made.node.write(catalog_batches.roll_back, batch=batch)
    assert made.node.read(drafts.list_shipping, currency="USD") == []
    made.world.close()
