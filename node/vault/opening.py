"""A vault file that a passphrase opened: it can be written again without another derivation, step by step.

opening = vault.open_file(folder, passphrase)
opening.begin(step)       the step is in the file; from here on an unlock completes it
…the caller brings root log, store and everything sealed to the new generation…
opening.finish()          the step's keys are the vault's keys
"""

from dataclasses import replace
from pathlib import Path

from node.errors import ConflictError, IntegrityError
from node.model.identity import Step

from . import keyfile, sealing
from .contents import Contents, decoded, encoded
from .keys import Keys, Profile, Secrets, wipe

CONTENTS = "vault contents"


def contents_of(file: keyfile.KeyFile, master: bytes) -> bytes:
    """What the file's master key opens. Raises IntegrityError `damaged`: the passphrase was right."""
    try:
        return sealing.unseal(master, CONTENTS, file.contents, file.header())
    except IntegrityError as error:
        raise damaged() from error


def damaged() -> IntegrityError:
    """A file that the right passphrase does not open."""
    text = f"The passphrase is right, but {keyfile.NAME} is damaged. Restore the folder from a backup, with your words."
    return IntegrityError(text, code="damaged")


class Opening:
    """The contents in hand and the master key they are sealed under. `wipe` it, or hand its secrets to `keys`."""

    def __init__(self, folder: Path, file: keyfile.KeyFile, master: bytes) -> None:
        self._folder = folder
        self._file = file
        self._master = bytearray(master)
        self._contents = decoded(contents_of(file, master))

    @property
    def profile(self) -> Profile:
        """Who the vault belongs to."""
        return self._contents.profile

    @property
    def secrets(self) -> Secrets:
        """What it keeps."""
        return self._contents.secrets

    @property
    def step(self) -> Step | None:
        """A change of keys that is under way."""
        return self._contents.step

    def begin(self, step: Step) -> None:
        """Write the step into the file. Raises ConflictError `unfinished` when another is under way; Unavailable `disk-failed`."""
        if self.step is not None:
            raise ConflictError("A change of keys is under way. Unlock once, and it is completed.", code="unfinished")
        self._write(replace(self._contents, step=step))

    def under_way(self) -> Keys:
        """Keys that open every generation and seal under the step's; the store still has its old key."""
        assert self.step is not None
        return Keys(self._after(self.step).profile, _copy(self.secrets, self.step.seed))

    def finish(self) -> None:
        """The step is everywhere: its keys become the vault's. Raises Unavailable `disk-failed`."""
        assert self.step is not None
        before = self.secrets
        self._write(self._after(self.step))
        before.wipe()

    def keys(self) -> Keys:
        """The unlocked keys; what else was in hand is wiped. Raises ConflictError `unfinished` while a step is under way."""
        if self.step is not None:
            raise ConflictError("A change of keys is under way. Unlock the node, and it is completed.", code="unfinished")
        wipe(self._master)
        return Keys(self.profile, self.secrets)

    def wipe(self) -> None:
        """Forget everything in hand."""
        wipe(self._master)
        self.secrets.wipe()

    def _after(self, step: Step) -> Contents:
        profile = replace(self.profile, payout_index=step.payout_index, recovery=step.recovery)
        secrets = _copy(self.secrets, step.seed)
        secrets.store = bytearray(step.store)
        return Contents(profile, secrets)

    def _write(self, contents: Contents) -> None:
        bound = self._file.header()
        sealed = sealing.seal(bytes(self._master), CONTENTS, encoded(contents), bound)
        self._file = replace(self._file, contents=sealed)
        keyfile.save(self._folder, self._file)
        self._contents = contents


def _copy(secrets: Secrets, following: bytes) -> Secrets:
    return Secrets(
        bytearray(secrets.device),
        bytearray(secrets.agreement),
        bytearray(secrets.pseudonyms),
        bytearray(secrets.store),
        bytearray(secrets.wallet),
        [*(bytearray(seed) for seed in secrets.generations), bytearray(following)],
    )
