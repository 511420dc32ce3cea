"""Our contracts as the node calls and reads them: call data from arguments, facts from logs, errors from revert data.

Everything comes from the committed ABIs. Addresses are 20 bytes, amounts GMS base units, structs are tuples in the ABI's order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from node.chain.errors import Reverted
from node.resources import contract_artifact
from protocol.settlement import keccak

METHODS = {
    "gms.approve": ("GMS", "approve"),
    "gms.transfer": ("GMS", "transfer"),
    "vault.deposit": ("CommissionVault", "deposit"),
    "vault.propose": ("CommissionVault", "propose"),
    "vault.activate": ("CommissionVault", "activate"),
    "vault.claim": ("CommissionVault", "claim"),
    "vault.claimMany": ("CommissionVault", "claimMany"),
    "vault.claimSubtree": ("CommissionVault", "claimSubtree"),
    "vault.dispute": ("CommissionVault", "dispute"),
    "vault.reclaimBond": ("CommissionVault", "reclaimBond"),
    "vault.announceWithdrawal": ("CommissionVault", "announceWithdrawal"),
    "vault.cancelWithdrawal": ("CommissionVault", "cancelWithdrawal"),
    "vault.withdraw": ("CommissionVault", "withdraw"),
    "anchors.anchor": ("CatalogAnchors", "anchor"),
}
"""What an intent may ask for, and the contract function it means; arguments as in the ABI."""

ERROR_STRING = bytes.fromhex("08c379a0")
ERROR_PANIC = bytes.fromhex("4e487b71")


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where our contracts stand on one chain; a chain need not have anchors."""

    gms: bytes
    vault: bytes
    anchors: bytes | None = None

    def of(self, contract: str) -> bytes:
        """Where one stands. `ValueError` when this chain has none of it."""
        found = {"GMS": self.gms, "CommissionVault": self.vault, "CatalogAnchors": self.anchors}[contract]
        if found is None:
            raise ValueError(f"this chain has no {contract}")
        return found


@dataclass(frozen=True, slots=True)
class Item:
    """A function, event or error of an ABI."""

    name: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    indexed: tuple[bool, ...]
    outputs: tuple[str, ...]

    @property
    def hash(self) -> bytes:
        """Keccak-256 of the signature: topic of an event; its first four bytes select a function or an error."""
        return keccak(f"{self.name}({','.join(self.types)})".encode())


class Abi:
    """The ABI of one contract."""

    def __init__(self, entries: Sequence[dict[str, Any]]) -> None:
        self._entries = entries

    @cached_property
    def functions(self) -> dict[str, Item]:
        """By name."""
        return {item.name: item for item in self._items("function")}

    @cached_property
    def events(self) -> dict[bytes, Item]:
        """By topic."""
        return {item.hash: item for item in self._items("event")}

    @cached_property
    def errors(self) -> dict[bytes, Item]:
        """By selector."""
        return {item.hash[:4]: item for item in self._items("error")}

    def call(self, name: str, *arguments: Any) -> bytes:
        """Call data."""
        from eth_abi.abi import encode

        item = self.functions[name]
        return item.hash[:4] + encode(item.types, arguments)

    def result(self, name: str, output: bytes) -> tuple[Any, ...]:
        """What a call returned; raises eth_abi's DecodingError for bytes that no such function returns."""
        return _decode(self.functions[name].outputs, output)

    def _items(self, kind: str) -> list[Item]:
        return [
            Item(
                name=entry["name"],
                names=tuple(value["name"] for value in entry["inputs"]),
                types=tuple(map(_type, entry["inputs"])),
                indexed=tuple(value.get("indexed", False) for value in entry["inputs"]),
                outputs=tuple(map(_type, entry.get("outputs", ()))),
            )
            for entry in self._entries
            if entry["type"] == kind
        ]


@cache
def abi(contract: str) -> Abi:
    """The ABI of `GMS`, `CommissionVault` or `CatalogAnchors`."""
    return Abi(contract_artifact(contract)["abi"])


def build(method: str, arguments: Sequence[Any], addresses: Addresses) -> tuple[bytes, bytes]:
    """Receiver and call data of an intent. `ValueError` for an unknown method or arguments that do not fit the ABI."""
    if method not in METHODS:
        raise ValueError(f"no such chain method: {method}")
    from eth_abi.exceptions import EncodingError

    contract, function = METHODS[method]
    try:
        data = abi(contract).call(function, *arguments)
    except (EncodingError, ValueError, TypeError, OverflowError) as error:
        raise ValueError(f"{method}: {error}") from error
    return addresses.of(contract), data


def event(contract: str, topics: Sequence[bytes], data: bytes) -> tuple[str, dict[str, Any]] | None:
    """Name and values of a log; None when it is no event of ours or does not decode."""
    item = abi(contract).events.get(topics[0]) if topics else None
    if item is None or len(topics) != 1 + sum(item.indexed):
        return None
    plain = [kind for kind, indexed in zip(item.types, item.indexed, strict=True) if not indexed]
    try:
        inside = iter(_decode(plain, data))
        marked = iter(
            _decode([kind], topic)[0]
            for kind, topic in zip(
                [kind for kind, indexed in zip(item.types, item.indexed, strict=True) if indexed],
                topics[1:],
                strict=True,
            )
        )
        values = [next(marked if indexed else inside) for indexed in item.indexed]
    except ValueError:
        return None
    return item.name, dict(zip(item.names, values, strict=True))


def reverted(data: bytes, message: str = "") -> Reverted:
    """The error behind revert data: one of ours by name, Solidity's `Error(string)`, or a nameless refusal."""
    for contract in ("CommissionVault", "GMS", "CatalogAnchors"):
        item = abi(contract).errors.get(data[:4])
        if item is not None:
            try:
                values = _decode(item.types, data[4:])
            except ValueError:
                break
            return Reverted(item.name, dict(zip(item.names, values, strict=True)))
    if data[:4] == ERROR_STRING:
        try:
            return Reverted("", {}, str(_decode(["string"], data[4:])[0])[:256])
        except ValueError:
            pass
    if data[:4] == ERROR_PANIC:
        return Reverted("Panic", {"code": int.from_bytes(data[4:36], "big")}, "The contract failed an internal check.")
    return Reverted("", {}, message[:256] or None)


def _decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    from eth_abi.abi import decode
    from eth_abi.exceptions import DecodingError

    try:
        values = decode(types, data)
    except (DecodingError, OverflowError, UnicodeDecodeError) as error:
        raise ValueError(f"does not decode: {error}") from error
    return tuple(map(_plain, values))


def _plain(value: Any) -> Any:
    """Addresses come as hex text from the decoder; inside they are bytes."""
    if isinstance(value, str) and len(value) == 42 and value.startswith("0x"):
        return bytes.fromhex(value[2:])
    return tuple(map(_plain, value)) if isinstance(value, tuple | list) else value


def _type(value: dict[str, Any]) -> str:
    kind = str(value["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(map(_type, value['components']))})" + kind.removeprefix("tuple")
