"""A passphrase with nobody there: a keyring of the library's own kind, kept in memory, and a folder as systemd makes it."""

import os
import subprocess
import sys
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail

from node.errors import NotFound, Unavailable, UserError
from node.vault import unattended

PASSPHRASE = "correct horse battery"


def refused(error, code, call):
    with pytest.raises(error) as caught:
        call()
    assert caught.value.code == code
    return str(caught.value)


def test_the_keyring_gives_back_what_was_remembered_for_this_folder(ring, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    assert "gemstra keys remember" in refused(NotFound, "nothing-remembered", lambda: unattended.read("keyring", here, {}))
    unattended.remember(here, PASSPHRASE)
    assert unattended.read("keyring", tmp_path / "x" / ".." / "here", {}) == PASSPHRASE
    assert (unattended.remembered(here), unattended.remembered(there)) == (True, False)
    assert list(ring.kept) == [("gemstra", str(here))]
    assert (unattended.forget(here), unattended.forget(here)) == (True, False)
    refused(NotFound, "nothing-remembered", lambda: unattended.read("keyring", here, {}))


def test_without_a_keyring_it_says_so(ring, tmp_path):
    keyring.set_keyring(fail.Keyring())
    for call in (lambda: unattended.read("keyring", tmp_path, {}), lambda: unattended.remember(tmp_path, PASSPHRASE)):
        assert PASSPHRASE not in refused(Unavailable, "no-keyring", call)
    assert not unattended.remembered(tmp_path)


@pytest.mark.parametrize("content", [b"correct horse battery", b"correct horse battery\n", b"correct horse battery\r\nsecond line"])
def test_a_credential_is_its_first_line(tmp_path, content):
    (tmp_path / "gemstra-passphrase").write_bytes(content)
    assert unattended.read("credential", tmp_path, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == PASSPHRASE


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_no_credential_says_so(tmp_path, content):
    if content is not None:
        (tmp_path / "gemstra-passphrase").write_bytes(content)
    says = refused(NotFound, "no-credential", lambda: unattended.read("credential", tmp_path, {"CREDENTIALS_DIRECTORY": str(tmp_path)}))
    assert "LoadCredentialEncrypted" in says
    refused(NotFound, "no-credential", lambda: unattended.read("credential", tmp_path, {}))


def test_another_source_is_refused(tmp_path):
    refused(UserError, "bad-source", lambda: unattended.read("environment", tmp_path, {}))


def test_a_start_that_finds_none_ends_with_its_code_before_anything_is_made(tmp_path):
    folder = tmp_path / "shop"
    without = {name: value for name, value in os.environ.items() if name != "CREDENTIALS_DIRECTORY"}
    program = [sys.executable, "-m", "node.main", "--data", str(folder), "run", "--unlock-from", "credential"]
    ran = subprocess.run(program, capture_output=True, text=True, check=False, env=without, cwd=Path(__file__).parents[3], timeout=60)
    assert (ran.returncode, "[no-credential]" in ran.stderr) == (3, True)
    assert not folder.exists()
