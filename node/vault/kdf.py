"""From passphrase to key: Argon2id, as slow as this machine makes bearable. It decides parameters, never what they protect."""

import os
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from argon2.low_level import ARGON2_VERSION, Type, hash_secret_raw

from node.errors import IntegrityError, UserError

SALT_BYTES = 16
KEY_BYTES = 32
MIN_PASSPHRASE = 8
MAX_PASSPHRASE_BYTES = 1024
TARGET_SECONDS = 0.75
MAX_MEMORY_KIB = 512 * 1024
READ_MEMORY_KIB = 4 * 1024 * 1024
READ_PASSES = 64
READ_LANES = 16


@dataclass(frozen=True, slots=True)
class Profile:
    """Argon2id costs: memory in KiB, passes over it, lanes in parallel."""

    memory_kib: int
    passes: int
    lanes: int

    def check(self) -> None:
        """Refuse what a file may not ask of this machine. Raises IntegrityError `damaged`."""
        if not (8 * self.lanes <= self.memory_kib <= READ_MEMORY_KIB and 1 <= self.passes <= READ_PASSES):
            raise IntegrityError("The vault file asks for impossible costs.", code="damaged")
        if not 1 <= self.lanes <= READ_LANES:
            raise IntegrityError("The vault file asks for impossible costs.", code="damaged")


FLOOR = Profile(memory_kib=64 * 1024, passes=3, lanes=4)


def derive(passphrase: str, salt: bytes, profile: Profile) -> bytes:
    """The 32-byte key behind a passphrase (NFKC, UTF-8). Takes 0.5 to 1 s by design; lets go of the interpreter lock."""
    secret = unicodedata.normalize("NFKC", passphrase).encode()
    if len(secret) > MAX_PASSPHRASE_BYTES:
        raise UserError(f"A passphrase has at most {MAX_PASSPHRASE_BYTES} bytes.", code="passphrase-too-long")
    return hash_secret_raw(secret, salt, profile.passes, profile.memory_kib, profile.lanes, KEY_BYTES, Type.ID, ARGON2_VERSION)


def check_new(passphrase: str) -> None:
    """Refuse a new passphrase that is too short. Raises UserError `passphrase-too-short`."""
    if len(unicodedata.normalize("NFKC", passphrase).strip()) < MIN_PASSPHRASE:
        raise UserError(f"Choose a passphrase of at least {MIN_PASSPHRASE} characters.", code="passphrase-too-short")


def seconds(profile: Profile) -> float:
    """How long one derivation takes here."""
    start = time.perf_counter()
    derive("calibration", os.urandom(SALT_BYTES), profile)
    return time.perf_counter() - start


def calibrate(measure: Callable[[Profile], float] = seconds) -> Profile:
    """The costs that take about three quarters of a second on this machine: memory first, then passes; never under the floor."""
    memory = FLOOR.memory_kib
    spent = measure(FLOOR)
    while memory * 2 <= MAX_MEMORY_KIB and spent * 2 <= TARGET_SECONDS:
        memory *= 2
        spent *= 2
    profile = Profile(memory, FLOOR.passes, FLOOR.lanes)
    spent = measure(profile)
    passes = min(READ_PASSES, max(FLOOR.passes, round(FLOOR.passes * TARGET_SECONDS / spent)))
    return Profile(memory, passes, FLOOR.lanes)
