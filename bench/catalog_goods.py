"""Made-up goods for the catalog's benchmark: a merchant's folder with a signed feed of so many products, and the file of an update.

A product's record has about 600 bytes, with words of its own; each has one SKU with one offer. The same number gives the same goods.
"""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cbor2

from node.app.founding import STORE_FILE, found
from node.model.identity import Founder
from node.services import catalog
from node.store.store import Store
from node.vault import vault
from node.vault.kdf import Profile as Costs
from protocol.codec import from_bytes
from protocol.identity import Role
from protocol.log import Checkpoint, Frontier, leaf_hash, sign_checkpoint
from protocol.offer import Offer
from protocol.operations import Operation, Verb, element
from protocol.product import Product, product_id
from protocol.state_hash import StateHash

PASSPHRASE = "three lemons on a blue plate"
CHEAP = Costs(memory_kib=65_536, passes=3, lanes=1)
BRANDS, KINDS = 400, 120
_BATCH = 20_000
_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnrs" for vowel in "aeio"]


Goods = tuple[str, str, str, str, str, int]
"""(handle, title, text, brand, kind, price)."""


def words() -> list[str]:
    """A language of 8,000 words."""
    dice = random.Random(4)
    return sorted({"".join(dice.choices(_SYLLABLES, k=dice.randrange(2, 5))) for _ in range(9_000)})[:8_000]


def goods(count: int, price: int = 0) -> Iterator[Goods]:
    """(handle, title, text, brand, kind, price) of each; `price` is added to all."""
    known = words()
    weights = [1 / (rank + 3) for rank in range(len(known))]
    pool = random.Random(5).choices(known, weights, k=1 << 16)
    for number in range(count):
        dice = int.from_bytes(hashlib.blake2b(number.to_bytes(8), digest_size=8).digest())
        at = dice % (len(pool) - 100)
        title = " ".join([*pool[at : at + 4], known[dice % len(known)]])
        yield (
            f"p-{number:07}",
            title.capitalize(),
            " ".join(pool[at + 5 : at + 66]),
            f"Brand {dice % BRANDS}",
            f"Kind {dice % KINDS}",
            500 + dice % 9_500 + price,
        )


def records(item: Goods, code: str = "", plan: bytes = b"") -> tuple[bytes, bytes]:
    """A product and its offer as the program writes them; with a GTIN and under a commission plan, if any."""
    handle, title, text, brand, kind, price = item
    variant = {0: f"S{handle}", 2: title, 4: []} | ({6: code} if code else {})
    product = cbor2.dumps({0: handle, 2: title, 4: text, 6: brand, 8: kind, 10: [kind], 12: [], 14: [], 16: [variant]})
    offer = {0: f"S{handle}", 2: product_id(product), 4: {0: price, 2: "USD"}, 6: "in_stock", 8: "standard", 10: "", 12: 0}
    return product, cbor2.dumps(offer | ({18: plan} if plan else {}))


def operations(count: int) -> Iterator[tuple[str, str, bytes]]:
    """(verb, name, record) of each."""
    for item in goods(count):
        product, offer = records(item)
        yield "put-product", item[0], product
        yield "put-offer", f"S{item[0]}", offer


def check() -> None:
    """The records are what the protocol takes, to the byte."""
    for item in goods(3):
        for product, offer in (records(item), records(item, "4006381333931", bytes(32))):
            put = (Operation(Verb.PUT_PRODUCT, item[0], product), Operation(Verb.PUT_OFFER, f"S{item[0]}", offer))
            assert all(operation.read() for operation in put)
            from_bytes(Product, product)
            from_bytes(Offer, offer)


def merchant(folder: Path, count: int) -> None:
    """A merchant's folder whose feed holds `count` products. The catalog file beside the store is made when the node starts."""
    check()
    found(folder, PASSPHRASE, Founder("Lumen", Role.MERCHANT, "USD"), costs=CHEAP)
    keys = vault.unlock(folder, PASSPHRASE)
    store: Store[Any] = Store.open(folder / STORE_FILE, keys.store_key, keys)
    try:
        store.write_now(_fill, count)
    finally:
        store.close()
        keys.lock()


def _fill(unit: Any, count: int) -> None:
    row = catalog._own_feed(unit, "USD")  # noqa: SLF001  in bulk: the service compares each record with the one before
    unit.catalog.keep_feed(row)
    tree, state, size = Frontier(), StateHash(), 0
    raws: list[bytes] = []
    elements: list[bytes] = []
    for verb, name, record in operations(count):
        raws.append(cbor2.dumps({0: verb, 2: name, 4: record}))
        elements.append(element(Operation(Verb(verb), name, record).slot, record))
        if len(raws) == _BATCH:
            tree, state, size = _keep(unit, row.feed, tree, state, size, raws, elements)
    tree, state, size = _keep(unit, row.feed, tree, state, size, raws, elements)
    head = sign_checkpoint(unit.me.device, Checkpoint(row.feed, size, tree.root, state.digest, unit.now))
    done = {"size": size, "state": state, "frontier": tree, "checkpoint": head.raw, "checkpoint_id": head.id, "synced_at": unit.now}
    unit.catalog.keep_feed(catalog.replace(row, **done))


def _keep(
    unit: Any, feed: bytes, tree: Frontier, state: StateHash, size: int, raws: list[bytes], elements: list[bytes]
) -> tuple[Frontier, StateHash, int]:
    unit.catalog.append(feed, size + 1, raws)
    for raw in raws:
        tree = tree.append(leaf_hash(raw))
    state, size = state.add(*elements), size + len(raws)
    raws.clear()
    elements.clear()
    return tree, state, size


def update_file(path: Path, count: int) -> int:
    """A Shopify export of the first `count` products with other words and prices; how many."""
    return shop_file(path, count, more=" anew", price=7)


def shop_file(path: Path, count: int, *, sizes: int = 1, more: str = "", price: int = 0) -> int:
    """A Shopify export of the first `count` products, each in so many `sizes`, a row a size as the shop writes it; how many products.

    `more` stands at the end of each text, `price` is added to all.
    """
    head = "Handle,Title,Body (HTML),Vendor,Type,Tags,Status,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty\n"
    with path.open("w") as file:
        file.write(head)
        for handle, title, text, brand, kind, cents in goods(count, price):
            name, value, sku = ("Size", "1", f"S{handle}-1") if sizes > 1 else ("Title", "Default Title", f"S{handle}")
            whole = f'{title},"<p>{text}{more}</p>",{brand},{kind},{kind},active,{name}'
            file.write(f"{handle},{whole},{value},{sku},{cents / 100:.2f},50\n")
            for size in range(2, sizes + 1):
                file.write(f"{handle},,,,,,,,{size},S{handle}-{size},{cents / 100:.2f},50\n")
    return count
