"""A vault bound to its computer's keyring: a copy opens nowhere else, and a keyring that is lost is named, not called a wrong passphrase."""

import json
import shutil

import keyring
import pytest
from keyring.backends import fail

from node.errors import ConflictError, IntegrityError, NotFound, Unavailable, UserError
from node.vault import keyfile
from node.vault.kdf import Profile as Costs
from node.vault.vault import bind_device, change_passphrase, is_bound, unbind_device, unlock

PASSPHRASE = "correct horse battery"
WEAK = Costs(memory_kib=64, passes=1, lanes=1)


def refused(error, code, call):
    with pytest.raises(error) as caught:
        call()
    assert caught.value.code == code, caught.value


def test_bound_it_opens_with_the_keyring_and_not_without(ring, folder, keys):
    assert not is_bound(folder)
    refused(UserError, "wrong-passphrase", lambda: bind_device(folder, "wrong"))
    assert ring.kept == {}
    bind_device(folder, PASSPHRASE)
    assert is_bound(folder)
    assert unlock(folder, PASSPHRASE).identity == keys.identity
    refused(UserError, "wrong-passphrase", lambda: unlock(folder, "wrong"))
    refused(ConflictError, "bound", lambda: bind_device(folder, PASSPHRASE))
    [(name, secret)] = ring.kept.items()
    assert secret not in (folder / keyfile.NAME).read_text()

    ring.kept[name] = "00" * 32  # another secret
    refused(UserError, "wrong-passphrase", lambda: unlock(folder, PASSPHRASE))
    (folder / "attempts.json").unlink()
    del ring.kept[name]
    for _ in range(10):
        refused(NotFound, "device-secret-missing", lambda: unlock(folder, PASSPHRASE))
    keyring.set_keyring(fail.Keyring())
    refused(Unavailable, "no-keyring", lambda: unlock(folder, PASSPHRASE))
    assert not (folder / "attempts.json").exists()  # none of these was a wrong try
    keyring.set_keyring(ring)
    ring.kept[name] = secret
    assert unlock(folder, PASSPHRASE).identity == keys.identity


def test_a_folder_that_moves_on_the_same_computer_still_opens(ring, folder, keys, tmp_path):
    bind_device(folder, PASSPHRASE)
    shutil.move(folder, tmp_path / "elsewhere")
    assert unlock(tmp_path / "elsewhere", PASSPHRASE).identity == keys.identity
    assert len(ring.kept) == 1


@pytest.mark.usefixtures("keys")
def test_a_change_of_the_passphrase_leaves_it_bound_and_unbinding_ends_it(ring, folder):
    bind_device(folder, PASSPHRASE)
    change_passphrase(folder, PASSPHRASE, "another passphrase", costs=WEAK)
    assert is_bound(folder)
    refused(UserError, "wrong-passphrase", lambda: unbind_device(folder, PASSPHRASE))
    unbind_device(folder, "another passphrase")
    assert (is_bound(folder), ring.kept) == (False, {})
    unlock(folder, "another passphrase")
    refused(ConflictError, "not-bound", lambda: unbind_device(folder, "another passphrase"))


@pytest.mark.usefixtures("keys", "ring")
@pytest.mark.parametrize(
    "change", [lambda d: d.update(version=1), lambda d: d["kdf"].pop("device"), lambda d: d["kdf"].update(device="zz")]
)
def test_a_file_that_denies_it_is_bound_does_not_open(folder, change):
    bind_device(folder, PASSPHRASE)
    path = folder / keyfile.NAME
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises((IntegrityError, UserError)) as caught:
        unlock(folder, PASSPHRASE)
    assert caught.value.code in ("damaged", "wrong-passphrase")


@pytest.mark.usefixtures("keys")
def test_without_a_keyring_nothing_is_bound(folder):
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    try:
        refused(Unavailable, "no-keyring", lambda: bind_device(folder, PASSPHRASE))
    finally:
        keyring.set_keyring(before)
    assert not is_bound(folder)
    unlock(folder, PASSPHRASE)
