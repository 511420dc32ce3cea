"""Setting a node up from words and a backup, on a machine that has neither vault nor store; and looking at a backup without a node.

The vault is written last, as in founding: until it is there nothing is, and a store without one is left over from a run that was cut
off. So a restore that was killed is simply run again.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from node.app.founding import STORE_FILE, clear
from node.errors import ConflictError, UserError
from node.model.backup import Keyring
from node.services import backup_arrival, backups
from node.services.backup_check import load
from node.services.backup_read import Known, Opened, open_keyring, open_newest, open_numbered
from node.services.backup_target import Target
from node.services.backups import CheckedView
from node.store.load import Loading
from node.store.store import Store, wall_clock
from node.vault import kdf, keyfile, sheets, vault
from node.vault.backup_cipher import BackupCipher
from node.vault.kdf import Profile as Costs
from node.vault.keys import Ed25519Signer, Keys, Profile, Secrets


@dataclass(frozen=True, slots=True)
class SetUpView:
    """A node that was set up from backup `number`, made at `created` (ms). `withheld` rows belonged to customers erased since then."""

    identity: str
    name: str
    role: str
    number: int
    manifest: str
    created: int
    newest: int
    rows: int
    withheld: int


def look(phrase: str, target: Target, *, known: Known = None, number: int = 0) -> CheckedView:
    """Read everything of a backup (`number` 0 = the newest) with the words of the sheet, and check it. Nothing is written.

    Raises UserError `bad-words`, NotFound `no-backup`, IntegrityError (docs/backup.md), and what the target raises.
    """
    secret = sheets.opening_secret(phrase)
    return backups.verify(target, BackupCipher(lambda: [secret]), None, known, number)


def restore(
    folder: Path, passphrase: str, phrase: str, target: Target, *, known: Known = None, number: int = 0, costs: Costs | None = None
) -> SetUpView:
    """Set a node up in `folder` from the sheet that holds the root key and a backup. Takes a while: call it from a thread.

    Raises what `look` raises; ConflictError `vault-exists`; UserError `passphrase-too-short`, `not-the-root`, `newer-schema`,
    `folder-unusable`.
    """
    require_free(folder)
    kdf.check_new(passphrase)
    sheet, secret = sheets.read(phrase), sheets.opening_secret(phrase)
    try:
        cipher = BackupCipher(lambda: [secret])
        newest = open_newest(target, cipher, None, known)
        opened = open_numbered(target, cipher, newest, number) if number else newest
        keyring = open_keyring(target, cipher, newest)
        identity, role = newest.manifest.identity, newest.state.role
        profile = Profile(identity, role.value, keyring.name, keyring.currency, keyring.payout_index, recovery=sheet.recovery)
        secrets = _secrets(keyring)
        clear(folder)
        try:
            with _loading(folder, secrets, opened) as loading:
                loaded = load(target, cipher, opened, keyring, loading)
                loading.seal(opened.manifest.sequences, keyring.following)
            _enter(folder, Keys(profile, secrets), sheet.root, opened, newest)
            vault.write_new(folder, passphrase, profile, secrets, costs=costs)
        except BaseException:
            clear(folder)
            raise
        finally:
            secrets.wipe()
    finally:
        sheet.wipe()
    return SetUpView(
        profile.identity.hex(),
        profile.name,
        profile.role,
        opened.envelope.seq,
        opened.id.hex(),
        opened.envelope.created,
        newest.envelope.seq,
        loaded.rows,
        loaded.withheld,
    )


def require_free(folder: Path) -> None:
    """Raises ConflictError `vault-exists`, UserError `folder-unusable`."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        taken = (folder / keyfile.NAME).exists()
    except OSError as error:
        raise UserError(f"{folder} can't be used: {error.strerror}. Name another folder with --data.", code="folder-unusable") from error
    if taken:
        raise ConflictError(f"There is a node in {folder} already. Choose another folder.", code="vault-exists")


def _secrets(keyring: Keyring) -> Secrets:
    """A new device's own, and what every device of the identity shares."""
    return Secrets(
        device=bytearray(os.urandom(32)),
        agreement=bytearray(os.urandom(32)),
        pseudonyms=bytearray(keyring.pseudonyms),
        store=bytearray(os.urandom(32)),
        wallet=bytearray(keyring.wallet),
        generations=[bytearray(seed) for seed in keyring.seeds],
    )


@contextmanager
def _loading(folder: Path, secrets: Secrets, opened: Opened) -> Iterator[Loading]:
    loading = Loading(folder / STORE_FILE, bytes(secrets.store), opened.manifest.schema, wall_clock())
    try:
        yield loading
    finally:
        loading.close()


def _enter(folder: Path, keys: Keys, root: Ed25519Signer, opened: Opened, newest: Opened) -> None:
    """Bring the rows to this program's schema, and make them this node's."""
    store = Store.open(folder / STORE_FILE, keys.store_key, keys)
    try:
        store.write_now(backup_arrival.arrive, root, keys.agreement, opened, newest)
    finally:
        store.close()
