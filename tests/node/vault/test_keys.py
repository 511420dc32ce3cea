import pytest
from nacl.signing import VerifyKey

from node.errors import IntegrityError, Locked
from node.vault import words
from node.vault.bip32 import Node
from node.vault.keys import Keys, Secrets


def test_the_device_signs(keys):
    VerifyKey(keys.device.public).verify(b"message", keys.device.sign(b"message"))
    assert len(keys.agreement) == 32


def test_each_merchant_meets_another_pseudonym(keys):
    one, two = keys.member_key(b"1" * 32), keys.member_key(b"2" * 32)
    assert len({one.public, two.public, keys.device.public}) == 3
    assert keys.member_key(b"1" * 32).public == one.public
    VerifyKey(one.public).verify(b"m", one.sign(b"m"))


def test_chain_signatures_recover_to_the_address(keys):
    from eth_keys import keys as eth

    digest = bytes(range(32))
    for index in (0, 3):
        signed = keys.chain_sign(index, digest)
        assert signed[64] in {27, 28}
        assert int.from_bytes(signed[32:64], "big") <= 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
        recovered = eth.Signature(signed[:64] + bytes([signed[64] - 27])).recover_public_key_from_msg_hash(digest)
        assert recovered.to_canonical_address() == keys.chain_address(index)
    with pytest.raises(ValueError, match="32 bytes"):
        keys.chain_sign(0, b"short")


def test_a_known_phrase_has_its_known_address(profile):
    entropy = words.from_words("test " * 11 + "junk", 16)
    blank = [bytearray(32) for _ in range(4)]
    keys = Keys(profile, Secrets(*blank, wallet=bytearray(entropy), generations=[bytearray(32)]))
    assert keys.chain_address(0).hex() == "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"
    assert keys.chain_address(1).hex() == "70997970c51812dc3a010c7d01b50e0d17dc79c8"


def test_sealed_at_rest_opens_only_for_its_use(keys):
    sealed = keys.seal("delivery", b"17 Zephyr Lane", b"order")
    assert keys.open("delivery", sealed, b"order") == b"17 Zephyr Lane"
    for purpose, associated in (("other", b"order"), ("delivery", b"another")):
        with pytest.raises(IntegrityError):
            keys.open(purpose, sealed, associated)
    with pytest.raises(IntegrityError) as caught:
        keys.open("delivery", b"\0\x07" + sealed[2:], b"order")
    assert caught.value.code == "wrong-key"


def test_an_older_generation_still_opens(profile):
    seeds = [bytearray(32), bytearray(b"2" * 32)]
    fresh = [bytearray(32) for _ in range(4)]
    first = Keys(profile, Secrets(*fresh, wallet=bytearray(16), generations=[bytearray(seeds[0])]))
    sealed = first.seal("p", b"x", b"")
    both = Keys(profile, Secrets(*[bytearray(32) for _ in range(4)], wallet=bytearray(16), generations=seeds))
    assert both.open("p", sealed, b"") == b"x"
    with pytest.raises(IntegrityError):
        first.open("p", both.seal("p", b"x", b""), b"")


def test_tags_find_equal_values_again(keys):
    assert keys.hash_tag("email", b"ana@example.test") == keys.hash_tag("email", b"ana@example.test")
    assert keys.hash_tag("email", b"ana@example.test") != keys.hash_tag("phone", b"ana@example.test")


def test_locked_keys_do_nothing_and_hold_nothing(keys):
    member, device, secrets = keys.member_key(b"1" * 32), keys.device, keys._secrets
    sealed = keys.seal("p", b"x", b"")
    keys.chain_address(0)
    keys.lock()
    uses = [
        lambda: keys.store_key,
        lambda: keys.device_seed,
        lambda: keys.agreement,
        lambda: device.sign(b""),
        lambda: member.sign(b""),
        lambda: keys.member_key(b"1" * 32),
        lambda: keys.chain_address(0),
        lambda: keys.chain_sign(0, bytes(32)),
        lambda: keys.seal("p", b"", b""),
        lambda: keys.open("p", sealed, b""),
        lambda: keys.hash_tag("p", b""),
    ]
    for use in uses:
        with pytest.raises(Locked):
            use()
    assert not any([secrets.device, secrets.pseudonyms, secrets.store, secrets.wallet, secrets.generations])
    assert keys._wallet == Node(b"", b"")
    keys.lock()
