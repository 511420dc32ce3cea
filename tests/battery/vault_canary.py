"""A whole life of a vault over a real node's socket: made, filled from a file with bad rows, changed, noted on, searched, merged, exported,
backed up, erased in part, locked, opened, killed by a crash, restored elsewhere. No value of a customer, no word, no passphrase and no key is in any file that any
of the processes wrote, kept or deleted, nor among the arguments or in the environment of one."""

import base64
import contextlib
import io
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from node.canary import Hit, scan, scan_files
from node.cli.client import Client
from node.errors import Locked, NodeError, Unavailable
from node.vault import vault
from tests.integration import traced

FULL, SHORT = 600, 6
ROOT = Path(__file__).parents[2]
SECONDS = 120.0
PASSPHRASE = "Zinnober-Quastenflosser 1879"
TASK, NOTE = "Kolibri-Probe an Quillfeather", "Sie wünscht das Velvet-Serum wieder"
CHANGED, BAD = "Umgezogen nach Quillfeather 77b", "Unlesbar Quillfeather-Doppelgänger"
SEGMENT, SEARCH, TAG = "Quillfeather-Stammkundschaft", "Rosenholz Bergamotte", "Gutscheinbesitzerin"
NAMES = ("Adélaïde Fairweather", "Demetrios Papadopoulos", "Hildegard Ravensworth", "Ferdinand Thistlewood")


@dataclass
class Session:
    """One folder in which everything happens: data, backups, temporary files, home, logs. `seen` are values found where none may be."""

    folder: Path
    values: list[str] = field(default_factory=list)
    seen: list[Hit] = field(default_factory=list)
    process: subprocess.Popen | None = None

    def __post_init__(self) -> None:
        for name in ("tmp", "home", "backup"):
            (self.folder / name).mkdir()
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("GEMSTRA_")}
        self.environment |= {"TMPDIR": str(self.folder / "tmp"), "HOME": str(self.folder / "home"), "PYTHONPATH": str(ROOT)}

    def start(self, name, trace, *arguments, keep=()):
        """A process of the program, traced; it may dump its memory into the folder if it lets itself."""
        program = [sys.executable, "-m", "node.main", "--data", str(self.folder / name), *arguments]
        with (self.folder / f"{name}.log").open("ab") as log, _dumps_allowed():
            self.process = subprocess.Popen(
                traced.command(trace, program), cwd=self.folder, env=self.environment, pass_fds=keep, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        return Client(self.folder / name)

    def look(self):
        """At the arguments and the environment of every process, and at every file, as they are now."""
        self.seen += public(self.process.pid, self.values)
        self.seen += scan_files([self.folder], self.values)


@contextlib.contextmanager
def _dumps_allowed():
    """What is started now may dump its memory, as far as it lets itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


def family(pid):
    """The process and all below it."""
    found, below = [], [pid]
    while below:
        one = below.pop()
        found.append(one)
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{one}/task").iterdir():
                below += [int(child) for child in (thread / "children").read_text().split()]
    return found


def public(pid, values):
    """What of the values every other program of this person can read of these processes."""
    hits = []
    for one in family(pid):
        for name in ("cmdline", "environ"):
            with contextlib.suppress(OSError):
                hits += scan(f"/proc/{one}/{name}", Path(f"/proc/{one}/{name}").read_bytes().replace(b"\0", b"\n"), values)
    return hits


def cards(size):
    """A file of contacts with invented values, some of its rows bad; and the values to look for."""
    lines, values = [], [CHANGED, BAD, TASK, NOTE, SEGMENT, SEARCH, TAG]
    for number in range(size):
        name = f"{NAMES[number % len(NAMES)]} {number:05d}"
        street, mail, phone = f"{number + 3} Quillfeather Lane {number:05d}", f"a{number:05d}@quillfeather.example", f"+34600{number:06d}"
        note = f"liebt Rosenholz und Bergamotte {number:05d}"
        card = (f"FN:{name}", f"TEL:{phone}", f"EMAIL:{mail}", f"ADR:;;{street};Valencia;;46001;ES", f"NOTE:{note}")
        lines += ["BEGIN:VCARD", "VERSION:4.0", *card, "END:VCARD"]
        values += [name, street, mail, phone, note] if number % max(1, size // 6) == 0 else []
    lines += ["BEGIN:VCARD", "VERSION:4.0", f"NOTE:{BAD}", "END:VCARD", "BEGIN:VCARD", f"FN:{BAD}"]
    return "\r\n".join(lines).encode(), values


def live(session, size):
    """The session, up to the crash: the words, and the keys that must be nowhere."""
    content, session.values = cards(size)
    session.values.append(PASSPHRASE)
    client = session.start("ana", session.folder.parent / "trace", "run", "--port", "0", "--peer-port", "0")
    _wait(lambda: client.get("/status"))
    made = client.post_once("/setup", passphrase=PASSPHRASE, name="Ana", role="seller", currency="EUR")
    words, second = made["words"], made["rotation_words"]
    for sheet in (words, second):
        session.values += [" ".join(sheet[start : start + 3]) for start in range(len(sheet) - 2)]
    client.post_once("/unlock", passphrase=PASSPHRASE)
    session.look()
    staged = client.upload("/customers/import", io.BytesIO(content), name="contacts.vcf", region="ES")["id"]
    _wait(lambda: client.get(f"/customers/import/{staged}")["state"] == "ready")
    client.get(f"/customers/import/{staged}/rows")
    assert BAD in client.get(f"/customers/import/{staged}/errors")["text"]
    session.look()
    client.post_once(f"/customers/import/{staged}/apply")
    first, other = (row["id"] for row in client.get("/customers", search="", limit=2)["customers"])
    view = client.get(f"/customers/{first}")
    client.post(f"/customers/{first}", details={**view["details"], "note": CHANGED}, updated=view["updated"])
    client.post("/tasks", title=TASK, customer=first)
    client.post(f"/customers/{first}/notes", text=NOTE, channel="call")
    client.get("/customers", search="quillfeather")
    session.look()
    _merge_and_keep(client, first)
    _take_out(session, client)
    target = client.post_once("/backup/targets", kind="folder", where=str(session.folder / "backup"), name="Here")["target"]
    _back_up(client, target)
    client.post(f"/customers/{other}/erase")
    _back_up(client, target)
    session.look()
    client.post_once("/lock")
    with contextlib.suppress(NodeError):
        client.post_once("/unlock", passphrase=PASSPHRASE + "!")
    client.post_once("/unlock", passphrase=PASSPHRASE)
    with contextlib.suppress(NodeError):
        client.post(f"/customers/{other}/notes", text=NOTE)  # of one who was erased: an error that names nothing
    session.look()
    return words


def _merge_and_keep(client, first):
    """Two are made one, two again, and one; a search is kept under a name, a tag given to whom it finds and taken back."""
    third = client.get("/customers", search="", limit=3)["customers"][2]["id"]
    client.post(f"/customers/{first}/merge", other=third)
    made = next(row["id"] for row in client.get(f"/customers/{first}/history")["merges"])
    client.post(f"/customers/{first}/unmerge", merge=made)
    client.post(f"/customers/{first}/merge", other=third)
    kept = client.post("/customers/segments", name=SEGMENT, filters={"text": SEARCH})["id"]
    assert client.get(f"/customers/segments/{kept}")["filters"]["text"] == SEARCH
    done = client.post("/customers/bulk", action="tag", tag=TAG, segment=kept)["id"]
    client.post(f"/customers/bulk/{done}/undo")


def _take_out(session, client):
    """Everything goes out of the node, in each form, over the socket and by a command: it is in the answer, and in no file."""
    for form in ("json", "csv", "vcard"):
        pieces = []
        client.download("/export", pieces.append, form=form, kind="customer")
        assert CHANGED.encode() in b"".join(pieces), f"the {form} export is not what it says"
    session.look()
    program = [sys.executable, "-m", "node.main", "--data", str(session.folder / "ana"), "export", "--format", "json", "-"]
    with subprocess.Popen(program, cwd=session.folder, env=session.environment, stdout=subprocess.PIPE) as command:
        session.seen += public(command.pid, session.values)
        out, _ = command.communicate(timeout=SECONDS)
    assert command.returncode == 0
    assert CHANGED.encode() in out


def _back_up(client, target):
    client.post_once(f"/backup/targets/{target}/run")
    _wait(lambda: client.get("/backup/progress")["doing"] == "nothing")
    (run, *_) = client.get("/backup/runs", target=target, limit=1)
    assert (run["state"], run["drill"]) == ("done", "equal"), run


def crash(session):
    """The node aborts, as after a bug in a library: what it may leave is a dump of its memory."""
    for pid in family(session.process.pid)[1:]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGABRT)
    session.process.wait(30)


def restore(session, words):
    """Set up anew from the words and the backup."""
    pipes = [_pipe(" ".join(words)), _pipe(PASSPHRASE)]
    arguments = ("--no-input", "backup", "restore", str(session.folder / "backup"))
    fds = ("--words-fd", str(pipes[0]), "--passphrase-fd", str(pipes[1]))
    session.start("new", session.folder.parent / "trace2", *arguments, *fds, keep=tuple(pipes))
    for end in pipes:
        os.close(end)
    while session.process.poll() is None:
        session.seen += public(session.process.pid, session.values)
        time.sleep(0.05)
    assert session.process.returncode == 0, (session.folder / "new.log").read_text("utf-8", "replace")


def _pipe(text):
    reader, writer = os.pipe()
    os.write(writer, text.encode() + b"\n")
    os.close(writer)
    return reader


def _wait(ready):
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(Unavailable, Locked):
            if ready():
                return
        time.sleep(0.05)
    raise AssertionError("it was never ready")


def keys_in(paths, folder):
    """Files that hold the key of the store, raw, in hex or in base64."""
    keys = vault.unlock(folder, PASSPHRASE)
    key = bytes(keys.store_key)
    keys.lock()
    forms = {"raw": key, "hex": key.hex().encode(), "base64": base64.b64encode(key)[:40]}
    return [f"{path}: {form}" for path in paths if path.is_file() for form, data in forms.items() if data in path.read_bytes()]


def run(size, folder):
    place = folder / "all"
    place.mkdir()
    session = Session(place)
    try:
        words = live(session, size)
        crash(session)
        restore(session, words)
    finally:
        if session.process and session.process.poll() is None:
            os.killpg(session.process.pid, signal.SIGKILL)
            session.process.wait(30)
    session.seen += scan_files([place], session.values)
    for trace in ("trace", "trace2"):
        for call in traced.written(folder / trace, place):
            session.seen += scan(f"{call.name} to {call.path}", call.data, session.values[:40])
    failures = [f"{hit.needle} as {hit.form} in {hit.where}" for hit in session.seen]
    return list(dict.fromkeys(failures)) + [f"the store's key in {line}" for line in keys_in(place.rglob("*"), place / "ana")]


def control(folder):
    """A database without a key, and a program that was given a name as an argument and a street in its environment."""
    _, values = cards(1)
    name, street = values[-5], values[-4]
    plain = sqlite3.connect(folder / "plain.db")
    plain.execute("CREATE TABLE customers (name)")
    plain.execute("INSERT INTO customers VALUES (?)", (name,))
    plain.commit()
    plain.close()
    program = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()", name]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(program, env={**os.environ, "STREET": street}, **pipes) as process:
        process.stdout.readline()
        told = {(hit.where.rsplit("/", 1)[-1], hit.needle) for hit in public(process.pid, values)}
        process.stdin.close()
    return bool(scan_files([folder], values)) and told == {("cmdline", name), ("environ", street)}
