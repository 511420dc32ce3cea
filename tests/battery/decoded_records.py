"""What the battery `decoder` reads beside a sale's messages: each record type of the protocol, found by itself, and the readers of catalogs."""

import dataclasses
import importlib
import json
import pkgutil
import types
import typing
from collections.abc import Callable, Iterator
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from protocol import catalog_sync, media, messages, packs, reconcile, rows, sections
from protocol.brand_plan import check_noun
from protocol.codec import from_bytes
from protocol.encoding import encode
from protocol.envelope import verify
from protocol.log import verify_checkpoint
from protocol.operations import Noun, Operation

VECTORS = Path(__file__).parents[1] / "vectors"
DEEPEST = 8
HELD = reconcile.numbers(range(1, 400, 3))


def record_types() -> dict[str, type]:
    """Every class that is declared by keys, by name, and what kinds of messages carry."""
    found = {kind.record.__name__: kind.record for kind in messages.KINDS.values()}
    for info in pkgutil.iter_modules([str(Path(messages.__file__).parent)]):
        module = importlib.import_module(f"protocol.{info.name}")
        for value in vars(module).values():
            own = isinstance(value, type) and value.__module__ == module.__name__ and dataclasses.is_dataclass(value)
            if own and any("key" in item.metadata for item in dataclasses.fields(value)):
                found[value.__name__] = value
    return found


def sample(cls: type) -> bytes:
    """Bytes that have every key of the record, each with a value of its form; what the record forbids beyond that it may break."""
    return encode(_tree(cls, 0))


def _tree(cls: type, depth: int) -> dict[int, object]:
    hints = typing.get_type_hints(cls)
    fields = [item for item in dataclasses.fields(cls) if "key" in item.metadata]
    return {item.metadata["key"].number: _value(hints[item.name], item.metadata["key"], depth) for item in fields}


def _value(hint, bounds, depth: int) -> object:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return _value(next(one for one in typing.get_args(hint) if one is not type(None)), bounds, depth)
    if typing.get_origin(hint) is tuple:
        return [] if depth > DEEPEST or not bounds.most else [_value(typing.get_args(hint)[0], bounds, depth + 1)]
    if hint is bool:
        return True
    if hint is int:
        return max(bounds.low, 1)
    if hint is bytes:
        return b"\x07" * (bounds.size if bounds.size is not None else min(bounds.longest, 16))
    if hint is str:
        return "a" * min(bounds.longest, 2)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return next(iter(hint)).value
    return _tree(hint, depth + 1)


def readers() -> Iterator[tuple[str, Callable[[bytes], object], list[bytes]]]:
    """(name, reader, inputs): what a seller's node does with what comes about a catalog before any of it counts."""
    pressed = _vectors("pressed")
    yield "rows", lambda data: list(rows.read_rows(rows.unpress(data))), pressed
    yield "rows in clear", lambda data: [check_noun(row.noun) for row in rows.read_rows(data)], [_unpressed(data) for data in pressed]
    yield "pack", _pack, [_unpressed(data) for data in _vectors("data")]
    yield "manifest", _manifest, _vectors("raw")
    yield "page", lambda data: list(from_bytes(catalog_sync.Page, data).read(0)), _vectors("page")
    yield "question", lambda data: reconcile.answer(HELD, data), _vectors("question")
    yield "answer", lambda data: reconcile.conclude(HELD, data, reconcile.Difference()), _vectors("answer")
    yield "proof", _proof, _vectors("proof")
    yield "operation", _operation, [sample(Operation)]
    yield "picture", lambda data: media.Gathering(bytes(32), media.MediaForm.FULL).add(from_bytes(media.Media, data)), [sample(media.Media)]


def _pack(data):
    """As from a writer that names whatever it gives."""
    pressed = rows.press(data)
    packs.open_pack(packs.PackEntry(sha256(pressed).digest(), 1, len(pressed), Noun.OFFER, "a"), None, pressed)


def _manifest(data):
    signed = verify(data, packs.MANIFEST)
    packs.open_manifest(signed, feed=signed.envelope.log)


def _proof(data):
    proof = from_bytes(sections.PartProof, data)
    verify_checkpoint(proof.head)
    sections.open_proof(proof, sections.Part(sections.Division.BRAND, ("a",)), feed=bytes(32))


def _operation(data):
    operation = from_bytes(Operation, data)
    return operation.slot


def _unpressed(data):
    try:
        return rows.unpress(data)
    except Exception:
        return data


def _vectors(key):
    found = [vector["input"].get(key) for vector in json.loads((VECTORS / "sync.json").read_text())]
    return [bytes.fromhex(text) for text in found if isinstance(text, str)]
