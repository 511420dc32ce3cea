"""What every command shares: the node's folder, the form of the answer, and how to reach the node."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from node.errors import UserError

from .client import Client
from .output import Output

DEFAULT_DATA = Path(os.environ.get("GEMSTRA_DATA", "~/.gemstra")).expanduser()


@dataclass(frozen=True, slots=True)
class Call:
    """One command's surroundings."""

    data: Path
    output: Output
    no_input: bool
    yes: bool

    @property
    def client(self) -> Client:
        """The running node."""
        return Client(self.data)

    def currency(self, given: str) -> str:
        """The currency named, else the one that this desk's own amounts are in."""
        return given.upper() or str(self.client.get("/status")["currency"])

    def confirm(self, question: str) -> None:
        """Ask before something that cannot be undone. Raises UserError when there is nobody to ask."""
        if self.yes:
            return
        if self.no_input or not sys.stdin.isatty():
            raise UserError(f"{question} Say --yes to go on.", code="needs-yes")
        typer.confirm(question, abort=True, err=True)


def call_of(context: typer.Context) -> Call:
    """The surroundings the root callback made."""
    call: Call = context.find_root().obj
    return call


def root(
    context: typer.Context,
    data: Annotated[Path, typer.Option(help="The node's data folder.")] = DEFAULT_DATA,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Nothing but data.")] = False,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Answer yes to every question.")] = False,
) -> None:
    """A Gemstra node: your customers, orders and team, on your own machine."""
    context.obj = Call(data, Output(as_json=json, quiet=quiet), no_input, yes)


def read_passphrase(call: Call, fd: int | None, *, repeat: bool = False) -> str:
    """From a file descriptor or a prompt; never from the arguments, which other programs can read."""
    if fd is not None:
        return _line_of(fd, "passphrase", "needs-passphrase")
    if call.no_input or not sys.stdin.isatty():
        raise UserError("A passphrase is needed: give --passphrase-fd N, e.g. --passphrase-fd 3 3<file", code="needs-passphrase")
    answer: str = typer.prompt(
        "Passphrase, at least 8 characters" if repeat else "Passphrase", hide_input=True, confirmation_prompt=repeat, err=True
    )
    return answer


def read_secret(call: Call, fd: int | None, what: str) -> str:
    """The password of another service, as `read_passphrase` does it."""
    if fd is not None:
        return _line_of(fd, "password", "needs-secret")
    if call.no_input or not sys.stdin.isatty():
        raise UserError("A password is needed: give --secret-fd N, e.g. --secret-fd 3 3<file", code="needs-secret")
    answer: str = typer.prompt(what, hide_input=True, err=True)
    return answer


def read_words(call: Call, fd: int | None, what: str) -> str:
    """The words of a sheet, from a file descriptor or a prompt that does not show them; never from the arguments."""
    if fd is not None:
        return _line_of(fd, "words", "needs-words")
    if call.no_input or not sys.stdin.isatty():
        raise UserError(f"{what}: give --words-fd N, e.g. --words-fd 4 4<file", code="needs-words")
    answer: str = typer.prompt(what, hide_input=True, default="", show_default=False, err=True)
    return answer


def _line_of(fd: int, what: str, code: str) -> str:
    try:
        with os.fdopen(fd, "r", encoding="utf-8") as source:
            return source.readline().rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"File descriptor {fd} gives no {what}: open it for reading, e.g. 3<file", code=code) from error
