"""What processes really wrote, as strace saw it: the bytes of every write to a regular file, kept or deleted since."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

LONGEST = 4 << 20  # bytes of one write that are shown
CALLS = (
    "write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,renameat,renameat2,sendfile,copy_file_range"
)
_LINE = re.compile(rb"^\d+ +(?:<\.\.\. )?(\w+)(?:\((\d+|AT_FDCWD)<([^>]*)>)?(.*)$")
_TEXT = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


@dataclass(frozen=True)
class Call:
    """One system call on the file `path`. `whole` is False when strace cut `data` short."""

    name: str
    path: str
    data: bytes
    number: int
    """The last number among the arguments: the offset of a pwrite64, the length of an ftruncate."""
    whole: bool = True


def command(trace: Path, program: Sequence[str], calls: str = CALLS) -> list[str]:
    """The command that runs `program` with every thread and child traced into the file `trace`."""
    strace = shutil.which("strace")
    if strace is None:
        raise AssertionError("strace is needed to see what is written: apt-get install strace")
    options = ["-f", "--seccomp-bpf", "-q", "-y", "-xx", "-s", str(LONGEST), "-e", f"trace={calls}", "-e", "signal=none"]
    return [strace, *options, "-o", str(trace), "--", *program]


def run(trace: Path, program: Sequence[str], *, calls: str = CALLS, seconds: float = 300.0, **more) -> subprocess.CompletedProcess:
    """Run `program` under strace until it ends."""
    return subprocess.run(command(trace, program, calls), check=False, timeout=seconds, **more)


def calls_of(trace: Path) -> Iterator[Call]:
    """The calls of a trace on open files, and those that remove or rename one, in order."""
    with trace.open("rb") as lines:
        for line in lines:
            found = _LINE.match(line)
            if found is None:
                continue
            arguments = found[4].rsplit(b") = ", 1)[0]
            texts = list(_TEXT.finditer(arguments))
            removes = found[1].startswith((b"unlink", b"rename"))
            if found[3] is None and not (removes and texts):
                continue
            path = texts.pop(0)[1] if removes else found[3]
            rest = re.sub(rb"<[^>]*>", b"", _TEXT.sub(b"", arguments))
            numbers = re.findall(rb"-?\d+", rest)
            yield Call(
                found[1].decode(),
                _plain(path).decode("utf-8", "replace"),
                b"".join(_plain(text[1]) for text in texts),
                int(numbers[-1]) if numbers else 0,
                not any(text[2] for text in texts),
            )


def written(trace: Path, below: Path) -> Iterator[Call]:
    """The calls that put bytes into regular files under `below`. Sockets and pipes have no path there."""
    prefix = str(below.resolve()) + "/"
    for call in calls_of(trace):
        if call.path.startswith(prefix) and "write" in call.name and call.data:
            yield call


def _plain(shown: bytes) -> bytes:
    return bytes.fromhex(shown.replace(b"\\x", b"").decode()) if shown.startswith(b"\\x") else shown
