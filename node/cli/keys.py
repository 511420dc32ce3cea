"""Keys and devices: what speaks for you, and the passphrase."""

from typing import Annotated

import typer

from node.cli.context import call_of, read_passphrase
from node.cli.nodes import Fd
from node.cli.output import reported

app = typer.Typer(help="Keys and devices of this node.", no_args_is_help=True)
NewFd = Annotated[int | None, typer.Option("--new-passphrase-fd", help="Read the new passphrase from this file descriptor.")]


@app.command()
def show(context: typer.Context) -> None:
    """The devices that speak for you, live and revoked, and when page and vault lock by themselves."""
    call = call_of(context)
    with reported():
        found = call.client.get("/keys")
        if call.output.as_json:
            call.output.show(found)
            return
        identity = found["identity"]
        call.output.show(identity["devices"], ("device", "name", "state", "here", "reason"))
        vault = f"after {found['vault_lock']} idle minutes" if found["vault_lock"] else "by hand only"
        call.output.say(f"Generation {identity['generation']}. Pages lock after {found['page_lock']} idle minutes, the vault {vault}.")


@app.command()
def passphrase(context: typer.Context, passphrase_fd: Fd = None, new_passphrase_fd: NewFd = None) -> None:
    """Give the vault another passphrase. Takes two seconds: how slow guessing is gets measured anew.

    Example: gemstra keys passphrase
    """
    call = call_of(context)
    with reported():
        old = read_passphrase(call, passphrase_fd)
        new = read_passphrase(call, new_passphrase_fd, repeat=True)
        call.output.show(call.client.post_once("/keys/passphrase", old=old, new=new))


@app.command()
def remember(context: typer.Context, passphrase_fd: Fd = None) -> None:
    """Put the passphrase into this computer's keyring, for `gemstra run --unlock-from keyring`.

    Example: gemstra keys remember
    """
    call = call_of(context)
    with reported():
        call.output.say("Whoever can use your account on this computer, and every program you run, can then open this node without you.")
        call.confirm("Put the passphrase into the keyring?")
        call.output.show(call.client.post_once("/keys/remember", passphrase=read_passphrase(call, passphrase_fd)))


@app.command()
def forget(context: typer.Context) -> None:
    """Take the passphrase out of this computer's keyring."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post_once("/keys/forget"))


@app.command()
def auto_lock(context: typer.Context, minutes: Annotated[int, typer.Argument(help="Idle minutes; 0 = never.")]) -> None:
    """Say when the vault locks by itself: keys wiped, off the network. An always-on node wants 0.

    Example: gemstra keys auto-lock 60
    """
    call = call_of(context)
    with reported():
        call.output.show(call.client.post_once("/keys/vault-lock", minutes=minutes))
