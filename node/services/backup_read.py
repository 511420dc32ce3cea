"""Reading backups at a target: which there are, whether they are what was put there, and their rows. It writes nothing.

Every object is named by its hash, every manifest is signed by a live device of the identity and names its predecessor. So whoever
keeps a target can delete and withhold, and no more (docs/backup.md).
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from node.errors import IntegrityError, NotFound, UserError
from node.model.backup import (
    FORMAT,
    KEYRING_BYTES,
    MANIFEST_BYTES,
    MANIFEST_TYPE,
    OBJECT_BYTES,
    Keyring,
    Manifest,
    Part,
)
from protocol.codec import from_bytes
from protocol.encoding import decode
from protocol.envelope import Envelope, verify
from protocol.errors import ProtocolError
from protocol.identity import IdentityState, replay
from protocol.ids import digest

from .backup_ports import Cipher
from .backup_stream import Read, Unpacker, damaged
from .backup_target import Target

FOLDERS = "gemstra-"
_MANIFEST = re.compile(r"(gemstra-[0-9a-f]{16})/manifest-([0-9]{8})-([0-9a-f]{64})")
_SLOT_BYTES, _SECRET_BYTES = 8, 32


def folder_of(identity: bytes) -> str:
    """The folder of an identity's backups at every target."""
    return FOLDERS + identity[:8].hex()


def log_of(identity: bytes) -> bytes:
    """The log that an identity's manifests make."""
    return digest("backup", identity)


def part_name(folder: str, part: Part) -> str:
    """The name of a part at a target."""
    return f"{folder}/part-{part.hash.hex()}"


def keyring_name(folder: str, keyring: Part) -> str:
    """The name of a keyring at a target."""
    return f"{folder}/keys-{keyring.hash.hex()}"


def manifest_name(folder: str, number: int, sealed: bytes) -> str:
    """The name of a manifest at a target."""
    return f"{folder}/manifest-{number:08}-{hashlib.sha256(sealed).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Listed:
    """A manifest that lies at a target, by its name."""

    folder: str
    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A manifest that was opened and holds: signed by a device that was live, for the identity it names."""

    listed: Listed
    id: bytes
    envelope: Envelope
    manifest: Manifest
    state: IdentityState

    @property
    def folder(self) -> str:
        """Where its objects lie."""
        return self.listed.folder


Known = tuple[int, bytes] | None
"""The newest backup that is known from elsewhere: its number and id."""


def list_manifests(target: Target, folder: str = FOLDERS) -> list[Listed]:
    """The manifests at a target, newest first."""
    found = []
    for stored in target.entries(folder):
        match = _MANIFEST.fullmatch(stored.name)
        if match is not None:
            found.append(Listed(match[1], int(match[2]), stored.name))
    return sorted(found, key=lambda listed: (listed.number, listed.name), reverse=True)


def open_manifest(target: Target, cipher: Cipher, listed: Listed) -> Opened:
    """Read one. Raises IntegrityError `backup-damaged`, `backup-other-keys`, `backup-forged`; UserError `backup-newer`."""
    sealed = target.get(listed.name, OBJECT_BYTES)
    if manifest_name(listed.folder, listed.number, sealed) != listed.name:
        raise damaged(f"manifest {listed.number} is not what was put there")
    raw = cipher.decrypt(sealed)
    try:
        signed = verify(raw, MANIFEST_TYPE)
        require_known_format(signed.envelope.body)
        manifest = from_bytes(Manifest, signed.envelope.body, max_bytes=MANIFEST_BYTES)
        state = replay(manifest.presentation.inception, manifest.presentation.entries)
        state.require_live(signed.envelope.author)
    except ProtocolError as error:
        raise IntegrityError(
            f"Manifest {listed.number} isn't signed by a device of its identity: {error}.", code="backup-forged"
        ) from error
    envelope = signed.envelope
    if (state.identity, envelope.log, envelope.seq) != (manifest.identity, log_of(manifest.identity), listed.number):
        raise IntegrityError(f"Manifest {listed.number} was signed for another place.", code="backup-forged")
    if listed.folder != folder_of(manifest.identity):
        raise IntegrityError(f"Manifest {listed.number} lies in another identity's folder.", code="backup-forged")
    return Opened(listed, signed.id, envelope, manifest, state)


def open_newest(target: Target, cipher: Cipher, identity: bytes | None, known: Known = None) -> Opened:
    """The newest backup of an identity (None: of whoever the keys belong to).

    Raises NotFound `no-backup`; IntegrityError `backup-older` when a newer one is known, `backup-other-keys`, and as `open_manifest`.
    """
    listed = list_manifests(target, FOLDERS if identity is None else folder_of(identity))
    if not listed:
        if known is not None:
            raise older(known)
        raise NotFound("There is no backup at this place. Back up first, or choose another place.", code="no-backup")
    opened = None
    for folder in dict.fromkeys(item.folder for item in listed):
        try:
            opened = open_manifest(target, cipher, next(item for item in listed if item.folder == folder))
            break
        except IntegrityError as error:
            if error.code != "backup-other-keys":
                raise
    if opened is None:
        raise IntegrityError(
            "The backups at this place are sealed to other keys: another identity's, or another's words.", code="backup-other-keys"
        )
    if known is not None and (opened.envelope.seq, opened.id) != known and opened.envelope.seq <= known[0]:
        raise older(known)
    return opened


def open_numbered(target: Target, cipher: Cipher, newest: Opened, number: int) -> Opened:
    """An earlier backup of the same identity. Raises NotFound `no-backup`."""
    if number == newest.envelope.seq:
        return newest
    for listed in list_manifests(target, newest.folder):
        if listed.number == number:
            opened = open_manifest(target, cipher, listed)
            if opened.manifest.identity == newest.manifest.identity:
                return opened
    raise NotFound(f"There is no backup {number} at this place any more. Choose another one.", code="no-backup")


def check_chain(target: Target, cipher: Cipher, newest: Opened) -> int:
    """Hold every manifest that these keys open against its successor; how many are kept. Raises IntegrityError `backup-forged`.

    A device that came later doesn't open what was made before it; the sheet of words does.
    """
    kept = list_manifests(target, newest.folder)
    after = newest
    for listed in kept[1:]:
        try:
            opened = open_manifest(target, cipher, listed)
        except IntegrityError as error:
            if error.code == "backup-other-keys":
                break
            raise
        if opened.envelope.seq == after.envelope.seq - 1 and opened.id != after.envelope.prev:
            raise IntegrityError(f"Backup {after.envelope.seq} doesn't follow backup {opened.envelope.seq}.", code="backup-forged")
        after = opened
    return len(kept)


def open_keyring(target: Target, cipher: Cipher, newest: Opened) -> Keyring:
    """The keys as of the newest backup; they open the older ones too, but for who was erased since."""
    keyring = newest.manifest.keyring
    sealed = fetch(target, keyring_name(newest.folder, keyring), keyring, KEYRING_BYTES)
    try:
        return from_bytes(Keyring, cipher.decrypt(sealed), max_bytes=2 * KEYRING_BYTES)
    except ProtocolError as error:
        raise damaged("its keyring can't be read") from error


def secrets_of(keyring: Keyring) -> dict[int, bytes]:
    """Slot → key."""
    step, packed = _SLOT_BYTES + _SECRET_BYTES, keyring.slots
    starts = range(0, len(packed), step)
    return {int.from_bytes(packed[at : at + _SLOT_BYTES], "big"): packed[at + _SLOT_BYTES : at + step] for at in starts}


def read_rows(
    target: Target, cipher: Cipher, opened: Opened, secrets: Mapping[int, bytes], only: Callable[[int | None], bool] = lambda _: True
) -> Iterator[Read]:
    """The rows of a backup, in the order in which they take effect, one part of it in memory at a time."""
    parts = opened.manifest.parts
    for stream in sorted({part.stream for part in parts}):
        chosen = [part for part in parts if part.stream == stream]
        yield from Unpacker(cipher, secrets, only).read(_contents(target, cipher, opened.folder, chosen))


def _contents(target: Target, cipher: Cipher, folder: str, parts: Sequence[Part]) -> Iterator[bytes]:
    for part in parts:
        yield cipher.decrypt(fetch(target, part_name(folder, part), part, OBJECT_BYTES))


def fetch(target: Target, name: str, part: Part, most: int) -> bytes:
    """An object that a manifest names. Raises IntegrityError `backup-missing`, `backup-damaged`."""
    try:
        data = target.get(name, min(most, part.size))
    except NotFound as error:
        raise IntegrityError(f"This backup is incomplete: {name} is no longer at the target.", code="backup-missing") from error
    if len(data) != part.size or hashlib.sha256(data).digest() != part.hash:
        raise damaged(f"{name} is not what was put there")
    return data


def older(known: tuple[int, bytes]) -> IntegrityError:
    """A newer backup than what the target shows is known."""
    return IntegrityError(
        f"The target shows an older backup than number {known[0]}, which exists: it was set back, or something was deleted there.",
        code="backup-older",
    )


def require_known_format(body: bytes) -> None:
    """Raises UserError `backup-newer`."""
    tree = decode(body, max_bytes=MANIFEST_BYTES)
    if isinstance(tree, dict) and isinstance(tree.get(0), int) and tree[0] > FORMAT:
        raise UserError("This backup was made by a newer Gemstra: install the newer version.", code="backup-newer")
