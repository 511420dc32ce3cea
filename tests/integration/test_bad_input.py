"""What can go wrong around real nodes ends in a named error that says what to do, nothing half done, and a node that goes on."""

import os
import resource
import signal
import socket
import subprocess
import sys
import warnings
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trio

from node.cli.demo.cast import PASSPHRASE
from node.errors import NodeError
from protocol.pairing import read_link
from tests.integration.household import SECONDS, command, household, log_of, settle
from tests.integration.performance import DATA, ROOT

sys.path.insert(0, str(Path(__file__).parents[1] / "node" / "net"))

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from libp2p.peer.id import ID
    from multiaddr import Multiaddr
    from net_lab import hostile, read_all, talk

    from protocol.session import Session

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def house():
    with household() as cast:
        for name in ("lumen", "ana"):
            cast.start_node(name)
        settle(cast, "lumen", "merchant")
        settle(cast, "ana", "seller")
        yield cast
        assert "Traceback" not in log_of(cast, "lumen") + log_of(cast, "ana")


@pytest.fixture
def lumen(house):
    yield house.node("lumen")
    assert house.node("lumen").get("/status")["state"] == "open"


@pytest.fixture
def ana(house):
    yield house.node("ana")
    assert house.node("ana").get("/status")["state"] == "open"


@contextmanager
def refused(code, *words):
    """The block must be refused with this code, in a sentence with these words."""
    with pytest.raises(NodeError) as caught:
        yield
    assert caught.value.code == code, caught.value
    for word in words:
        assert word in str(caught.value)


@contextmanager
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


# --- the vault and the folder


def test_a_wrong_passphrase(house, ana):
    ana.post_once("/lock")
    with refused("wrong-passphrase", "doesn't open"):
        ana.post_once("/unlock", passphrase="four limes in a green bowl")
    with refused("locked", "gemstra unlock"):
        ana.get("/customers")
    assert ana.get("/status")["state"] == "locked"
    ana.post_once("/unlock", passphrase=PASSPHRASE)
    ana.until(lambda: ana.get("/status")["network"] == "ready", seconds=SECONDS, what="the network")


def test_two_nodes_on_one_folder(house, ana):
    second = command(house.root / "ana", "run")
    assert (second.returncode, second.stdout) == (5, "")
    assert "[in-use]" in second.stderr
    assert "Stop it, or use another folder" in second.stderr


def test_nobody_runs(tmp_path):
    asked = command(tmp_path, "status")
    assert asked.returncode == 6
    assert f"gemstra --data {tmp_path} run" in asked.stderr
    assert "[not-running]" in asked.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("run", "--port", "70000"), "port-in-use"),
        (("run", "--listen", "home"), "bad-config"),
        (("unlock", "--passphrase-fd", "99"), "needs-passphrase"),
        (("status",), "not-running"),
    ],
)
def test_a_mistyped_start(tmp_path, arguments, code):
    (tmp_path / "file").write_text("no folder")
    asked = command(tmp_path / "file" if arguments == ("status",) else tmp_path, *arguments)
    assert (asked.returncode, asked.stdout) == (6 if code == "not-running" else 1, "")
    assert f"[{code}]" in asked.stderr
    assert "Traceback" not in asked.stderr


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "file").write_text("no folder")
    asked = command(tmp_path / "file", "run")
    assert asked.returncode == 1
    assert "Name another folder with --data. [folder-unusable]" in asked.stderr


@pytest.mark.parametrize("outlives", [False, True], ids=["plain", "nohup"])
def test_the_terminal_is_closed(tmp_path, outlives):
    start = ["nohup"] if outlives else ["env", "--default-signal=HUP"]  # the suite itself may be one that outlives its terminal
    program = [*start, sys.executable, "-m", "node.main", "--data", str(tmp_path), "run"]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as node:
        try:
            assert any("is up" in line for line in node.stderr)
            node.send_signal(signal.SIGHUP)
            if outlives:
                assert command(tmp_path, "status").returncode == 0
                node.terminate()
            assert node.wait(SECONDS) == 0
            assert not (tmp_path / "node.sock").exists()
        finally:
            node.kill()


# --- invites


def ended(client, pairing):
    """A pairing's row, once it is over."""
    found = client.until(
        lambda: next((row for row in client.get("/peers/pairings") if row["id"] == pairing and row["status"] == "refused"), None),
        seconds=SECONDS,
        what="the refusal",
    )
    return found["error"]


def test_an_invite_that_was_used(house, lumen, ana):
    link = lumen.post("/peers/invites")["link"]
    first = ana.post("/peers/pairings", link=link)
    ana.until(lambda: any(row["id"] == first["id"] and row["code"] for row in ana.get("/peers/pairings")), seconds=SECONDS, what="the code")
    assert ended(ana, ana.post("/peers/pairings", link=link)["id"]) == "invite-used"
    said = command(house.root / "ana", "peer", "accept", link)
    assert said.returncode == 5
    assert "Ask for a fresh invite link and open that. [invite-used]" in said.stderr
    ana.post(f"/peers/pairings/{first['id']}/refuse")


def test_an_invite_that_has_expired_or_was_never_issued(lumen, ana):
    invite = read_link(lumen.post("/peers/invites")["link"])
    with refused("invite-expired", "ask for a new one"):
        ana.post("/peers/pairings", link=replace(invite, expires=1).link)
    foreign = replace(invite, token=bytes(len(invite.token)))
    assert ended(ana, ana.post("/peers/pairings", link=foreign.link)["id"]) == "invite-foreign"
    with refused("invite-own", "send it to the other person"):
        lumen.post("/peers/pairings", link=invite.link)
    for damaged in ("gemstra://pair?i=%%%", invite.link[:-9], "https://example.com"):
        with refused("invite-malformed"):
            ana.post("/peers/pairings", link=damaged)
    assert lumen.get("/peers") == []


# --- ports


def test_the_pages_port_is_taken(tmp_path):
    with taken_port() as port:
        started = command(tmp_path / "n", "run", "--port", str(port))
    assert started.returncode == 1
    assert f"Port {port}" in started.stderr
    assert "--port" in started.stderr
    assert "[port-in-use]" in started.stderr


def test_the_peers_port_is_taken_and_the_page_stays(house):
    with taken_port() as port:
        folder = house.root / "cleo"
        house._spawn("cleo", "--data", str(folder), "run", "--peer-port", str(port), "--die-with-parent")
        cleo = house.node("cleo")
        cleo.post_once("/setup", passphrase=PASSPHRASE, name="Cleo", role="seller", currency="USD")
        cleo.post_once("/unlock", passphrase=PASSPHRASE)
        shown = cleo.until(lambda: cleo.get("/status")["network"].removeprefix("starting"), seconds=SECONDS, what="the refusal")
    assert f"port {port}" in shown
    assert "choose another port" in shown
    assert cleo.get("/status")["state"] == "open"
    assert cleo.get("/customers")["total"] == 0
    house.kill("cleo")


# --- peers


def port_of(client):
    return int(client.get("/status")["addresses"][0].split("/tcp/")[1].split("/")[0])


def test_garbage_and_silence_on_the_peers_port(lumen):
    port = port_of(lumen)
    with socket.create_connection(("127.0.0.1", port)) as silent:
        for data in (
            b"GET / HTTP/1.1\r\n\r\n",
            b"\xff" * 4096,
            b"\x13/multistream/1.0.0\n" + b"\xff\xff\xff\xff\x0f" + b"\0" * 9000,
            os.urandom(60_000),
        ):
            with socket.create_connection(("127.0.0.1", port)) as stranger:
                stranger.settimeout(20)
                try:
                    stranger.sendall(data)
                    while stranger.recv(65536):
                        pass
                except ConnectionError:
                    pass
        assert lumen.get("/status")["network"] == "ready"
        silent.settimeout(20)  # and who says nothing is shown out
        while silent.recv(65536):
            pass


def frames(code_of_body):
    size = (1 << 20) + 1
    session = Session()
    yield "too-large", size.to_bytes(4, "big")
    yield "malformed", (9).to_bytes(4, "big") + b"not cbor!"
    _, asked = session.request(code_of_body, 5_000)
    yield None, asked


def test_oversized_and_senseless_frames(lumen, ana):
    status = lumen.get("/status")

    async def attack():
        found = []
        for body in (b"", b"\xff\xff", os.urandom(500)):
            for expected, frame in frames(body):
                async with hostile(50 + len(found)) as caller:
                    with trio.fail_after(10):
                        peer = ID.from_string(status["peer_id"])
                        conn = await caller.dial_addr(Multiaddr(status["addresses"][0].split("/p2p/")[0]), peer)
                        stream = await talk(conn, "/gemstra/hello/1")
                        await stream.write(frame)
                        answering = Session()
                        if expected is None:
                            answering.request(body, 5_000)
                        (event,) = answering.receive(await read_all(stream, 2))
                        found.append((expected, event.code))
        return found

    found = trio.run(attack)
    assert [code for expected, code in found if expected] == [expected for expected, _ in found if expected]
    assert {code for expected, code in found if expected is None} <= {"malformed", "not-canonical", "too-large", "unknown-kind"}
    assert lumen.get("/status")["network"] == "ready"
    assert ana.get("/status")["network"] == "ready"


# --- the chain


def test_a_chain_that_is_down_returns_and_is_another(house, lumen):
    with taken_port() as port:
        pass
    start = ("chain", "run", "--port", str(port), "--activation-delay", "3", "--die-with-parent")
    house._spawn("chain", *start, "--data", str(house.root / "chain"))
    chain = house.chain()
    settings = {"url": chain["rpc"], "chain_id": chain["chain_id"], "gms": chain["gms"], "vault": chain["vault"]}
    lumen.post_once("/chain/connect", **settings)
    reach(lumen, "ready")
    with refused("chain-configured", "another chain"):
        lumen.post_once("/chain/connect", **{**settings, "chain_id": 1})

    house.kill("chain")
    reach(lumen, "unavailable")
    with refused("chain-unavailable", "start it if it is stopped"):
        lumen.post_once("/chain/faucet", gms="1")

    house._spawn("other", *start, "--data", str(house.root / "other"), "--chain-id", "777")
    reach(lumen, "wrong-chain")
    house.kill("other")

    house._spawn("chain", *start, "--data", str(house.root / "chain"))
    reach(lumen, "ready")
    lumen.post_once("/chain/faucet", gms=str(10**18))
    lumen.until(lambda: int(lumen.get("/chain")["gms"]) == 10**18, seconds=SECONDS, what="the faucet")
    house.kill("chain")


def reach(client, state):
    client.until(lambda: client.get("/status")["chain"] == state, seconds=SECONDS, what=f"the chain to be {state}")


# --- files


BROKEN = {
    "no-price.csv": (b"ID,Type,SKU,Name,Published,Visibility in catalog,Sale price\n1,simple,a,A,1,visible,2\n", "file-column"),
    "empty.csv": (b"", "file-empty"),
    "wrong.csv": (b"ID,Type,SKU,Name,Regular price\n1,simple,a,\xff\xfe\x00\x81,2\n" * 3 + b"\x00" * 40, None),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_product_file(house, lumen, tmp_path, name):
    data, code = BROKEN[name]
    (tmp_path / name).write_bytes(data)
    before = lumen.get("/catalog/offers", limit=50)
    done = command(house.root / "lumen", "catalog", "import", str(tmp_path / name))
    assert done.returncode == 1
    assert done.stdout == ""
    assert name in done.stderr
    assert "Traceback" not in done.stderr
    assert code is None or f"[{code}]" in done.stderr
    assert lumen.get("/catalog/offers", limit=50) == before


def test_a_table_of_no_known_program_waits_for_a_word_on_its_columns(house, lumen, tmp_path):
    (tmp_path / "other.csv").write_bytes(b"a,b\n1,2\n")
    before = lumen.get("/catalog/offers", limit=50)
    done = command(house.root / "lumen", "catalog", "import", str(tmp_path / "other.csv"))
    assert (done.returncode, done.stdout) == (5, "")
    assert "what the columns of other.csv hold" in done.stderr
    assert "gemstra catalog columns" in done.stderr
    assert lumen.get("/catalog/offers", limit=50) == before


def test_rows_that_cannot_be_sold_are_named_and_the_others_come(house, lumen, tmp_path):
    rows = (DATA / "woocommerce.csv").read_text().splitlines()
    bad = "110,simple,fp-hat,Hat,1,visible,,,,,taxable,1,,0,,,twelve,Hats,,,,,"
    double = "111,simple,fp-brooch,Again,1,visible,,,,,taxable,1,,0,,,5,Hats,,,,,"
    (tmp_path / "mixed.csv").write_text("\n".join([*rows, bad, double]) + "\n")
    done = command(house.root / "lumen", "catalog", "import", str(tmp_path / "mixed.csv"))
    assert done.returncode == 0, done.stderr
    assert "Row 11" in done.stderr
    assert "Row 12" in done.stderr
    offers = lumen.get("/catalog/offers", limit=50)
    assert {offer["sku"] for offer in offers} == {"fp-belt", "fp-brooch", "fp-scarf-moss", "fp-scarf-rust"}


def test_contacts_in_a_wrong_encoding(house, ana, tmp_path):
    people = "Name,E-mail\nRenée,renee@example.com\n".encode() + "Zoë,zoe@example.com\n".encode("latin-1")  # two encodings in one file
    (tmp_path / "people.csv").write_bytes(people)
    done = command(house.root / "ana", "customers", "import", str(tmp_path / "people.csv"))
    assert done.returncode == 1
    assert "people.csv" in done.stderr
    assert "[file-encoding]" in done.stderr
    assert ana.get("/customers")["total"] == 0
    missing = command(house.root / "ana", "customers", "import", str(tmp_path / "none.vcf"))
    assert missing.returncode == 3
    assert "none.vcf" in missing.stderr


def test_an_order_before_there_is_a_merchant(ana):
    with refused("not-found", "Pair first"):
        ana.post("/orders", merchant="ab" * 32, lines=[{"sku": "x", "quantity": 0}], pickup=True)


# --- a full disk


@contextmanager
def small_disk(folder, process):
    """The node's disk is full in the block: its small file system, or, where none can be mounted, its limit on files."""
    if os.path.ismount(folder):
        with (folder / "filler").open("wb", buffering=0) as filler:
            for size in (1 << 16, 1 << 12, 1 << 9):
                try:
                    while filler.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue
        yield
        (folder / "filler").unlink()
        return
    before = resource.prlimit(process, resource.RLIMIT_FSIZE, (4096, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    yield
    resource.prlimit(process, resource.RLIMIT_FSIZE, before)


def test_a_full_disk(house):
    folder = house.root / "dora"
    folder.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, check=False).returncode == 0
    try:
        house.start_node("dora")
        dora = settle(house, "dora", "seller")
        process = house._processes["dora"].pid
        with small_disk(folder, process):
            kept = fill(dora)
            assert dora.get("/status")["state"] == "open"
            assert dora.get("/customers")["total"] == kept
        dora.post("/customers", name="After The Flood")
        assert dora.get("/customers")["total"] == kept + 1
        house.kill("dora")
        house.start_node("dora", locked=False)
        dora = house.node("dora")
        dora.until(lambda: dora.get("/status")["state"] == "open", seconds=SECONDS, what="the vault")
        assert dora.get("/customers")["total"] == kept + 1
    finally:
        if "dora" in house._processes:
            house.kill("dora")
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def fill(client):
    """Customers until the disk is full; how many were acknowledged."""
    kept = []
    with pytest.raises(NodeError) as caught:
        _add_without_end(client, kept)
    assert caught.value.code in {"disk-full", "disk-failed"}
    assert "nothing of this was saved" in str(caught.value)
    return len(kept)


def _add_without_end(client, kept):
    while True:
        kept.append(client.post("/customers", name=f"Customer {len(kept):06d}", note="n" * 2_000))
