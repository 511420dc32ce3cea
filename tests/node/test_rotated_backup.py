"""A backup made after the rotation sheet took over: the sheet that signs restores it, the words that were stolen do not."""

import os

import pytest

from node.app import generation, restoring
from node.app.founding import STORE_FILE
from node.errors import IntegrityError, NodeError
from node.model.identity import Step
from node.services import devices
from node.store.store import Store
from node.vault import seals, sheets, vault
from node.vault.backup_cipher import BackupCipher
from tests.node.desk import COSTS, PASSPHRASE, ROTATION, WORDS, Desk
from tests.node.services.vaulted import Vaulted

NEXT = "legal winner thank year wave sausage worth useful legal winner thank yellow"


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path / "old")
    desk.store.write_now(lambda unit: Vaulted.add(None, unit, 10))
    yield desk
    desk.close()


def rotate(desk):
    """As node/app/keys.py decides it; then the node opened anew, at the same target."""
    standing, sheet, seed = desk.store.read_now(devices.standing), sheets.read(ROTATION), os.urandom(32)
    sealed = seals.seal_seed(seed, [desk.keys.agreement, sheet.recovery])
    entries = devices.rotation(standing, sheet.root, sheets.next_root(NEXT), seals.hash_of(sealed))
    desk.close()
    opening = vault.open_file(desk.folder, PASSPHRASE)
    step = Step(1, seed, os.urandom(32), standing.payout_index, sheet.recovery, entries, sealed, ())
    generation.begin(desk.folder, opening, step)
    generation.complete(desk.folder, opening).lock()
    desk.open(desk.folder)


def restored(desk, folder, words):
    return restoring.restore(folder, PASSPHRASE, words, desk.target, costs=COSTS)


def test_the_sheet_that_signs_restores_and_the_stolen_words_do_not(desk, tmp_path):
    desk.make()
    assert restored(desk, tmp_path / "before", WORDS).number == 1  # control: before the rotation they do
    address, name = desk.keys.chain_address(0), desk.keys.member_key(b"m" * 32).public
    rotate(desk)
    made = desk.make()
    assert made.whole  # sealed anew to other recipients, from the first row on
    with pytest.raises(NodeError):
        restored(desk, tmp_path / "thief", WORDS)
    assert not (tmp_path / "thief" / "vault.json").exists()

    assert restored(desk, tmp_path / "new", ROTATION).number == made.number
    keys = vault.unlock(tmp_path / "new", PASSPHRASE)
    assert (keys.identity, keys.chain_address(0), keys.member_key(b"m" * 32).public) == (desk.keys.identity, address, name)
    assert (keys.generation, keys.recovery_public) == (1, sheets.read(ROTATION).recovery)
    store = Store.open(tmp_path / "new" / STORE_FILE, keys.store_key, keys)
    shown = store.read_now(devices.show)
    assert (shown.rotations, shown.generation, [row.state for row in shown.devices]) == (1, 1, ["live", "live"])
    store.close()
    keys.lock()


def test_every_object_of_the_new_backup_is_closed_to_the_stolen_words(desk):
    rotate(desk)
    desk.make()
    thief, owner = (BackupCipher(lambda phrase=phrase: [sheets.opening_secret(phrase)]) for phrase in (WORDS, ROTATION))
    opened = 0
    for data in desk.target.objects.values():
        with pytest.raises(IntegrityError):
            thief.decrypt(data)
        try:
            owner.decrypt(data)
            opened += 1
        except IntegrityError:  # a pointer in the open, no sealed object
            continue
    assert opened >= 3
