"""Mutated bytes into everything that reads what a stranger sends or a person imports: a value or a declared error, nothing else."""

import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from node.errors import UserError
from node.files.products import read_products
from node.files.samples import CONTACTS, PRODUCTS, sample_path
from protocol import messages, pairing
from protocol.codec import from_bytes
from protocol.encoding import decode, encode
from protocol.envelope import check_time, verify
from protocol.errors import LocalError, ProtocolError
from protocol.messages import KINDS
from protocol.session import Session
from tests.battery.decoded_records import readers, record_types, sample
from tests.battery.forged import scene
from tests.node.files.people import read_contacts

FULL, SHORT = 200_000, 6_000
CONTROL = 2_000
VECTORS = Path(__file__).parents[1] / "vectors"
NOW = 1_800_000_000_000
ODD = [
    0,
    1,
    -1,
    255,
    2**63,
    2**64,
    2**255,
    -(2**64),
    b"",
    b"\0" * 32,
    b"\xff" * 33,
    "",
    "a" * 300,
    "\u202e\0",
    [],
    {},
    {0: {}},
    [[[]]],
    None,
    True,
]


@dataclass(frozen=True)
class Decoder:
    """`read` under test, the inputs to start from, and how often its turn comes."""

    read: Callable[[bytes], object]
    corpus: list[bytes]
    weight: float
    declared: tuple[type[Exception], ...] = (ProtocolError,)


def decoders(folder):
    """Every decoder with real inputs: a whole sale's messages, the vectors' bytes, the sample files."""
    with scene(folder, 1) as made:
        carried = [(topic, body, reply) for _, _, topic, body, reply in made.shop.world.carried]
    bodies = sorted({body for _, body, _ in carried} | {reply for *_, reply in carried if isinstance(reply, bytes)})
    inner = [decode(body) for body in bodies]
    bare = [raw for name, raw in inner if not KINDS[name].signed]
    signed = [raw for name, raw in inner if KINDS[name].signed]
    records = [decode(decode(raw)[0])[16] for raw in signed]
    feeds = [path.read_bytes() for path in sorted((VECTORS.parent / "data" / "catalogs").iterdir())]
    products, people = sample_path(PRODUCTS).read_bytes(), sample_path(CONTACTS).read_bytes()
    return [
        Decoder(_any_topic, bodies, 6),
        Decoder(_any_record, bare + records, 6),
        Decoder(_envelope, signed, 3),
        Decoder(decode, [*bodies, *_vectors("encoding", "bytes")], 3),
        Decoder(_frames, _frames_of(bodies), 4),
        Decoder(lambda data: pairing.read_link(data.decode("latin-1")), _links(), 2),
        Decoder(lambda data: read_contacts(io.BytesIO(data), name="x"), [people[:1500]], 1, (UserError,)),
        Decoder(lambda data: read_products(io.BytesIO(data), name="x", now_ms=NOW), [products[:3000], *feeds], 2, (UserError,)),
        *(Decoder(read, corpus, 1) for _, read, corpus in readers()),
        *(Decoder(partial(from_bytes, cls), [sample(cls)], 0.1) for cls in record_types().values()),
    ]


def _any_topic(body):
    found = None
    for topic in messages.Topic:
        try:
            found = messages.unpack(topic, body)
        except ProtocolError:
            continue
        if found.signed:
            check_time(found.signed.envelope, NOW)
    return found


def _any_record(body):
    for kind in KINDS.values():
        try:
            from_bytes(kind.record, body)
        except ProtocolError:
            continue


def _envelope(raw):
    for kind in ("plan", "team.join", "order.placed", "commission.fact"):
        try:
            verify(raw, kind)
        except ProtocolError:
            continue


def _frames(data):
    session = Session()
    session.request(b"", 1)
    return session.receive(data)


def _frames_of(bodies):
    asking, answering = Session(), Session()
    frames = [asking.request(body, 1000)[1] for body in bodies[:20]]
    answering.receive(b"".join(frames))
    return [*frames, b"".join(frames[:3]), answering.reply(1, b"x"), answering.refuse(2, "no", "why")]


def _links():
    return [link.encode() for link in _texts("pairing", "link")]


def _texts(name, key):
    return [vector["input"][key] for vector in json.loads((VECTORS / f"{name}.json").read_text()) if key in vector["input"]]


def _vectors(name, key):
    return [bytes.fromhex(text) for text in _texts(name, key)]


def mutated(data, dice):
    """A few random changes: to the bytes, or to the tree behind them, written canonically again."""
    if dice.random() < 0.5:
        try:
            return encode(_mutated_tree(decode(data), dice))
        except (ProtocolError, LocalError):
            pass  # not CBOR, or a tree without a form: change its bytes
    changed = bytearray(data)
    for _ in range(dice.randrange(1, 5)):
        at = dice.randrange(len(changed) + 1)
        match dice.randrange(5):
            case 0 if changed:
                changed[at - 1] ^= 1 << dice.randrange(8)
            case 1 if changed:
                changed[at - 1] = dice.choice((0, 0x18, 0x1B, 0x5B, 0x9B, 0xBB, 0xC2, 0xF9, 0xFF, dice.randrange(256)))
            case 2:
                changed[at:at] = dice.randbytes(dice.randrange(1, 9))
            case 3:
                del changed[at : at + dice.randrange(1, 40)]
            case _:
                piece = changed[dice.randrange(len(changed) + 1) :][:64]
                changed[at:at] = piece
    return bytes(changed)


def _mutated_tree(tree, dice):
    """`tree` with one node replaced, dropped or doubled; byte strings that hold a tree are entered."""
    if isinstance(tree, bytes) and dice.random() < 0.7:
        try:
            return encode(_mutated_tree(decode(tree), dice))
        except ProtocolError:
            return dice.choice(ODD)
    if isinstance(tree, list) and tree and dice.random() < 0.8:
        at = dice.randrange(len(tree))
        return [*tree[:at], *([_mutated_tree(tree[at], dice)] * dice.choice((0, 1, 1, 1, 2))), *tree[at + 1 :]]
    if isinstance(tree, dict) and tree and dice.random() < 0.8:
        key = dice.choice(list(tree))
        rest = {name: value for name, value in tree.items() if name != key}
        return rest | {dice.choice((key, key, key, -1, 10**9, "x")): _mutated_tree(tree[key], dice)}
    return dice.choice(ODD)


def _fuzz(size, every, seed, *, stop=False):
    dice, failures = random.Random(seed), []
    weights = [decoder.weight for decoder in every]
    for _ in range(size):
        decoder = dice.choices(every, weights)[0]
        data = mutated(dice.choice(decoder.corpus), dice)
        try:
            decoder.read(data)
        except decoder.declared:
            continue
        except Exception as error:  # whatever else: that is what we look for
            failures.append(f"{type(error).__name__}: {error} on {data[:200].hex()}")
            if stop:
                break
    return failures


def run(size, folder):
    return _fuzz(size, decoders(folder), 1)


class _Careless(dict):
    """The planted fault: a kind nobody registered is a KeyError."""

    def get(self, name, _default=None):
        return self[name]


def control(folder):
    every = decoders(folder)
    genuine = messages.KINDS
    messages.KINDS = _Careless(genuine)
    try:
        return bool(_fuzz(CONTROL, every, 2, stop=True))
    finally:
        messages.KINDS = genuine
