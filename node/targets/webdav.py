"""A folder on a WebDAV server. An object is sent under a passing name and moved to its own, so that it is there whole or not at all."""

import os
from collections.abc import Iterator, Sequence
from typing import Final

from node.errors import IntegrityError, NotFound
from node.model.target import Stored

from . import outcomes
from .folder import Entropy
from .http import Answer, Server
from .multistatus import NotXml, Row, rows_of
from .names import INCOMING, folder_of, is_name, parts_of

MOST_LISTED: Final = 64 << 20  # bytes of one list: about 100,000 objects
_DEEPEST = 4
_VERSIONED = ("version-control", "version-history", "checkout-in-place", "version-controlled-collection")
_KEEPERS = ("nextcloud", "nc-", "oc-", "owncloud")
_ASKED = b'<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/></prop></propfind>'


class WebDav:
    """Objects below a server's folder. With a `marker`, what an earlier run left half sent under it is taken away."""

    def __init__(self, server: Server, marker: str = "", *, entropy: Entropy = os.urandom) -> None:
        self._server = server
        self._marker = marker
        self._entropy = entropy
        self._made: set[str] = set()

    def found(self) -> None:
        """Make the folder where its parent is there. Raises UserError `not-a-target` where no WebDAV server answers."""
        if self._listing("", missing_is_none=True) is None:
            self._make("")
            self._listing("")

    def entries(self, prefix: str) -> Sequence[Stored]:
        """What lies there under names that begin with `prefix`, in order of name."""
        found = self._below(folder_of(prefix), _DEEPEST)
        return sorted((row for row in found if row.name.startswith(prefix)), key=lambda row: row.name)

    def get(self, name: str, most: int) -> bytes:
        """The whole object. Raises NotFound `backup-missing`, IntegrityError `backup-damaged` where it has more than `most` bytes."""
        answer = self._server.call("GET", self._path(name), most=most)
        if answer.status == 404:
            raise outcomes.missing(name)
        self._expect(answer, 200)
        if len(answer.body) > most:
            raise outcomes.too_large(name, most)
        return answer.body

    def put(self, name: str, data: bytes, *, replace: bool = False) -> None:
        """Keep an object. Without `replace` what is there already under this name stays."""
        path = self._path(name)
        *folders, _ = parts_of(name)
        self._ready(INCOMING)
        for depth in range(1, len(folders) + 1):
            self._ready("/".join(folders[:depth]))
        passing = f"{self._server.path}/{INCOMING}/{self._marker}-{self._entropy(8).hex()}"
        self._expect(self._server.call("PUT", passing, data, {"Content-Type": "application/octet-stream"}), 201, 204, 200)
        onto = {"Destination": self._server.url_of(path), "Overwrite": "T" if replace else "F"}
        answer = self._server.call("MOVE", passing, headers=onto)
        if answer.status == 412 and not replace:
            self._server.call("DELETE", passing)
            return
        if answer.status == 404 and self._holds(name, data):
            return  # it was moved, and the answer to that was lost
        self._expect(answer, 201, 204)

    def delete(self, name: str) -> None:
        """Take an object away; gone already is fine."""
        self._expect(self._server.call("DELETE", self._path(name)), 200, 204, 404)

    def keeps_old_versions(self) -> bool:
        """Whether the server says that it versions files, or is of a kind that does so by itself."""
        answers = (self._server.call("OPTIONS", path).headers for path in (self._server.path + "/", "/"))
        told = next((headers["dav"] for headers in answers if "dav" in headers), "")
        tokens = [token.strip() for token in told.lower().split(",")]
        return any(token in _VERSIONED or token.startswith(_KEEPERS) for token in tokens)

    def close(self) -> None:
        """End the connection."""
        self._server.close()

    def _path(self, name: str) -> str:
        return f"{self._server.path}/{'/'.join(parts_of(name))}"

    def _holds(self, name: str, data: bytes) -> bool:
        try:
            return self.get(name, len(data)) == data
        except (IntegrityError, NotFound):
            return False

    def _ready(self, folder: str) -> None:
        """Make a folder once; what an earlier run left half sent in the passing one goes."""
        if folder in self._made:
            return
        self._make(folder)
        if folder == INCOMING and self._marker:
            for row in self._listing(INCOMING) or ():
                part = row.path.rpartition("/")[2]
                if part.startswith(f"{self._marker}-"):
                    self._server.call("DELETE", f"{self._server.path}/{INCOMING}/{part}")
        self._made.add(folder)

    def _make(self, folder: str) -> None:
        path = f"{self._server.path}/{folder}".rstrip("/")
        answer = self._server.call("MKCOL", path + "/")
        if answer.status == 409:
            raise outcomes.gone(self._server.where, "the folder above the one for backups is missing")
        if answer.status == 404:
            raise outcomes.no_target(self._server.where, "no WebDAV server answers at this address")
        self._expect(answer, 201, 405)  # 405: it is there

    def _below(self, folder: str, depth: int) -> Iterator[Stored]:
        for row in self._listing(folder) or ():
            part = row.path.rpartition("/")[2]
            name = f"{folder}/{part}" if folder else part
            if not is_name(name):
                continue
            if not row.folder:
                yield Stored(name, row.size)
            elif depth:
                yield from self._below(name, depth - 1)

    def _listing(self, folder: str, *, missing_is_none: bool = False) -> Sequence[Row] | None:
        """What is in a folder, itself left out; nothing where it is not there."""
        path = f"{self._server.path}/{folder}".rstrip("/")
        asked = {"Depth": "1", "Content-Type": "application/xml; charset=utf-8"}
        answer = self._server.call("PROPFIND", path + "/", _ASKED, asked, most=MOST_LISTED)
        if answer.status == 404:
            if folder or missing_is_none:
                return None
            raise outcomes.gone(self._server.where, "the folder for backups is missing")
        self._expect(answer, 207)
        try:
            rows = rows_of(answer.body)
        except NotXml as error:
            raise outcomes.no_target(self._server.where, f"its list of the folder cannot be read ({error})") from error
        own = (path, rows[0].path if rows and rows[0].folder else path)  # behind a proxy a server may call itself otherwise
        return [row for row in rows if row.path not in own]

    def _expect(self, answer: Answer, *wanted: int) -> None:
        if answer.status in wanted:
            return
        if answer.status in (409, 404):
            raise outcomes.gone(self._server.where, "the folder for backups is missing")
        if answer.status in (423, 412):
            raise outcomes.unreachable(self._server.where, "somebody else holds the folder just now")
        raise outcomes.no_target(self._server.where, f"no WebDAV server answers at this address ({answer.status})")
