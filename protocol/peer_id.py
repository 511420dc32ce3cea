"""Peer ids: the libp2p name of an Ed25519 key, in base58. It decides the form; it opens no connection.

A peer id is the identity multihash of the key's protobuf (libp2p "Peer Ids and Keys"): `00 24 08 01 12 20` and the
32 bytes of the public key. The key can be read back from it, so nothing else has to be stored or looked up.
"""

from .errors import Malformed

PUBLIC_KEY_BYTES = 32
TEXT_LENGTH = 52  # every such id has this length: the prefix fixes the leading digits "12D3KooW"

_PREFIX = bytes.fromhex("002408011220")
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = {digit: value for value, digit in enumerate(_ALPHABET)}


def peer_id_of(public_key: bytes) -> str:
    """The peer id of an Ed25519 public key (32 bytes). Raises Malformed `malformed` for another length."""
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise Malformed(f"an Ed25519 public key has 32 bytes, this has {len(public_key)}")
    number = int.from_bytes(_PREFIX + public_key, "big")
    digits = ""
    while number:
        number, digit = divmod(number, 58)
        digits = _ALPHABET[digit] + digits
    return "1" + digits  # the one leading zero byte of the prefix


def public_key_of(peer_id: str) -> bytes:
    """The 32 bytes of the Ed25519 key behind `peer_id`. Raises Malformed `malformed` for every other string."""
    if len(peer_id) != TEXT_LENGTH or not peer_id.startswith("1"):
        raise Malformed("a peer id has 52 characters and begins with 12D3KooW")
    number = 0
    for digit in peer_id:
        if digit not in _DIGITS:
            raise Malformed(f"{digit!r} does not occur in a peer id")
        number = number * 58 + _DIGITS[digit]
    size = len(_PREFIX) + PUBLIC_KEY_BYTES
    if number.bit_length() > size * 8:
        raise Malformed("the peer id names no Ed25519 key")
    data = number.to_bytes(size, "big")
    if not data.startswith(_PREFIX):
        raise Malformed("the peer id names no Ed25519 key")
    return data[len(_PREFIX) :]
