"""EIP-1559 transactions: encoded, signed through a key that stays where it is, and hashed. Pure."""

from dataclasses import dataclass

from node.chain.ports import ChainKey
from protocol.settlement import keccak

_TYPE = b"\x02"


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A transaction with everything explicit. Fees in wei per gas."""

    chain_id: int
    nonce: int
    priority_fee: int
    max_fee: int
    gas: int
    to: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Signed:
    """What is sent, and the hash it will be known by."""

    raw: bytes
    hash: bytes


def sign(transaction: Unsigned, key: ChainKey) -> Signed:
    """The signed form; `ValueError` when the key gives no proper signature."""
    numbers = (
        transaction.chain_id,
        transaction.nonce,
        transaction.priority_fee,
        transaction.max_fee,
        transaction.gas,
    )
    body = b"".join(map(_number, numbers)) + _string(transaction.to) + _number(0) + _string(transaction.data) + b"\xc0"
    signature = key.sign(keccak(_TYPE + _list(body)))
    if len(signature) != 65 or signature[64] not in {27, 28}:
        raise ValueError("a signature is 65 bytes that end in 27 or 28")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    raw = _TYPE + _list(body + _number(signature[64] - 27) + _number(r) + _number(s))
    return Signed(raw, keccak(raw))


def _number(value: int) -> bytes:
    return _string(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _string(value: bytes) -> bytes:
    if len(value) == 1 and value[0] < 0x80:
        return value
    return _prefix(0x80, len(value)) + value


def _list(body: bytes) -> bytes:
    return _prefix(0xC0, len(body)) + body


def _prefix(base: int, size: int) -> bytes:
    if size < 56:
        return bytes([base + size])
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(length)]) + length
