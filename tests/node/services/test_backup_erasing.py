"""A customer with a whole life here, erased: nothing of it can be read in older backups, and what lies at a target shows nothing anyway."""

import pytest

from node.canary import scan_files
from node.services import backup_read, notes, tasks
from node.services.backups import Backups
from node.services.erasure import erase_customer
from node.store.load import Workshop
from node.vault.backup_cipher import BackupCipher
from tests.battery.sale import whole
from tests.node.services.memory_target import MemoryTarget
from tests.node.services.shop import CUSTOMER, SECRET, Shop
from tests.node.services.vaulted import PLACE

TEXTS = ("Allergic to lanolin", "Ring at the back door")
PLANTED = (*SECRET, *TEXTS, "Lilienstr", "10115")


@pytest.fixture
def kept(tmp_path):
    """A shop after a sale with its address asked for and disclosed, a note, a follow-up; backed up. `engine`, `target`, `shop`."""

    class Kept:
        shop = Shop(tmp_path)
        target = MemoryTarget()

    kept, ana = Kept(), Kept.shop.ana
    whole(kept.shop)
    ana.write(notes.add_note, customer=CUSTOMER, text=TEXTS[0], channel="call")
    ana.write(tasks.add_task, title=TEXTS[1], customer=CUSTOMER)
    kept.cipher = BackupCipher(lambda: [ana.keys.agreement_secret])
    kept.engine = Backups(ana.store, kept.cipher, ana.keys, Workshop(tmp_path, kept.shop.clock), kept.shop.clock, "0.1.0")
    kept.engine.make(kept.target, PLACE)
    yield kept
    kept.shop.world.close()


def readable(kept, objects, keyring_from):
    """Every value in a target's rows, opened with all the keys that another target's keyring holds."""
    ana = kept.shop.ana
    newest = backup_read.open_newest(MemoryTarget(keyring_from), kept.cipher, ana.identity)
    secrets = backup_read.secrets_of(backup_read.open_keyring(MemoryTarget(keyring_from), kept.cipher, newest))
    opened = backup_read.open_newest(MemoryTarget(objects), kept.cipher, ana.identity)
    return {
        (read.table, planted)
        for read in backup_read.read_rows(MemoryTarget(objects), kept.cipher, opened, secrets)
        for row in read.rows
        for value in row
        for planted in PLANTED
        if planted.encode() in (value if isinstance(value, bytes) else str(value).encode())
    }


def test_nothing_of_an_erased_customer_is_left_to_be_read(kept):
    old = dict(kept.target.objects)
    kept.shop.ana.write(erase_customer, CUSTOMER)
    kept.engine.make(kept.target, PLACE)
    found = readable(kept, old, kept.target.objects)
    # an order's own row outlives its customer: older parts hold the place of its quote until they go (docs/backup.md)
    assert {table for table, planted in found if planted != "10115"} == set()
    assert {table for table, planted in found if planted == "10115"} <= {"orders", "outbox"}
    anew = MemoryTarget()
    kept.engine.make(anew, bytes([7]) * 32)
    assert readable(kept, anew.objects, anew.objects) == set()


def test_control_before_the_erasing_all_of_it_is_read(kept):
    found = readable(kept, kept.target.objects, kept.target.objects)
    assert {planted for _, planted in found} >= {*SECRET, *TEXTS}


def test_control_with_the_old_keyring_it_is_still_read(kept):
    old = dict(kept.target.objects)
    kept.shop.ana.write(erase_customer, CUSTOMER)
    kept.engine.make(kept.target, PLACE)
    assert {planted for _, planted in readable(kept, old, old)} >= {*SECRET, *TEXTS}


def test_no_object_at_the_target_shows_a_value(kept, tmp_path):
    place = tmp_path / "target"
    for name, data in kept.target.objects.items():
        path = place / name.replace("/", "-")
        place.mkdir(exist_ok=True)
        path.write_bytes(data)
    kept.engine.drill(kept.target, PLACE)
    assert scan_files([place, tmp_path], [*SECRET, *TEXTS, kept.shop.ana.identity.hex()[:32]]) == []


def test_control_the_scan_sees_what_is_not_sealed(tmp_path):
    (tmp_path / "part").write_bytes(b"..." + SECRET[1].encode())
    assert scan_files([tmp_path], SECRET)
