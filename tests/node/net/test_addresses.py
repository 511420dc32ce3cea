"""Multiaddrs as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import UserError
from node.net.addresses import MAX_ADDRESSES, announced, dialable, split
from node.net.interfaces import interface_addresses

ME = "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"
OTHER = "12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("/ip4/192.0.2.1/tcp/4001", ("ip4", "192.0.2.1", 4001, None)),
        (f"/ip6/2001:db8::1/tcp/0/p2p/{ME}", ("ip6", "2001:db8::1", 0, ME)),
        ("/dns4/shop.example/tcp/65535", ("dns4", "shop.example", 65535, None)),
    ],
)
def test_addresses_are_taken_apart(text, parts):
    assert split(text) == parts


@pytest.mark.parametrize(
    "text",
    ["", "/", "/ip4/1.2.3.4", "/ip4/::1/tcp/1", "/ip6/1.2.3.4/tcp/1", "/ip4/1.2.3.4/tcp/65536", "/ip4/1.2.3.4/udp/1", "/dns/a b/tcp/1",
     "/ip4/1.2.3.4/tcp/1/p2p/", "/ip4/1.2.3.4/tcp/1/ws", "/ip4/1.2.3.4/tcp/1\n", "/ip4/1.2.3.4/tcp/١"],
)  # fmt: skip
def test_what_is_no_address_is_named(text):
    with pytest.raises(UserError) as error:
        split(text)
    assert error.value.code == "bad-address"


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_named(text):
    try:
        split(text)
    except UserError as error:
        assert error.code == "bad-address"  # noqa: PT017


def test_what_is_dialed():
    base = "/ip4/192.0.2.1/tcp/"
    given_ = [f"{base}1", f"{base}1/p2p/{ME}", f"{base}2/p2p/{OTHER}", f"{base}0", f"{base}3"]
    assert dialable(ME, given_) == (f"{base}1", f"{base}3")
    assert len(dialable(ME, [f"{base}{port}" for port in range(1, 99)])) == MAX_ADDRESSES


def test_a_wildcard_stands_for_the_interfaces_of_its_kind():
    interfaces = ["127.0.0.1", "192.0.2.7", "2001:db8::7"]
    assert announced(ME, [("0.0.0.0", 5), ("::", 6), ("127.0.0.1", 7)], interfaces) == (
        f"/ip4/127.0.0.1/tcp/5/p2p/{ME}",
        f"/ip4/192.0.2.7/tcp/5/p2p/{ME}",
        f"/ip6/2001:db8::7/tcp/6/p2p/{ME}",
        f"/ip4/127.0.0.1/tcp/7/p2p/{ME}",
    )


def test_this_machine_has_at_least_the_loopback():
    assert interface_addresses()[0] == "127.0.0.1"
