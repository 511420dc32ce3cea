"""age files and their Bech32 keys: the vectors of BIP-173, the key pairs of the age tool, and who can open what."""

import os

import pyrage
import pytest
from nacl.bindings import crypto_scalarmult_base

from node.errors import IntegrityError
from node.vault import age
from node.vault.backup_cipher import BackupCipher


def test_the_bech32_of_bip_173():
    assert age.bech32("a", b"") == "a12uel5l"
    data = bytes(range(0, 256, 8))
    # the vector "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw" holds the values 0…31, five bits each
    packed = int("".join(f"{value:05b}" for value in range(32)), 2).to_bytes(20, "big")
    assert age.bech32("abcdef", packed) == "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"
    assert len(age.bech32("age", data)) == 62


def test_keys_are_those_of_the_age_library():
    for _ in range(20):
        secret = os.urandom(32)
        known = pyrage.x25519.Identity.from_str(age.identity(secret))
        assert str(known) == age.identity(secret)
        assert str(known.to_public()) == age.recipient(crypto_scalarmult_base(secret))


def test_every_recipient_opens_a_file_and_nobody_else():
    secrets = [os.urandom(32) for _ in range(3)]
    sealed = age.encrypt(b"words", [crypto_scalarmult_base(secret) for secret in secrets])
    assert sealed.startswith(b"age-encryption.org/v1\n")
    for secret in secrets:
        assert age.decrypt(sealed, [os.urandom(32), secret]) == b"words"
    with pytest.raises(IntegrityError) as other:
        age.decrypt(sealed, [os.urandom(32)])
    assert other.value.code == "backup-other-keys"


def test_a_row_opens_under_its_own_key_and_in_its_own_table_only():
    cipher = BackupCipher(list)
    sealed = cipher.seal_row(bytes(32), "customers", b"row")
    assert cipher.open_row(bytes(32), "customers", sealed) == b"row"
    for secret, table in ((b"1" * 32, "customers"), (bytes(32), "orders")):
        with pytest.raises(IntegrityError) as damaged:
            cipher.open_row(secret, table, sealed)
        assert damaged.value.code == "backup-damaged"


@pytest.mark.parametrize("place", [0, 30, 200, 70_000, -1])
def test_a_damaged_or_cut_file_gives_nothing(place):
    secret = os.urandom(32)
    sealed = age.encrypt(bytes(150_000), [crypto_scalarmult_base(secret)])
    flipped = bytearray(sealed)
    flipped[place] ^= 1
    for spoiled in (bytes(flipped), sealed[:place], b""):
        with pytest.raises(IntegrityError):
            age.decrypt(spoiled, [secret])
    assert age.decrypt(sealed, [secret]) == bytes(150_000)
