"""JSON-RPC parameters, checked: every one is a stranger's until it has passed here."""

from collections.abc import Callable
from typing import Any, TypeVar

from node.chain.embedded.ledger import LogQuery

TAGS = ("latest", "pending", "safe", "finalized", "earliest")
MOST_TOPICS = 4
MOST_ALTERNATIVES = 256
"""Addresses, or topics at one position, in a filter."""

T = TypeVar("T")


class InvalidParams(Exception):
    """JSON-RPC -32602; the message names the parameter."""


def quantity(value: Any, name: str) -> int:
    """A 0x-number below 2**256."""
    if not isinstance(value, str) or not value.startswith("0x") or len(value) > 66:
        raise InvalidParams(f"{name}: a 0x-prefixed number of at most 256 bits is needed")
    try:
        number = int(value, 16)
    except ValueError:
        raise InvalidParams(f"{name}: not a hexadecimal number") from None
    if number < 0:
        raise InvalidParams(f"{name}: not a hexadecimal number")
    return number


def data(value: Any, name: str, *, size: int | None = None) -> bytes:
    """0x-bytes, of exactly `size` where given."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise InvalidParams(f"{name}: 0x-prefixed bytes are needed")
    try:
        found = bytes.fromhex(value[2:])
    except ValueError:
        raise InvalidParams(f"{name}: not hexadecimal bytes") from None
    if size is not None and len(found) != size:
        raise InvalidParams(f"{name}: {size} bytes are needed, not {len(found)}")
    return found


def address(value: Any, name: str = "address") -> bytes:
    """20 bytes; checksum capitals are not looked at."""
    return data(value, name, size=20)


def at(params: list[Any], position: int, read: Callable[[Any, str], T], name: str) -> T:
    """The parameter at a position, which must be there."""
    if position >= len(params):
        raise InvalidParams(f"{name}: missing")
    return read(params[position], name)


def transaction(value: Any) -> dict[str, Any]:
    """A call object: sender, to, value, data, gas (None where not given)."""
    if not isinstance(value, dict):
        raise InvalidParams("transaction: an object is needed")
    body = value.get("input", value.get("data", "0x"))
    return {
        "sender": address(value.get("from") or "0x" + "00" * 20, "from"),
        "to": address(value["to"], "to") if value.get("to") else b"",
        "value": quantity(value.get("value") or "0x0", "value"),
        "data": data(body or "0x", "data"),
        "gas": quantity(value["gas"], "gas") if value.get("gas") else None,
    }


def log_query(value: Any, number: Callable[[Any], int]) -> LogQuery:
    """A filter of eth_getLogs; `number` resolves a block tag."""
    if not isinstance(value, dict):
        raise InvalidParams("filter: an object is needed")
    block, first, last = None, 0, 0
    if value.get("blockHash") is not None:
        if "fromBlock" in value or "toBlock" in value:
            raise InvalidParams("filter: blockHash excludes fromBlock and toBlock")
        block = data(value["blockHash"], "blockHash", size=32)
    else:
        first, last = number(value.get("fromBlock") or "latest"), number(value.get("toBlock") or "latest")
    topics = value.get("topics") or []
    if not isinstance(topics, list) or len(topics) > MOST_TOPICS:
        raise InvalidParams("topics: a list of at most 4 is needed")
    return LogQuery(
        block=block,
        first=first,
        last=last,
        addresses=_alternatives(value.get("address"), "address", 20),
        topics=tuple(_alternatives(topic, "topic", 32) for topic in topics),
    )


def _alternatives(value: Any, name: str, size: int) -> tuple[bytes, ...]:
    if value is None:
        return ()
    many = value if isinstance(value, list) else [value]
    if len(many) > MOST_ALTERNATIVES:
        raise InvalidParams(f"{name}: at most {MOST_ALTERNATIVES} alternatives")
    return tuple(data(item, name, size=size) for item in many)
