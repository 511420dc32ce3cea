"""The backup that tests restore from an older version: `python -m tests.node.backup_sample` makes one at today's schema.

It lies under tests/data/backup-<how many migrations there were>, and is never made again once it is released: what matters is that it stays as it was. A new
one is added when the schema has changed so much that the old one no longer shows what restoring has to do.
"""

import sys
import tempfile
from pathlib import Path

from node.services import notes, tasks
from node.services.backups import Backups
from node.services.erasure import erase_customer
from node.store.load import Workshop
from node.vault.backup_cipher import BackupCipher
from tests.node.services.memory_target import MemoryTarget
from tests.node.services.shop import CUSTOMER, Shop
from tests.node.services.vaulted import PLACE, Vaulted

DATA = Path(__file__).parents[1] / "data"
WORDS = "legal winner thank year wave sausage worth useful " * 2 + "legal winner thank year wave sausage worth title"
ROTATION = "legal winner thank year wave sausage worth useful legal winner thank yellow"


def make(folder):
    """A seller with an order on its way, customers, a note, a follow-up; then one erased and one changed: a whole backup and a delta."""
    shop = Shop(folder, sheets={"ana": (WORDS, ROTATION)})
    ana = shop.ana
    shop.paid(("cream", 1))
    ids = ana.write(lambda unit: Vaulted.add(None, unit, 4))
    ana.write(notes.add_note, customer=CUSTOMER, text="Wants it before the holidays", channel="call")
    ana.write(tasks.add_task, title="Ask how the cream is", customer=CUSTOMER)
    cipher = BackupCipher(lambda: [ana.keys.agreement_secret])
    engine = Backups(ana.store, cipher, ana.keys, Workshop(folder, shop.clock), shop.clock, "0.1.0")
    target = MemoryTarget()
    engine.make(target, PLACE)
    ana.write(erase_customer, ids[0])
    ana.write(lambda unit: Vaulted.add(None, unit, 1, 9))
    shop.clock.tick(86_400_000)
    engine.make(target, PLACE)
    schema = ana.read(lambda unit: unit.dump.schema())
    shop.world.close()
    return schema, target.objects


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        schema, objects = make(Path(folder))
    place = DATA / f"backup-{len(schema)}"
    for name, data in objects.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    sys.stdout.write(f"{place}: {len(objects)} objects, {sum(map(len, objects.values()))} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
