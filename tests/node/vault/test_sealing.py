import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt, crypto_aead_xchacha20poly1305_ietf_encrypt

from node.errors import IntegrityError
from node.vault.sealing import OVERHEAD, padme, seal, unseal

KEY = bytes(range(32))


@given(st.binary(max_size=300), st.text(max_size=20), st.binary(max_size=40))
def test_what_is_sealed_comes_back(plaintext, purpose, associated):
    sealed = seal(KEY, purpose, plaintext, associated)
    assert unseal(KEY, purpose, sealed, associated) == plaintext
    assert len(sealed) == OVERHEAD + padme(len(plaintext) + 1)


def code_of(call):
    with pytest.raises(IntegrityError) as caught:
        call()
    return caught.value.code


def test_key_purpose_and_associated_data_must_be_the_same():
    sealed = seal(KEY, "address", b"17 Zephyr Lane", b"order 1")
    assert code_of(lambda: unseal(bytes(32), "address", sealed, b"order 1")) == "wrong-key"
    assert code_of(lambda: unseal(KEY, "name", sealed, b"order 1")) == "damaged"
    assert code_of(lambda: unseal(KEY, "address", sealed, b"order 2")) == "damaged"


def test_purpose_and_associated_data_do_not_run_together():
    sealed = seal(KEY, "ab", b"x", b"c")
    assert code_of(lambda: unseal(KEY, "a", sealed, b"bc")) == "damaged"


def test_every_flipped_bit_and_every_cut_is_noticed():
    sealed = seal(KEY, "p", b"hello", b"")
    for place in range(len(sealed)):
        spoiled = bytearray(sealed)
        spoiled[place] ^= 1
        assert code_of(lambda spoiled=spoiled: unseal(KEY, "p", bytes(spoiled), b"")) in {
            "damaged",
            "wrong-key",
            "unknown-algorithm",
        }
        assert code_of(lambda place=place: unseal(KEY, "p", sealed[:place], b"")) == "damaged"


def test_lengths_say_little():
    assert len({len(seal(KEY, "p", b"x" * size, b"")) for size in range(1000, 1024)}) <= 2
    for length in range(1, 5000):
        assert length <= padme(length) <= length * 1.12 + 1


def test_two_sealings_differ():
    assert seal(KEY, "p", b"same", b"") != seal(KEY, "p", b"same", b"")


def test_control_without_a_commitment_a_second_key_goes_unnoticed_by_name():
    """The bare cipher cannot tell a wrong key from damage; the commitment can."""
    sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(b"x", b"", bytes(24), KEY)
    with pytest.raises(Exception, match=r"(?i)decrypt") as caught:
        crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, b"", bytes(24), bytes(32))
    assert not hasattr(caught.value, "code")
