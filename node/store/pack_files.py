"""Packs and manifests as files: a folder a feed, a file a pack, named by its hash. Public data: nothing here is a secret or a person's.

A file appears whole or not at all. What is damaged on the disk has another hash than its name, and is gone for whoever asks.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from threading import Lock

MOST_BYTES = 4 << 30
_MANIFEST, _BEFORE = "manifest", "before"


class PackFolder:
    """The port `PackFiles` over a folder; for any thread: a first sync keeps several packs at a time."""

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        self._path = path
        self._most = most_bytes
        self._lock = Lock()
        """Held by whoever changes the folder: half-written files are counted by nobody, and two writers of one pack don't meet."""
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
        file = self._path / feed.hex() / pack.hex()
        with self._lock:
            if self._bytes is None:
                self._bytes = sum(file.stat().st_size for file in self._path.rglob("*") if file.is_file())
            held = file.read_bytes() if file.exists() else b""
            if self._bytes - len(held) + len(data) > self._most:
                return False
            if held != data:
                self._write(file, data)
                self._bytes += len(data) - len(held)
        return True

    def manifest(self, feed: bytes) -> bytes | None:
        """The raw manifest that counts."""
        try:
            return (self._path / feed.hex() / _MANIFEST).read_bytes()
        except FileNotFoundError:
            return None

    def publish(self, feed: bytes, manifest: bytes, packs: frozenset[bytes]) -> None:
        """From now on `manifest` counts; of packs those of it and of the manifest before it stay."""
        with self._lock:
            self._publish(feed, manifest, {pack.hex() for pack in packs})
            self._bytes = None

    def forget(self, feed: bytes) -> None:
        """Nothing of the feed stays."""
        with self._lock, suppress(FileNotFoundError):
            self._bytes = None
            rmtree(self._path / feed.hex())

    def set_aside(self, feed: bytes) -> None:
        """Manifest and packs stay as a proof, in the place of an earlier one of the feed, and are given to nobody."""
        folder, aside = self._path / feed.hex(), self._path / f"{feed.hex()}-refused"
        with self._lock:
            self._bytes = None
            if folder.exists():
                with suppress(FileNotFoundError):
                    rmtree(aside)
                folder.rename(aside)

    def _publish(self, feed: bytes, manifest: bytes, names: set[str]) -> None:
        folder = self._path / feed.hex()
        kept = folder / _BEFORE
        before = set(kept.read_text().split()) if kept.exists() else set()
        self._write(folder / _MANIFEST, manifest)
        for file in folder.iterdir():
            if file.name not in {_MANIFEST, _BEFORE} and file.name not in names | before:
                file.unlink()
        self._write(kept, "\n".join(sorted(names)).encode())

    def _write(self, file: Path, data: bytes) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = file.with_name(f"{file.name}.{os.getpid()}")
        fresh.write_bytes(data)
        fresh.replace(file)
