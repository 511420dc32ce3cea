"""Against the published vectors, and against the account library that wallets share."""

import hmac

import pytest
from base58 import b58decode_check

from node.errors import UserError
from node.vault import derive, words
from node.vault.bip32 import HARDENED, Node, child_entropy

ABANDON = "abandon " * 11 + "about"
BIP85_MASTER = "xprv9s21ZrQH143K2LBWUUQRFXhucrQqBpKdRRxNVq2zBqsx8HVqFk2uYo8kmbaLLHRdqtQpUm98uKfu3vca1LqdGhUtyoFnCNkfmXRyPXLjbKb"


def from_xprv(text):
    raw = b58decode_check(text)
    return Node(raw[46:78], raw[13:45])


def test_hkdf_is_rfc_5869_with_our_salt():
    secret = bytes(range(32))
    extracted = hmac.digest(b"gemstra/1", secret, "sha256")
    first = hmac.digest(extracted, b"use\x01", "sha256")
    second = hmac.digest(extracted, first + b"use\x02", "sha256")
    assert derive.hkdf(secret, b"use", 48) == (first + second)[:48]
    assert derive.hkdf(secret, b"use") == first


def test_bip32_vector_1():
    master = Node.from_seed(bytes(range(16)))
    assert master.at("m/0'/1/2'/2/1000000000").key.hex() == "471b76e389e528d6de6d816857e012c5455051cad6660850e58372a6c3e6e7c8"
    assert master.child(HARDENED).at("m/1") == master.at("m/0'/1")


@pytest.mark.parametrize(
    ("count", "phrase"),
    [
        (12, "girl mad pet galaxy egg matter matrix prison refuse sense ordinary nose"),
        (
            24,
            "puppy ocean match cereal symbol another shed magic wrap hammer bulb intact gadget divorce twin tonight reason outdoor destroy simple truth cigar social volcano",
        ),
    ],
)
def test_bip85_vectors(count, phrase):
    assert words.to_words(child_entropy(from_xprv(BIP85_MASTER), count)) == phrase


@pytest.mark.parametrize("index", [0, 1, 7])
def test_other_wallets_find_our_addresses(index):
    """The account library derives the same keys from the wallet's words; the phrase is the one wallets are tried with."""
    from eth_account.hdaccount import key_from_seed, seed_from_mnemonic

    entropy = words.from_words(ABANDON, 16)
    seed = seed_from_mnemonic(ABANDON, "")
    assert seed == words.seed(ABANDON)
    assert derive.wallet_node(entropy).child(index).key == key_from_seed(seed, f"m/44'/60'/0'/0/{index}")


def test_every_use_has_a_key_of_its_own():
    entropy = bytes(range(32))
    seeds = [
        derive.root_seed(entropy),
        derive.next_root_seed(entropy),
        derive.recovery_seed(entropy),
        derive.pseudonym_seed(entropy),
        derive.member_seed(entropy, b"a" * 32),
        derive.member_seed(entropy, b"b" * 32),
        derive.purpose_key(entropy, "address"),
        derive.tag_key(entropy, "address"),
    ]
    assert len(set(seeds)) == len(seeds)


def test_words_come_back_however_they_were_typed():
    entropy = words.entropy(None, 32)
    phrase = words.to_words(entropy)
    assert len(phrase.split()) == 24
    assert words.from_words("  " + phrase.upper().replace(" ", "\n "), 32) == entropy
    assert words.entropy(phrase, 32) == entropy


@pytest.mark.parametrize(
    ("phrase", "says"),
    [
        (ABANDON, "24 words; these are 12"),
        ("abandon " * 23 + "abut", "Word 24, 'abut', is not on the list. Did you mean about?"),
        ("abandon " * 6 + "appel " + "abandon " * 17, "Word 7, 'appel', is not on the list. Did you mean apple?"),
        ("abandon " * 23 + "abstrakt", "Did you mean abstract?"),
        ("abandon " * 23 + "kätze", "Word 24, 'kätze', is not on the list"),
        ("abandon " * 23 + "qqqqqqq", "Word 24, 'qqqqqqq', is not on the list. Check its spelling."),
        ("abandon " * 23 + "x" * 5000, "Word 24, 'xxxxxxxxxxxxxxxxxxxxxxxx…', is not on the list"),
        ("abandon " * 24, "don't belong together"),
        ("", "these are 0"),
    ],
)
def test_wrong_words_say_what_is_wrong(phrase, says):
    with pytest.raises(UserError, match=says) as caught:
        words.from_words(phrase, 32)
    assert caught.value.code == "bad-words"
