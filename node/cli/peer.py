"""Peers: invite, accept, confirm."""

import json
from pathlib import Path
from typing import Annotated

import typer

from node.cli.context import call_of
from node.cli.output import reported
from node.errors import ConflictError, UserError

app = typer.Typer(no_args_is_help=True, help="Pair with merchants and sellers.")
MOST_PROOF_BYTES = 4 << 20
_PAIRING = ("id", "name", "role", "status", "code", "error")


@app.command()
def invite(context: typer.Context, minutes: Annotated[int, typer.Option(help="How long it is good for.")] = 1440) -> None:
    """Make an invite link that is good once. Example: gemstra peer invite --minutes 60"""
    call = call_of(context)
    with reported():
        made = call.client.post("/peers/invites", valid_minutes=minutes)
        call.output.show(made if call.output.as_json else made["link"])


@app.command()
def accept(context: typer.Context, link: str) -> None:
    """Open an invite link; then compare the code. Example: gemstra peer accept 'gemstra://pair?i=…'"""
    call = call_of(context)
    with reported():
        pairing = call.client.post("/peers/pairings", link=link)

        def shown() -> object:
            found = next(item for item in call.client.get("/peers/pairings") if item["id"] == pairing["id"])
            return found if found["code"] or found["status"] not in ("begun", "answered") else None

        call.output.say("Waiting for the other node …")
        answered = call.client.until(shown, seconds=30, what="the other node to answer")
        call.output.show(answered)
        if answered["status"] == "refused":
            raise ConflictError("The pairing was refused. Ask for a fresh invite link and open that.", code=answered["error"] or "refused")
        call.output.say(f"Compare the code with the other screen, then: gemstra peer confirm {pairing['id']}")


@app.command()
def pairings(context: typer.Context) -> None:
    """Pairings under way and the latest that ended."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/peers/pairings"), _PAIRING)


@app.command()
def confirm(context: typer.Context, pairing: str) -> None:
    """Say that both screens show the same code."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/peers/pairings/{pairing}/confirm"))


@app.command()
def refuse(context: typer.Context, pairing: str) -> None:
    """Say that the codes differ."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/peers/pairings/{pairing}/refuse"))


@app.command(name="list")
def list_(context: typer.Context) -> None:
    """Everyone this node is paired with."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/peers"), ("name", "role", "waiting", "identity", "peer"))


@app.command()
def evidence(context: typer.Context) -> None:
    """What peers signed twice for one place of a log; both records are in --json."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/peers/evidence"), ("name", "type", "seq", "log", "id"))


@app.command()
def proof(context: typer.Context, evidence: Annotated[str, typer.Argument(help="Its id, from `peer evidence`.")]) -> None:
    """One proof, to hand on. Example: gemstra peer proof ID --json > proof.json"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get(f"/peers/evidence/{evidence}"))


@app.command()
def check(context: typer.Context, file: Annotated[Path, typer.Argument(help="A proof that somebody handed over.")]) -> None:
    """Check a proof that somebody signed two things for one place. Example: gemstra peer check proof.json"""
    call = call_of(context)
    with reported():
        try:
            found = json.loads(file.read_bytes()[:MOST_PROOF_BYTES])
            pair = {"first": str(found["first"]), "second": str(found["second"])}
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise UserError(f"{file} is no proof: it needs “first” and “second”.", code="bad-file") from error
        call.output.show(call.client.post("/peers/evidence/check", **pair))


@app.command()
def forget(context: typer.Context, peer: str) -> None:
    """End the pairing with a peer."""
    call = call_of(context)
    with reported():
        call.confirm("Its messages will be refused from now on. Forget it?")
        call.output.show(call.client.delete(f"/peers/{peer}"))
