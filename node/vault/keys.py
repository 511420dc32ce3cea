"""An unlocked identity: it signs, seals and opens until it is locked. It gives out no secret but the store's and the host's.

Secrets are held in bytearrays and wiped by `lock`. Python's copies inside libraries are beyond reach; that is said in docs/data.md.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from nacl.bindings import crypto_scalarmult_base, crypto_sign, crypto_sign_seed_keypair

from node.errors import IntegrityError, Locked
from node.model.backup import Carried

from . import derive, sealing
from .bip32 import Node

Role = Literal["seller", "merchant", "brand"]
_GENERATION_BYTES = 2
_SIGNATURE_BYTES = 64


class Ed25519Signer:
    """A signing key that can be wiped."""

    def __init__(self, seed: bytes | bytearray) -> None:
        self.public, secret = crypto_sign_seed_keypair(bytes(seed))
        self._secret = bytearray(secret)

    def sign(self, message: bytes) -> bytes:
        """64 bytes (RFC 8032). Raises Locked once wiped."""
        if not self._secret:
            raise Locked("The vault is locked: unlock first.")
        return crypto_sign(message, bytes(self._secret))[:_SIGNATURE_BYTES]

    def wipe(self) -> None:
        """Forget the secret."""
        wipe(self._secret)


@dataclass(slots=True)
class Secrets:
    """What the vault file keeps, each 32 bytes but the wallet's entropy (16)."""

    device: bytearray
    agreement: bytearray
    pseudonyms: bytearray
    store: bytearray
    wallet: bytearray
    generations: list[bytearray]

    def wipe(self) -> None:
        """Overwrite everything."""
        for secret in (self.device, self.agreement, self.pseudonyms, self.store, self.wallet, *self.generations):
            wipe(secret)
        self.generations.clear()


@dataclass(frozen=True, slots=True)
class Profile:
    """Who the vault belongs to."""

    identity: bytes
    role: Role
    name: str
    currency: str
    payout_index: int = 0
    recovery: bytes = b""
    """X25519, 32 bytes: what is sealed for the sheet that holds the root key. It changes when the root rotates."""


class Keys:
    """The port `Me` of the services, while the vault is open."""

    def __init__(self, profile: Profile, secrets: Secrets) -> None:
        self._profile = profile
        self._secrets = secrets
        self._device = Ed25519Signer(secrets.device)
        self._members: dict[bytes, Ed25519Signer] = {}
        self._wallet = derive.wallet_node(bytes(secrets.wallet))
        self._wallet_child = lru_cache(maxsize=16)(self._wallet.child)
        self._open = True

    @property
    def identity(self) -> bytes:
        """32 bytes: the hash of our inception record."""
        return self._profile.identity

    @property
    def role(self) -> Role:
        """What this node is."""
        return self._profile.role

    @property
    def name(self) -> str:
        """The name peers see."""
        return self._profile.name

    @property
    def currency(self) -> str:
        """The currency chosen at set-up, ISO 4217."""
        return self._profile.currency

    @property
    def payout_index(self) -> int:
        """The first payout address of this generation."""
        return self._profile.payout_index

    @property
    def recovery_public(self) -> bytes:
        """The X25519 public key to which generations and backups are sealed beside the devices, 32 bytes; its secret is on paper."""
        return self._profile.recovery

    def know_recovery(self, public: bytes) -> None:
        """Take it over from the inception record, for a vault that was made before it was kept."""
        self._profile = replace(self._profile, recovery=public)

    @property
    def generation(self) -> int:
        """The number of the newest generation."""
        return len(self._held().generations) - 1

    @property
    def device(self) -> Ed25519Signer:
        """The key of this device."""
        return self._device

    @property
    def agreement(self) -> bytes:
        """The X25519 public key of this device, 32 bytes."""
        return crypto_scalarmult_base(bytes(self._held().agreement))

    @property
    def agreement_secret(self) -> bytes:
        """The X25519 secret of this device, for opening backups and nothing else."""
        return bytes(self._held().agreement)

    @property
    def carried(self) -> Carried:
        """What every device of ours shares, for the keyring of a backup and nothing else."""
        held = self._held()
        return Carried(tuple(bytes(seed) for seed in held.generations), bytes(held.pseudonyms), bytes(held.wallet))

    @property
    def device_seed(self) -> bytes:
        """The device's Ed25519 seed, for the libp2p host and nobody else."""
        return bytes(self._held().device)

    @property
    def store_key(self) -> bytes:
        """The key of the encrypted store, for the database factory and nobody else."""
        return bytes(self._held().store)

    def member_key(self, merchant: bytes) -> Ed25519Signer:
        """Our pseudonym at the merchant with this 32-byte identity."""
        pseudonyms = bytes(self._held().pseudonyms)
        if merchant not in self._members:
            self._members[merchant] = Ed25519Signer(derive.member_seed(pseudonyms, merchant))
        return self._members[merchant]

    def chain_address(self, index: int) -> bytes:
        """20 bytes: the wallet's address at m/44'/60'/0'/0/index."""
        from coincurve import PrivateKey
        from sha3 import keccak_256

        point = PrivateKey(self._account(index).key).public_key.format(compressed=False)
        return bytes(keccak_256(point[1:]).digest()[12:])

    def chain_sign(self, index: int, digest: bytes) -> bytes:
        """65 bytes r, s, v (27 or 28) over a 32-byte digest, with low s (EIP-2)."""
        from coincurve import PrivateKey

        if len(digest) != 32:
            raise ValueError("a chain signature is over 32 bytes")
        signature = PrivateKey(self._account(index).key).sign_recoverable(digest, hasher=None)
        return bytes(signature[:64]) + bytes([27 + signature[64]])

    def seal(self, purpose: str, plaintext: bytes, associated: bytes) -> bytes:
        """Seal for ourselves under the newest generation; its number (2 bytes) stands in front."""
        generations = self._held().generations
        number = len(generations) - 1
        key = derive.purpose_key(bytes(generations[number]), purpose)
        return number.to_bytes(_GENERATION_BYTES, "big") + sealing.seal(key, purpose, plaintext, associated)

    def open(self, purpose: str, sealed: bytes, associated: bytes) -> bytes:
        """What was sealed, under any generation we hold. Raises IntegrityError `wrong-key` or `damaged`."""
        generations = self._held().generations
        number = int.from_bytes(sealed[:_GENERATION_BYTES], "big")
        if number >= len(generations):
            text = "These bytes belong to a generation of keys that isn't ours. Restore the latest backup."
            raise IntegrityError(text, code="wrong-key")
        key = derive.purpose_key(bytes(generations[number]), purpose)
        return sealing.unseal(key, purpose, sealed[_GENERATION_BYTES:], associated)

    def hash_tag(self, purpose: str, value: bytes) -> bytes:
        """32 bytes by which equal values are found again; without our keys they say nothing."""
        return hashlib.blake2b(value, key=derive.tag_key(bytes(self._held().pseudonyms), purpose), digest_size=32).digest()

    def lock(self) -> None:
        """Wipe what can be wiped; every later use raises Locked."""
        self._open = False
        self._secrets.wipe()
        self._device.wipe()
        for member in self._members.values():
            member.wipe()
        self._wallet_child.cache_clear()
        self._wallet = Node(b"", b"")

    def _account(self, index: int) -> Node:
        self._held()
        return self._wallet_child(index)

    def _held(self) -> Secrets:
        if not self._open:
            raise Locked("The vault is locked: unlock first.")
        return self._secrets


def wipe(secret: bytearray) -> None:
    """Overwrite and empty a buffer of ours."""
    secret[:] = bytes(len(secret))
    secret.clear()
