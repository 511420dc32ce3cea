"""Making and opening a vault. It decides what is kept and what only paper holds; records are made by the caller in between.

draft = prepare()                 24 + 12 words, root key, device keys
…the caller makes inception record and device certificate with draft.root…
keys = create(folder, passphrase, draft, profile)      draft forgotten: the root key is off the device
keys = unlock(folder, passphrase); keys.lock()
"""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from nacl.bindings import crypto_scalarmult_base

from node.errors import ConflictError, IntegrityError, Unavailable, UserError

from . import binding, derive, kdf, keyfile, sealing, words
from .attempts import Attempts
from .contents import Contents, encoded
from .keys import Ed25519Signer, Keys, Profile, Secrets, wipe
from .opening import CONTENTS, Opening, contents_of, damaged

_deriving = threading.Lock()


class Draft:
    """An identity in the making. Show `words` and `rotation_words` once; `create` forgets the rest."""

    def __init__(self, entropy: bytes, rotation: bytes) -> None:
        self.words = words.to_words(entropy)
        self.rotation_words = words.to_words(rotation)
        self.root = Ed25519Signer(derive.root_seed(entropy))
        following = Ed25519Signer(derive.next_root_seed(rotation))
        self.next_root = following.public
        """The 32-byte key whose hash the inception record commits to."""
        following.wipe()
        self.recovery = crypto_scalarmult_base(derive.recovery_seed(entropy))
        """X25519, 32 bytes."""
        self.secrets = Secrets(
            device=bytearray(os.urandom(32)),
            agreement=bytearray(os.urandom(32)),
            pseudonyms=bytearray(derive.pseudonym_seed(entropy)),
            store=bytearray(os.urandom(32)),
            wallet=bytearray(derive.wallet_entropy(entropy)),
            generations=[bytearray(os.urandom(32))],
        )
        self.device = Ed25519Signer(self.secrets.device)
        self.agreement = crypto_scalarmult_base(bytes(self.secrets.agreement))
        """X25519, 32 bytes."""

    def forget(self) -> None:
        """Wipe the root key and the words held here; the device's secrets live on in the unlocked keys."""
        self.root.wipe()
        self.device.wipe()
        self.words = self.rotation_words = ""


def prepare(phrase: str | None = None, rotation_phrase: str | None = None) -> Draft:
    """Fresh words, or those of a person's sheets. Raises UserError `bad-words`."""
    return Draft(words.entropy(phrase, words.RECOVERY_BYTES), words.entropy(rotation_phrase, words.ROTATION_BYTES))


def create(folder: Path, passphrase: str, draft: Draft, profile: Profile, *, costs: kdf.Profile | None = None) -> Keys:
    """Write the vault into `folder` (made 0700 where missing) and return it unlocked; the draft is forgotten.

    `costs` None measures this machine (about a second). Raises ConflictError `vault-exists`, UserError `passphrase-too-short`.
    """
    write_new(folder, passphrase, profile, draft.secrets, costs=costs)
    keys = Keys(profile, draft.secrets)
    draft.forget()
    return keys


def write_new(folder: Path, passphrase: str, profile: Profile, secrets: Secrets, *, costs: kdf.Profile | None = None) -> None:
    """Write the vault of secrets that are at hand, as `create` does and raises."""
    kdf.check_new(passphrase)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / keyfile.NAME).exists():
        raise ConflictError(f"There is a vault in {folder} already: choose another folder.", code="vault-exists")
    _write(folder, passphrase, encoded(Contents(profile, secrets)), costs or kdf.calibrate())


def open_file(folder: Path, passphrase: str, clock: Callable[[], int] | None = None) -> Opening:
    """The vault, so that it can also be written. Takes 0.5 to 1 s: call it from a thread.

    Raises UserError `wrong-passphrase`, `too-many-attempts`; Unavailable `unlock-busy` while another derivation runs;
    NotFound `no-vault`, `device-secret-missing`; Unavailable `no-keyring`; IntegrityError `damaged`, `newer-vault`.
    """
    file = keyfile.load(folder)
    return Opening(folder, file, _master(folder, file, passphrase, clock))


def unlock(folder: Path, passphrase: str, clock: Callable[[], int] | None = None) -> Keys:
    """Open the vault. Raises as `open_file` does, and ConflictError `unfinished` while a change of keys is under way."""
    return open_file(folder, passphrase, clock).keys()


def check_passphrase(folder: Path, passphrase: str, clock: Callable[[], int] | None = None) -> None:
    """Whether the person at the desk is the one who knows it. Takes as long as unlocking; raises as `open_file` does."""
    file = keyfile.load(folder)
    wipe(bytearray(_master(folder, file, passphrase, clock)))


def wallet_phrase(folder: Path, passphrase: str, clock: Callable[[], int] | None = None) -> str:
    """The wallet's 12 words, for opening it in another wallet. Asks for the passphrase again; raises as `unlock` does."""
    opening = open_file(folder, passphrase, clock)
    phrase = words.to_words(bytes(opening.secrets.wallet))
    opening.wipe()
    return phrase


def change_passphrase(
    folder: Path, old: str, new: str, *, costs: kdf.Profile | None = None, clock: Callable[[], int] | None = None
) -> None:
    """Wrap anew under `new`, at costs measured anew; the old file stays until the new one is on the disk.

    Raises as `open_file` and `create` do.
    """
    kdf.check_new(new)
    file = keyfile.load(folder)
    master = _master(folder, file, old, clock)
    contents = contents_of(file, master)
    _write(folder, new, contents, costs or kdf.calibrate(), file.device)


def bind_device(folder: Path, passphrase: str, clock: Callable[[], int] | None = None) -> None:
    """Mix a secret of this computer's keyring into the key. Raises as `open_file`; ConflictError `bound`; Unavailable `no-keyring`."""
    file = keyfile.load(folder)
    if file.device:
        raise ConflictError("This vault is bound to this computer already.", code="bound")
    _rebind(folder, file, passphrase, clock, binding.make)


def unbind_device(folder: Path, passphrase: str, clock: Callable[[], int] | None = None) -> None:
    """Have the passphrase alone open it again. Raises as `open_file`; ConflictError `not-bound`; Unavailable `no-keyring`."""
    file = keyfile.load(folder)
    if not file.device:
        raise ConflictError("This vault is not bound to a computer.", code="not-bound")
    _rebind(folder, file, passphrase, clock, lambda: b"")
    binding.forget(file.device)


def is_bound(folder: Path) -> bool:
    """Whether a secret of the keyring is needed to open it. Raises as `keyfile.load`."""
    return bool(keyfile.load(folder).device)


def _rebind(folder: Path, file: keyfile.KeyFile, passphrase: str, clock: Callable[[], int] | None, device: Callable[[], bytes]) -> None:
    master = _master(folder, file, passphrase, clock)
    contents = contents_of(file, master)
    _write(folder, passphrase, contents, file.costs, device())


def _write(folder: Path, passphrase: str, contents: bytes, costs: kdf.Profile, device: bytes = b"") -> None:
    salt, master = os.urandom(kdf.SALT_BYTES), os.urandom(sealing.KEY_BYTES)
    header = keyfile.KeyFile(costs, salt, b"", b"", device).header()
    key = binding.mixed(kdf.derive(passphrase, salt, costs), binding.secret_of(device))
    wrapped = sealing.seal(key, "vault master", master, header)
    sealed = sealing.seal(master, CONTENTS, contents, header)
    keyfile.save(folder, keyfile.KeyFile(costs, salt, wrapped, sealed, device))


def _master(folder: Path, file: keyfile.KeyFile, passphrase: str, clock: Callable[[], int] | None) -> bytes:
    if not _deriving.acquire(blocking=False):
        raise Unavailable("Another passphrase is being tried: wait a moment.", code="unlock-busy")
    try:
        secret = binding.secret_of(file.device)  # first: a keyring that is not there is no wrong try
        attempts = Attempts(folder)
        attempts.begin(clock() if clock else time.time_ns() // 1_000_000)
        try:
            key = binding.mixed(kdf.derive(passphrase, file.salt, file.costs), secret)
            master = sealing.unseal(key, "vault master", file.master, file.header())
        except IntegrityError as error:
            if error.code != "wrong-key":
                raise damaged() from error
            raise UserError("That passphrase doesn't open this vault.", code="wrong-passphrase") from error
        attempts.succeeded()
        return master
    finally:
        _deriving.release()
