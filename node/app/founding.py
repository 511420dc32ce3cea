"""Founding an identity: words, keys, inception record, first device, store and vault, so that a crash leaves nothing half made."""

import os
from pathlib import Path

from node.errors import ConflictError
from node.model.identity import Founded, Founder, Sheets
from node.store.catalog_file import files_of
from node.store.store import Store, wall_clock
from node.vault import keyfile, vault
from node.vault import words as sheets
from node.vault.kdf import Profile as Costs
from node.vault.keys import Keys, Profile
from protocol.codec import to_bytes
from protocol.identity import DeviceAdded, DeviceCertificate, Inception, Presentation, begin, root_commitment, sign_entry

STORE_FILE = "node.db"


def new_words() -> Sheets:
    """Fresh words for both sheets. Nothing is kept until `found` takes them."""
    recovery, rotation = os.urandom(sheets.RECOVERY_BYTES), os.urandom(sheets.ROTATION_BYTES)
    return Sheets(sheets.to_words(recovery), sheets.to_words(rotation))


def own_words(recovery: str, rotation: str = "") -> Sheets:
    """A person's own sheets, checked; a fresh second sheet where they have none. Raises UserError `bad-words`."""
    first = sheets.to_words(sheets.from_words(recovery, sheets.RECOVERY_BYTES))
    return Sheets(first, sheets.to_words(sheets.entropy(rotation.strip() or None, sheets.ROTATION_BYTES)))


def found(folder: Path, passphrase: str, founder: Founder, words: Sheets | None = None, *, costs: Costs | None = None) -> Founded:
    """Make the vault and store in `folder`. Takes about two seconds: call it from a thread.

    The vault file is written last: until it is there, nothing is; a store without a vault is left over from a crash and goes.
    Raises ConflictError `vault-exists`, UserError `passphrase-too-short`, `bad-words`.
    """
    if (folder / keyfile.NAME).exists():
        raise ConflictError(f"There is a node in {folder} already. Unlock it, or choose another folder.", code="vault-exists")
    draft = vault.prepare(words.recovery, words.rotation) if words else vault.prepare()
    inception = Inception(draft.root.public, draft.recovery, root_commitment(draft.next_root), founder.role, wall_clock())
    certificate = DeviceCertificate(inception.identity, draft.device.public, draft.agreement, founder.name, inception.created)
    entry = sign_entry(begin(inception), draft.root, DeviceAdded(certificate), created=inception.created)
    profile = Profile(inception.identity, founder.role.value, founder.name, founder.currency, recovery=draft.recovery)
    shown = Founded(draft.words.split(), draft.rotation_words.split(), inception.identity.hex())
    _make_store(folder, Keys(profile, draft.secrets), Presentation(to_bytes(inception), (entry.raw,)))
    vault.create(folder, passphrase, draft, profile, costs=costs).lock()
    return shown


def clear(folder: Path) -> None:
    """Without the store, and the catalog file beside it, that a run before left in the folder."""
    for name in (STORE_FILE, f"{STORE_FILE}-wal", f"{STORE_FILE}-shm"):
        (folder / name).unlink(missing_ok=True)
    for file in files_of(folder / STORE_FILE):
        file.unlink(missing_ok=True)


def _make_store(folder: Path, keys: Keys, presentation: Presentation) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    clear(folder)
    store = Store.open(folder / STORE_FILE, keys.store_key, keys)
    try:
        store.write_now(lambda unit: unit.peers.found(presentation))
    finally:
        store.close()
