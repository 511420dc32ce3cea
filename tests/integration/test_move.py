"""A seller moves to another computer: real nodes, real hosts, a real backup. The merchant follows, the old computer is refused, orders go on."""

import json
import os
import subprocess
import sys

import pytest

from node.cli.demo.cast import PASSPHRASE
from tests.integration.household import SECONDS, command, household, log_of
from tests.integration.performance import ROOT, SAMPLE

pytestmark = pytest.mark.slow


def found(cast, name, role):
    """A started node, set up; its client and its 24 words."""
    cast.start_node(name)
    client = cast.node(name)
    made = client.post_once("/setup", passphrase=PASSPHRASE, name=name.capitalize(), role=role, currency="USD")
    client.post_once("/unlock", passphrase=PASSPHRASE)
    ready(client)
    return client, " ".join(made["words"])


def ready(client):
    client.until(lambda: client.get("/status")["network"] == "ready", seconds=SECONDS, what="the network")


def until(client, test, what):
    return client.until(test, seconds=SECONDS, what=what)


def told(folder, *arguments, **secrets):
    """One command with secrets on file descriptors; its JSON."""
    options, keep = [], []
    for option, secret in secrets.items():
        reader, writer = os.pipe()
        os.write(writer, secret.encode() + b"\n")
        os.close(writer)
        options += [f"--{option.replace('_', '-')}-fd", str(reader)]
        keep.append(reader)
    program = [sys.executable, "-m", "node.main", "--data", str(folder), "--json", "--yes", *arguments, *options]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False, pass_fds=keep)
    for reader in keep:
        os.close(reader)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def pair(host, guest):
    begun = guest.post("/peers/pairings", link=host.post("/peers/invites")["link"])

    def row(client):
        return next((row for row in client.get("/peers/pairings") if row["id"] == begun["id"]), None)

    for client in (host, guest):
        until(client, lambda client=client: (row(client) or {}).get("code"), "the code")
    for client in (host, guest):
        client.post(f"/peers/pairings/{begun['id']}/confirm")
    for client in (host, guest):
        until(client, lambda client=client: row(client)["status"] == "paired", "the pairing")


def sells(lumen, ana):
    """Lumen has a catalog and a plan, and Ana sells for it."""
    with SAMPLE.open("rb") as source:
        waiting = lumen.upload("/catalog/import", source, name=SAMPLE.name, currency="USD")
    lumen.post(f"/catalog/import/{waiting['id']}/apply")
    lumen.post("/plans", currency="USD", direct_bps=2000, level_bps=[], return_window_ms=1000)
    pair(lumen, ana)
    ana.post("/team/join", merchant=lumen.get("/status")["identity"])
    member = until(lumen, lambda: lumen.get("/team/members"), "her question")[0]
    lumen.post(f"/team/members/{member['member']}/accept")
    until(ana, lambda: ana.get("/team/memberships")[0]["status"] == "accepted", "the membership")
    until(ana, lambda: ana.get("/catalog/offers", purchasable=True, limit=1), "the catalog")


def order(lumen, ana):
    """An order for pickup that the merchant has receipted."""
    sku = ana.get("/catalog/offers", purchasable=True, limit=1)[0]["sku"]
    lines = [{"sku": sku, "quantity": 1}]
    draft = ana.post("/orders", merchant=lumen.get("/status")["identity"], lines=lines, pickup=True)
    until(ana, lambda: ana.get(f"/orders/{draft['id']}")["status"] == "QUOTED", "the quote")
    placed = ana.post(f"/orders/{draft['id']}/place")["id"]
    until(ana, lambda: ana.get(f"/orders/{placed}")["status"] == "PLACED", "the receipt")
    return placed


def seen(lumen):
    [row] = lumen.get("/peers")
    return row


def test_a_move_to_another_computer():
    with household() as cast:
        lumen, _ = found(cast, "lumen", "merchant")
        ana, words = found(cast, "ana", "seller")
        sells(lumen, ana)
        before = order(lumen, ana)
        folder = cast.root / "disk"
        folder.mkdir()
        told(cast.root / "ana", "backup", "targets", "add", "folder", str(folder))
        told(cast.root / "ana", "backup", "now")
        after = order(lumen, ana)  # the backup does not know of it
        old = seen(lumen)["peer"]

        told(cast.root / "ana2", "backup", "restore", str(folder), words=words, passphrase=PASSPHRASE)
        cast.start_node("ana2", locked=False)
        new = cast.node("ana2")
        until(new, lambda: new.get("/status")["state"] == "open", "the vault")
        ready(new)
        until(lumen, lambda: seen(lumen)["peer"] == new.get("/status")["peer_id"], "the merchant to follow")
        until(new, lambda: {row["id"] for row in new.get("/orders")} == {before, after}, "the order that came after the backup")
        until(new, lambda: new.get("/move")["steps"][1]["state"] == "done", "everything that peers hold")
        assert set(seen(lumen)["devices"]) == {old, new.get("/status")["peer_id"]}

        said = command(cast.root / "ana2", "restored", "show")
        assert (said.returncode, "grants: held back" in said.stderr + said.stdout) == (0, True)
        said = command(cast.root / "ana2", "move")
        assert (said.returncode, "[now] Look at what is held back" in said.stderr + said.stdout) == (0, True)
        for what in ("grants", "renewals", "payouts"):
            new.post(f"/restored/{what}/confirm")
        [step] = [step for step in new.get("/move")["steps"] if step["state"] == "now"]
        told(cast.root / "ana2", "keys", "revoke", step["command"].split()[-1], words=words, passphrase=PASSPHRASE)
        until(new, lambda: new.get("/status")["network"] == "ready", "the node under its next keys")
        until(lumen, lambda: seen(lumen)["devices"] == [new.get("/status")["peer_id"]], "the merchant to know")
        until(new, lambda: all(step["state"] == "done" for step in new.get("/move")["steps"]), "the end of the move")

        refused = ana.post("/orders", merchant=lumen.get("/status")["identity"], lines=[{"sku": _sku(ana), "quantity": 1}], pickup=True)
        until(ana, lambda: "not-paired" in [row["code"] for row in ana.get("/outbox")], "the refusal")
        assert ana.get(f"/orders/{refused['id']}")["status"] == "DRAFT"
        assert refused["id"] not in {row["id"] for row in lumen.get("/orders")}
        cast.kill("ana")
        cast.start_node("ana", locked=False)
        ana = cast.node("ana")
        until(ana, lambda: ana.get("/status")["state"] == "open", "the old vault")
        until(ana, lambda: ana.get("/move")["here"] == "retired", "the old computer to be told")

        new.post(f"/orders/{after}/cancel", code="changed-mind")
        until(new, lambda: new.get(f"/orders/{after}")["status"] == "CANCELLED", "the receipt of the cancellation")
        assert lumen.get(f"/orders/{after}")["status"] == "CANCELLED"
        until(new, lambda: new.get("/catalog/offers", purchasable=True, limit=1), "the catalog, which no backup carries")
        third = order(lumen, new)
        assert {row["id"] for row in lumen.get("/orders")} == {before, after, third}
        for name in ("lumen", "ana", "ana2"):
            assert "Traceback" not in log_of(cast, name)


def _sku(client):
    return client.get("/catalog/offers", purchasable=True, limit=1)[0]["sku"]
