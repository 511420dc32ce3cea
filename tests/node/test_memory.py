"""A crash of the program leaves no dump of its memory."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CALL = "from node.memory import keep_out_of_dumps; keep_out_of_dumps(); "


def test_no_dump_is_written(tmp_path):
    program = f"import os; {CALL}os.abort()"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=False)
    assert done.returncode == -signal.SIGABRT
    assert list(tmp_path.iterdir()) == []


def test_control_the_limit_is_what_holds_it_back():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    program = "import resource; {}print(resource.getrlimit(resource.RLIMIT_CORE)[0])"
    before = f"resource.setrlimit(resource.RLIMIT_CORE, ({hard}, {hard})); "
    limits = [
        subprocess.run(
            [sys.executable, "-c", program.format(part)], env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=True
        ).stdout.strip()
        for part in (before + CALL, before)
    ]
    assert limits[0] == b"0"
    assert limits[1] == str(hard).encode()


def test_every_command_begins_with_it():
    text = (ROOT / "node" / "main.py").read_text("utf-8")
    assert text.index("    keep_out_of_dumps()\n") < text.index("    app()\n")
