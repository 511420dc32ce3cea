"""The node as a whole: init, unlock, lock, status, open."""

import secrets
import sys
from typing import Annotated, Any

import typer

from node.cli.context import Call, call_of, read_passphrase, read_words
from node.cli.output import reported

ASKED = 3
WordsFd = Annotated[int | None, typer.Option("--words-fd", help="Read the words from this file descriptor.")]
RotationFd = Annotated[int | None, typer.Option("--rotation-words-fd", help="Read the rotation words from this file descriptor.")]
Fd = Annotated[int | None, typer.Option("--passphrase-fd", help="Read the passphrase from this file descriptor.")]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (init, unlock, lock, status, today, open_page):
        app.command(name=command.__name__.removesuffix("_page"))(command)


def init(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="The name your peers see.")],
    role: Annotated[str, typer.Option(help="seller, merchant or brand.")] = "seller",
    currency: Annotated[str, typer.Option(help="ISO 4217 code, e.g. EUR.")] = "USD",
    passphrase_fd: Fd = None,
    own_words: Annotated[bool, typer.Option("--own-words", help="Ask for words you have: same wallet, same names at shops.")] = False,
    words_fd: WordsFd = None,
    rotation_words_fd: RotationFd = None,
) -> None:
    """Set up a new identity in a running node and show its words, once; three of them are asked for.

    Example: gemstra --data ~/shop init --name "Lumen Beauty" --role merchant
    """
    call = call_of(context)
    with reported():
        own = {}
        if own_words or words_fd is not None:
            own["words"] = read_words(call, words_fd, "Your 24 recovery words")
            asked = rotation_words_fd is not None or not call.no_input
            own["rotation_words"] = read_words(call, rotation_words_fd, "Your 12 rotation words (empty: a fresh sheet)") if asked else ""
        secret = read_passphrase(call, passphrase_fd, repeat=True)
        founded = call.client.post_once("/setup", passphrase=secret, name=name, role=role, currency=currency, **own)
        _show_words(call, founded)


def _show_words(call: Call, founded: Any) -> None:
    if call.output.as_json:
        call.output.show(founded)
        return
    if founded["words"] or founded["rotation_words"]:
        call.output.say("Write these words on paper, in this order. They are shown this once; whoever has them is you.")
    if founded["words"]:
        show_sheet(call, "Recovery words", founded["words"])
    if founded["rotation_words"]:
        show_sheet(call, "Rotation words (keep on a second sheet)", founded["rotation_words"])
    if fresh := founded["words"] or founded["rotation_words"]:
        confirm_sheet(call, fresh)


def show_sheet(call: Call, title: str, words: list[str]) -> None:
    """The words, numbered, four in a row."""
    call.output.say(f"\n{title}:")
    for row in range(0, len(words), 4):
        call.output.show("  ".join(f"{row + column + 1:>2} {word:<10}" for column, word in enumerate(words[row : row + 4])))


def confirm_sheet(call: Call, words: list[str]) -> None:
    """Ask for three of the words until they are right, where somebody is there to answer."""
    if call.no_input or not sys.stdin.isatty():
        return
    call.output.say("\nType three of them, so that you can be sure of your paper.")
    for place in sorted(secrets.SystemRandom().sample(range(len(words)), ASKED)):
        while typer.prompt(f"Word {place + 1}", err=True).strip().lower() != words[place]:
            call.output.say(f"This is not word {place + 1}. Look at your paper again.")


def unlock(context: typer.Context, passphrase_fd: Fd = None) -> None:
    """Open the vault of a running node.

    Example: gemstra unlock --passphrase-fd 3 3<~/.secrets/gemstra
    """
    call = call_of(context)
    with reported():
        call.output.show(call.client.post_once("/unlock", passphrase=read_passphrase(call, passphrase_fd)))


def lock(
    context: typer.Context,
    page: Annotated[bool, typer.Option("--page", help="Only the pages: each asks for the passphrase, and the node goes on.")] = False,
) -> None:
    """Lock the vault: wipe the keys, end every page, leave the network. With --page lock only the pages.

    Example: gemstra lock --page
    """
    call = call_of(context)
    with reported():
        call.output.show(call.client.post_once("/lock-page") if page else call.client.post_once("/lock"))


def status(context: typer.Context) -> None:
    """How the node is: vault, network, chain, messages waiting."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/status"))


def today(
    context: typer.Context, outbox: Annotated[bool, typer.Option("--outbox", help="The messages under way instead.")] = False
) -> None:
    """What waits for you, as on the page's home.

    Example: gemstra today
    """
    call = call_of(context)
    with reported():
        if outbox:
            call.output.show(call.client.get("/outbox"), ("name", "topic", "state", "code", "attempts"))
            return
        found = call.client.get("/today")
        call.output.show(found if call.output.as_json else found["items"], ("action", "title", "text"))
        following = next((task for task in found["setup"] if not task["done"]), None)
        if following:
            call.output.say(f"Next for your first sale: {following['title']}. {following['text']}.")


def open_page(context: typer.Context) -> None:
    """A link to the page that works once, within a minute."""
    call = call_of(context)
    with reported():
        link = call.client.post_once("/open-link")
        call.output.show(link if call.output.as_json else link["url"])
