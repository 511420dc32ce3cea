"""The README's commands for a node of one's own are run, in order, as they stand there."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.house.sources import ROOT
from tests.patience import PATIENCE

PASSPHRASE = "a walnut under the green chair"


def commands():
    """The words of each command under "Run a node", and whether it goes on in the background."""
    section = (ROOT / "README.md").read_text("utf-8").partition("## Run a node")[2]
    block = re.search(r"```\n(.*?)```", section, re.DOTALL)
    assert block
    return [(shlex.split(line.removesuffix("&")), line.endswith("&")) for line in block[1].splitlines()]


def here(words, folder):
    """The command on this environment and in `folder` instead of the reader's home."""
    assert words[0] == ".venv/bin/gemstra"
    return [sys.executable, "-m", "node.main", *(word.replace("~", str(folder)) for word in words[1:])]


def asked(arguments, environment):
    """Run a command; one that needs the passphrase gets it by a file descriptor, as a person would type it."""
    reader, writer = os.pipe()
    try:
        os.write(writer, PASSPHRASE.encode() + b"\n")
        os.close(writer)
        if {"init", "unlock"} & set(arguments):
            arguments = [*arguments, "--passphrase-fd", str(reader)]
        return subprocess.run(
            arguments, cwd=ROOT, env=environment, pass_fds=(reader,), capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    finally:
        os.close(reader)


@pytest.mark.slow
def test_the_commands_of_the_readme_run(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GEMSTRA_")}
    (background, goes_on), *rest = commands()
    assert goes_on
    node = subprocess.Popen(here(background, tmp_path), cwd=ROOT, env=environment)
    try:
        end = time.monotonic() + PATIENCE
        while not list(Path(tmp_path).rglob("node.sock")):
            assert node.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
        said = {}
        for words, _ in rest:
            done = asked(here(words, tmp_path), environment)
            assert done.returncode == 0, done.stderr
            said[words[3]] = done.stdout
        assert len(re.findall(r"\b\d+ [a-z]+\b", said["init"])) == 36
        assert re.match(r"http://gemstra\.localhost:\d+/open#", said["open"])
    finally:
        node.send_signal(signal.SIGTERM)
        assert node.wait(PATIENCE) == 0


def test_the_first_two_commands_are_the_promised_ones():
    blocks = re.findall(r"```\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert [block.strip() for block in blocks[:2]] == ["make demo", "make test"]


def test_every_make_target_is_documented():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    documented = set(re.findall(r"^\| `make ([a-z]+)` \|", (ROOT / "docs/developing.md").read_text("utf-8"), re.MULTILINE))
    assert targets == documented
