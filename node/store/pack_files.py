"""Packs and manifests as files: a folder a feed, a file a pack, named by its hash. Public data: nothing here is a secret or a person's.

A file appears whole or not at all. What is damaged on the disk has another hash than its name, and is gone for whoever asks.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from shutil import rmtree

MOST_BYTES = 4 << 30
_MANIFEST, _BEFORE = "manifest", "before"


class PackFolder:
    """The port `PackFiles` over a folder. Calls for one feed come from one thread at a time."""

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        self._path = path
        self._most = most_bytes
        self._bytes: int | None = None

    def get(self, feed: bytes, pack: bytes) -> bytes | None:
        """The pack with this hash."""
        try:
            data = (self._path / feed.hex() / pack.hex()).read_bytes()
        except FileNotFoundError:
            return None
        return data if hashlib.sha256(data).digest() == pack else None

    def put(self, feed: bytes, pack: bytes, data: bytes) -> bool:
        """Keep a pack; False where there is no room for more."""
        if self._bytes is None:
            self._bytes = sum(file.stat().st_size for file in self._path.rglob("*") if file.is_file())
        file = self._path / feed.hex() / pack.hex()
        if self._bytes + len(data) > self._most:
            return False
        if not (file.exists() and file.stat().st_size == len(data)):
            self._write(file, data)
            self._bytes += len(data)
        return True

    def manifest(self, feed: bytes) -> bytes | None:
        """The raw manifest that counts."""
        try:
            return (self._path / feed.hex() / _MANIFEST).read_bytes()
        except FileNotFoundError:
            return None

    def publish(self, feed: bytes, manifest: bytes, packs: frozenset[bytes]) -> None:
        """From now on `manifest` counts; of packs those of it and of the manifest before it stay."""
        folder = self._path / feed.hex()
        names = {pack.hex() for pack in packs}
        kept = folder / _BEFORE
        before = set(kept.read_text().split()) if kept.exists() else set()
        self._write(folder / _MANIFEST, manifest)
        for file in folder.iterdir():
            if file.name not in {_MANIFEST, _BEFORE} and file.name not in names | before:
                file.unlink()
        self._write(kept, "\n".join(sorted(names)).encode())
        self._bytes = None

    def forget(self, feed: bytes) -> None:
        """Nothing of the feed stays."""
        with suppress(FileNotFoundError):
            rmtree(self._path / feed.hex())
        self._bytes = None

    def set_aside(self, feed: bytes) -> None:
        """Manifest and packs stay as a proof, in the place of an earlier one of the feed, and are given to nobody."""
        folder, aside = self._path / feed.hex(), self._path / f"{feed.hex()}-refused"
        if folder.exists():
            with suppress(FileNotFoundError):
                rmtree(aside)
            folder.rename(aside)
        self._bytes = None

    def _write(self, file: Path, data: bytes) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = file.with_name(f"{file.name}.{os.getpid()}")
        fresh.write_bytes(data)
        fresh.replace(file)
