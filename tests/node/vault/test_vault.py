import json
import stat
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from nacl.signing import VerifyKey

from node import canary
from node.errors import ConflictError, IntegrityError, Locked, NotFound, Unavailable, UserError
from node.services.unit import Me
from node.vault import kdf, keyfile
from node.vault.attempts import FREE, MAX_PAUSE_MS
from node.vault.kdf import Profile as Costs
from node.vault.vault import change_passphrase, create, prepare, unlock, wallet_phrase

ROOT = Path(__file__).parents[3]
PASSPHRASE = "correct horse battery"
WEAK = Costs(memory_kib=64, passes=1, lanes=1)


def refused(error, code, call):
    with pytest.raises(error) as caught:
        call()
    assert caught.value.code == code, caught.value
    return str(caught.value)


def test_unlocking_gives_back_what_was_made(folder, keys, profile):
    again = unlock(folder, PASSPHRASE)
    for name in ("identity", "role", "name", "currency", "payout_index", "agreement", "device_seed", "store_key"):
        assert getattr(again, name) == getattr(keys, name)
    assert again.device.public == keys.device.public
    assert again.member_key(b"m" * 32).public == keys.member_key(b"m" * 32).public
    assert again.chain_address(2) == keys.chain_address(2)
    assert again.open("p", keys.seal("p", b"x", b""), b"") == b"x"
    assert (again.identity, again.name) == (profile.identity, "Ana Quillfeather")


def test_keys_are_the_port_services_see(keys):
    me: Me = keys
    assert me.role == "seller"


def test_the_same_words_are_the_same_identity_on_another_device(folder, profile, tmp_path):
    draft = prepare()
    sheet, rotation, root, following, recovery = draft.words, draft.rotation_words, draft.root.public, draft.next_root, draft.recovery
    VerifyKey(root).verify(b"inception", draft.root.sign(b"inception"))
    keys = create(folder, PASSPHRASE, draft, profile, costs=WEAK)
    assert (len(sheet.split()), len(rotation.split())) == (24, 12)
    assert (draft.words, draft.rotation_words) == ("", "")
    with pytest.raises(Locked):
        draft.root.sign(b"later")  # the root key is off the device
    other = prepare(sheet, rotation)
    assert (other.root.public, other.next_root, other.recovery) == (root, following, recovery)
    moved = create(tmp_path / "other", PASSPHRASE, other, profile, costs=WEAK)
    assert moved.chain_address(0) == keys.chain_address(0)
    assert moved.member_key(b"m" * 32).public == keys.member_key(b"m" * 32).public
    assert moved.device.public != keys.device.public
    assert moved.store_key != keys.store_key


def test_the_wallets_own_words_open_its_addresses_and_are_not_the_24(folder, profile):
    from eth_account.hdaccount import key_from_seed, seed_from_mnemonic
    from eth_keys import keys as eth

    draft = prepare()
    sheet = draft.words
    keys = create(folder, PASSPHRASE, draft, profile, costs=WEAK)
    phrase = wallet_phrase(folder, PASSPHRASE)
    secret = key_from_seed(seed_from_mnemonic(phrase, ""), "m/44'/60'/0'/0/1")
    assert eth.PrivateKey(secret).public_key.to_canonical_address() == keys.chain_address(1)
    assert phrase not in sheet
    refused(UserError, "wrong-passphrase", lambda: wallet_phrase(folder, "wrong"))


def test_files_are_the_owners_alone_and_hold_nothing_readable(folder, profile):
    draft = prepare()
    planted = [draft.words, draft.rotation_words, PASSPHRASE, profile.name]
    secrets = [bytes(secret).hex() for secret in (draft.secrets.device, draft.secrets.store, draft.secrets.wallet)]
    create(folder, PASSPHRASE, draft, profile, costs=WEAK)
    refused(UserError, "wrong-passphrase", lambda: unlock(folder, "wrong"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert modes == {"vault.json": 0o600, "attempts.json": 0o600}
    assert canary.scan_files([folder], [*planted, *secrets]) == []
    (folder / "control").write_text(json.dumps({"seed": secrets[0], "name": profile.name}))
    assert {hit.needle for hit in canary.scan_files([folder], [*planted, *secrets])} == {secrets[0], profile.name}


def test_a_second_vault_in_the_folder_is_refused(folder, keys, profile):
    refused(ConflictError, "vault-exists", lambda: create(folder, PASSPHRASE, prepare(), profile, costs=WEAK))
    assert unlock(folder, PASSPHRASE).identity == keys.identity


def test_a_short_passphrase_makes_no_vault(folder, profile):
    refused(UserError, "passphrase-too-short", lambda: create(folder, "short", prepare(), profile, costs=WEAK))
    assert not folder.exists()


def test_no_vault_is_named(folder):
    assert "gemstra init" in refused(NotFound, "no-vault", lambda: unlock(folder, PASSPHRASE))


@pytest.mark.usefixtures("keys")
def test_wrong_passphrases_slow_down_over_restarts(folder, clock):
    for _ in range(FREE):
        refused(UserError, "wrong-passphrase", lambda: unlock(folder, "wrong", clock))
    message = refused(UserError, "too-many-attempts", lambda: unlock(folder, PASSPHRASE, clock))
    assert "1 seconds" in message
    code = textwrap.dedent(f"""
        from pathlib import Path
        from node.errors import UserError
        from node.vault.vault import unlock
        try:
            unlock(Path({str(folder)!r}), {PASSPHRASE!r}, lambda: {clock.now})
        except UserError as error:
            print(error.code)
    """)
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert ran.stdout == "too-many-attempts\n"
    clock.now += 1000
    refused(UserError, "wrong-passphrase", lambda: unlock(folder, "wrong", clock))
    clock.now += 1999
    refused(UserError, "too-many-attempts", lambda: unlock(folder, "wrong", clock))
    clock.now += 1
    unlock(folder, PASSPHRASE, clock)
    assert [file.name for file in folder.iterdir()] == ["vault.json"]
    unlock(folder, PASSPHRASE, clock)


@pytest.mark.usefixtures("keys")
def test_the_pause_is_bounded_and_a_clock_set_back_does_not_lock_out(folder, clock):
    for _ in range(20):
        refused(UserError, "wrong-passphrase", lambda: unlock(folder, "wrong", clock))
        clock.now += MAX_PAUSE_MS
    clock.now -= 10**12
    refused(UserError, "too-many-attempts", lambda: unlock(folder, PASSPHRASE, clock))
    clock.now += MAX_PAUSE_MS
    refused(UserError, "too-many-attempts", lambda: unlock(folder, PASSPHRASE, clock))


@pytest.mark.usefixtures("keys")
def test_killed_during_a_try_the_try_is_counted(folder, clock, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(kdf, "derive", killed)
    for _ in range(FREE):
        with pytest.raises(KeyboardInterrupt):
            unlock(folder, "wrong", clock)
    refused(UserError, "too-many-attempts", lambda: unlock(folder, "wrong", clock))


@pytest.mark.usefixtures("keys")
def test_one_derivation_at_a_time(folder, monkeypatch):
    inside, release = threading.Event(), threading.Event()
    real = kdf.derive

    def slow(*arguments):
        inside.set()
        assert release.wait(10)
        return real(*arguments)

    monkeypatch.setattr(kdf, "derive", slow)
    first = threading.Thread(target=unlock, args=(folder, PASSPHRASE))
    first.start()
    assert inside.wait(10)
    refused(Unavailable, "unlock-busy", lambda: unlock(folder, PASSPHRASE))
    release.set()
    first.join(10)
    unlock(folder, PASSPHRASE)


@pytest.mark.usefixtures("keys")
def test_changing_the_passphrase(folder):
    change_passphrase(folder, PASSPHRASE, "another passphrase", costs=WEAK)
    refused(UserError, "wrong-passphrase", lambda: unlock(folder, PASSPHRASE))
    unlock(folder, "another passphrase")
    refused(UserError, "wrong-passphrase", lambda: change_passphrase(folder, PASSPHRASE, "yet another", costs=WEAK))


def spoil(document, name):
    text = document[name]
    document[name] = text[:-1] + ("0" if text[-1] != "0" else "1")


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: spoil(d, "contents"), "damaged"),
        (lambda d: spoil(d, "master"), "damaged"),
        (lambda d: d.update(version=3), "newer-vault"),
        (lambda d: d.update(version=2), "damaged"),  # bound to a computer, and to none
        (lambda d: d.update(format="other"), "damaged"),
        (lambda d: d.pop("kdf"), "damaged"),
        (lambda d: d.update(contents="zz"), "damaged"),
        (lambda d: d["kdf"].update(memory_kib=1 << 40), "damaged"),
        (lambda d: d["kdf"].update(memory_kib="much"), "damaged"),
    ],
)
def test_a_spoiled_file_is_named(folder, change, code):
    path = folder / keyfile.NAME
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    refused(IntegrityError, code, lambda: unlock(folder, PASSPHRASE))


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("size", [0, 1, 100, 400])
def test_a_file_cut_short_is_named(folder, size):
    path = folder / keyfile.NAME
    path.write_bytes(path.read_bytes()[:size])
    refused(IntegrityError, "damaged", lambda: unlock(folder, PASSPHRASE))


@pytest.mark.usefixtures("keys")
def test_a_write_that_fails_leaves_the_old_file(folder, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keyfile.os, "fsync", full)
    refused(Unavailable, "disk-failed", lambda: keyfile.write_atomically(folder / keyfile.NAME, b"new"))
    monkeypatch.undo()
    unlock(folder, PASSPHRASE)
    assert not (folder / "vault.json.new").exists()
