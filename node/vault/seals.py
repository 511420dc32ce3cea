"""A generation's seed, sealed to each live device and to the recovery key. The root log holds the hash, so that nobody exchanges it."""

from collections.abc import Sequence

from nacl.bindings import crypto_box_seal, crypto_box_seal_open, crypto_scalarmult_base
from nacl.exceptions import CryptoError

from node.errors import IntegrityError
from protocol.encoding import encode
from protocol.ids import digest

Seals = tuple[tuple[bytes, bytes], ...]


def seal_seed(seed: bytes, recipients: Sequence[bytes]) -> Seals:
    """One sealed copy (libsodium's sealed box) for each X25519 key, in the keys' order."""
    return tuple((public, crypto_box_seal(seed, public)) for public in sorted(set(recipients)))


def open_seed(secret: bytes, seals: Seals) -> bytes:
    """The seed, by the X25519 secret of one recipient. Raises IntegrityError `wrong-key`."""
    public = crypto_scalarmult_base(secret)
    sealed = dict(seals).get(public)
    try:
        if sealed is not None:
            return crypto_box_seal_open(sealed, public, secret)
    except CryptoError as error:
        raise IntegrityError("These bytes are not the seed that was sealed to this key.", code="wrong-key") from error
    raise IntegrityError("This generation was not sealed to this key.", code="wrong-key")


def hash_of(seals: Seals) -> bytes:
    """32 bytes for the root log (`GenerationStarted.seals`)."""
    return digest("generation-seals", encode([list(pair) for pair in seals]))
