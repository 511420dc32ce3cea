import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from node.errors import ConflictError, UserError
from node.lock import NAME, FolderLock

ROOT = Path(__file__).parents[2]
HOLD = "import sys; from pathlib import Path; from node.lock import FolderLock; l = FolderLock(Path(sys.argv[1])); print(1, flush=True); input()"


def test_a_second_node_on_the_folder_is_told_who_has_it(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as other:
        assert other.stdout.readline() == b"1\n"
        with pytest.raises(ConflictError, match=f"process {other.pid}") as caught:
            FolderLock(tmp_path)
        assert caught.value.code == "in-use"
        other.kill()
    with FolderLock(tmp_path):  # the kernel let go with the process
        assert (tmp_path / NAME).read_text() == str(os.getpid())
        assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_released_it_can_be_taken_again(tmp_path):
    lock = FolderLock(tmp_path)
    with pytest.raises(ConflictError):
        FolderLock(tmp_path)
    lock.release()
    lock.release()
    FolderLock(tmp_path).release()


def test_a_folder_that_is_none_is_named(tmp_path):
    with pytest.raises(UserError) as caught:
        FolderLock(tmp_path / "missing")
    assert caught.value.code == "folder-unusable"
