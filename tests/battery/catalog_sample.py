"""A catalog of small packs, made the same each time: its manifest, its packs and its rows."""

from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise

from node.vault.keys import Ed25519Signer
from protocol import packs
from protocol.codec import to_bytes
from protocol.feed import Feed
from protocol.log import Checkpoint, sign_checkpoint
from protocol.money import Money
from protocol.offer import Offer, Stock
from protocol.operations import Noun, element, put
from protocol.packs import Manifest, PackEntry
from protocol.product import Product, Variant, product_id
from protocol.rows import Row, pressed
from protocol.state_hash import StateHash

NOW = 1_800_000_000_000
LUMEN = Ed25519Signer(bytearray(b"\x07" * 32))
RECORD = Feed(b"\x08" * 32, "catalog", "USD")
FEED = RECORD.id
PRODUCTS, ROWS_A_PACK = 300, 12


@dataclass(frozen=True)
class Sample:
    """What a publisher has. `spans` are the rows of each pack by its hash."""

    manifest: Manifest
    raw: bytes
    checkpoint: Checkpoint
    packs: dict[bytes, bytes]
    rows: dict[bytes, list[Row]]
    state: StateHash


def _rows() -> list[Row]:
    found = []
    for number in range(PRODUCTS):
        product = Product(f"p{number:04}", f"Soap {number}", description="clean " * 20, variants=(Variant(f"S{number:04}", "Soap"),))
        offer = Offer(f"S{number:04}", product_id(to_bytes(product)), Money(100 + number, "USD"), Stock.IN_STOCK)
        found += [Row(2 * number + at, *operation.slot, operation.record) for at, operation in enumerate((put(product), put(offer)), 1)]
    return sorted(found, key=lambda row: row[1:3])


def sample() -> Sample:
    """The same each time."""
    rows, entries, data, held = _rows(), [], {}, {}
    for start, end in pairwise([*range(0, len(rows), ROWS_A_PACK), len(rows)]):
        part = rows[start:end]
        pack = pressed(part)
        entry = PackEntry(sha256(pack).digest(), len(part), len(pack), part[-1].noun, part[-1].name)
        entries.append(entry)
        data[entry.hash], held[entry.hash] = pack, part
    state = StateHash().add(*(element((row.noun, row.name), row.record) for row in rows if row.record is not None))
    head = sign_checkpoint(LUMEN, Checkpoint(FEED, 2 * PRODUCTS, b"\x09" * 32, state.digest, NOW))
    signed = packs.sign_manifest(LUMEN, Manifest(head.raw, state.to_bytes(), tuple(entries)), time=NOW)
    manifest, checkpoint = packs.open_manifest(signed, feed=FEED)
    assert {row.noun for row in rows} == {Noun.PRODUCT, Noun.OFFER}
    return Sample(manifest, signed.raw, checkpoint, data, held, state)


SAMPLE = sample()
