"""The program: the command line, and the commands that are themselves a process: the node and the chain."""

import asyncio
import os
from typing import Annotated

import typer

from node.cli.context import call_of, read_passphrase
from node.cli.nodes import Fd
from node.cli.output import reported
from node.cli.root import app


@app.command()
def run(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="Port of the page on 127.0.0.1; 0 = any.")] = None,
    peer_port: Annotated[int | None, typer.Option(help="Port for peers; 0 = any.")] = None,
    listen: Annotated[str | None, typer.Option(help="Address for peers, e.g. 0.0.0.0")] = None,
    host_name: Annotated[str | None, typer.Option(help="Name of the page, e.g. ana.localhost")] = None,
    design: Annotated[bool | None, typer.Option(help="Serve /design.")] = None,
    passphrase_fd: Fd = None,
    die_with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Run the node of a data folder: its page, its network, its chain. Ctrl-C stops it.

    Example: gemstra --data ~/shop run --port 8080
    """
    from node.app.serve import serve
    from node.config import load

    call = call_of(context)
    with reported():
        flags = {"port": port, "peer_port": peer_port, "listen": listen, "host_name": host_name, "design": design}
        config = load(call.data, os.environ, flags)
        passphrase = read_passphrase(call, passphrase_fd) if passphrase_fd is not None else None
        asyncio.run(serve(config, passphrase=passphrase, die_with_parent=die_with_parent))


def main() -> None:
    """The `gemstra` program."""
    app()


if __name__ == "__main__":
    main()
