"""The program: the command line, and the commands that are themselves a process: the node and the chain."""

import os
from pathlib import Path
from typing import Annotated

import typer

from node.app import backup_commands
from node.cli.backup import app as backup_app
from node.cli.chain import app as chain_commands
from node.cli.context import call_of, read_passphrase
from node.cli.nodes import Fd
from node.cli.output import reported
from node.cli.root import app
from node.memory import keep_out_of_dumps, look_seldom_for_garbage

backup_commands.add(backup_app)


@app.command()
def run(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="Port of the page on 127.0.0.1; 0 = any.")] = None,
    peer_port: Annotated[int | None, typer.Option(help="Port for peers; 0 = any.")] = None,
    listen: Annotated[str | None, typer.Option(help="Address for peers, e.g. 0.0.0.0")] = None,
    host_name: Annotated[str | None, typer.Option(help="Name of the page, e.g. ana.localhost")] = None,
    design: Annotated[bool | None, typer.Option(help="Serve /design.")] = None,
    passphrase_fd: Fd = None,
    unlock_from: Annotated[
        str | None, typer.Option(help="Unlock at the start with nobody there: keyring (gemstra keys remember) or credential (systemd).")
    ] = None,
    die_with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Run the node of a data folder: its page, its network, its chain. Ctrl-C stops it.

    Example: gemstra --data ~/shop run --port 8080
    """
    import asyncio
    import gc

    gc.disable()  # nothing of what is imported now is ever garbage: looking through it again and again takes a fifth of the start
    from node.app.serve import serve
    from node.config import load

    gc.enable()
    look_seldom_for_garbage()

    call = call_of(context)
    with reported():
        flags = {"port": port, "peer_port": peer_port, "listen": listen, "host_name": host_name, "design": design}
        config = load(call.data, os.environ, flags)
        passphrase = read_passphrase(call, passphrase_fd) if passphrase_fd is not None else None
        if unlock_from is not None:
            from node.vault import unattended

            passphrase = unattended.read(unlock_from, config.data, os.environ)

        def ready(page: str) -> None:
            call.output.say(f"{page} is up. A link to open it: gemstra --data {config.data} open. Ctrl-C stops the node.")

        asyncio.run(serve(config, passphrase=passphrase, die_with_parent=die_with_parent, ready=ready))


@chain_commands.command(name="run")
def run_chain(
    data: Annotated[Path, typer.Option(help="The chain's folder.")],
    port: Annotated[int, typer.Option(help="Port of the JSON-RPC on 127.0.0.1; 0 = any.")] = 0,
    chain_id: Annotated[int | None, typer.Option(help="Chain id of a new chain.")] = None,
    activation_delay: Annotated[int, typer.Option(help="Seconds before a proposed statement root becomes active.")] = 60,
    die_with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Run an embedded ASTRA chain; DATA/chain.json says where, once it is ready.

    Example: gemstra chain run --data ~/astra
    """
    from node.chain.embedded.config import ChainConfig
    from node.chain.embedded.process import run as serve_chain

    with reported():
        config = ChainConfig(data, port=port, chain_id=chain_id, activation_delay=activation_delay, die_with_parent=die_with_parent)
        serve_chain(config)


def main() -> None:
    """The `gemstra` program."""
    keep_out_of_dumps()
    app()


if __name__ == "__main__":
    main()
