"""Set up from a backup: see what is held back, let it go on."""

from typing import Annotated

import typer

from node.cli.context import call_of, read_passphrase, read_words
from node.cli.nodes import Fd, WordsFd
from node.cli.output import reported

app = typer.Typer(no_args_is_help=True, help="After a restore: what is held back until you have looked.")


@app.command()
def show(context: typer.Context) -> None:
    """What is held back, what each would do, and what your peers know of newer backups."""
    call = call_of(context)
    with reported():
        found = call.client.get("/restored")
        if call.output.as_json or not found["restored"]:
            call.output.show(found if call.output.as_json else "This desk was not set up from a backup: nothing is held back.")
            return
        for part in found["parts"]:
            call.output.say(f"{part['name']}: {'held back' if part['paused'] else 'goes on'}")
            call.output.show(part["items"], ("title", "text"))
        call.output.say("Given back by your peers of what came after the backup:")
        call.output.show(found["fetched"], ("name", "state", "records", "misfits", "code"))
        call.output.say("Backups your peers know of:")
        call.output.show(found["backups"], ("name", "sequence", "newer", "at"))
        if found["silent"]:
            call.output.say("Not heard from yet: " + ", ".join(found["silent"]))


@app.command()
def rejoin(context: typer.Context, words_fd: WordsFd = None, passphrase_fd: Fd = None) -> None:
    """Join your own devices again, when your peers know of a change to them that the backup did not. Asks for words and passphrase."""
    call = call_of(context)
    with reported():
        words = read_words(call, words_fd, "The words of the sheet that signs (24, or after a rotation 12)")
        secret = read_passphrase(call, passphrase_fd)
        found = call.client.post_once("/restored/rejoin", words=words, passphrase=secret)
        call.output.show(found if call.output.as_json else found["devices"], ("device", "name", "state", "here"))


def move(context: typer.Context) -> None:
    """Move to another computer: what is done and what comes next, seen from this one."""
    call = call_of(context)
    with reported():
        found = call.client.get("/move")
        if call.output.as_json:
            call.output.show(found)
            return
        for number, step in enumerate(found["steps"], start=1):
            call.output.say(f"{number}. [{step['state']}] {step['title']}. {step['text']}")
            if step["state"] == "now" and step["command"]:
                call.output.say(f"   {step['command']}")


@app.command()
def confirm(
    context: typer.Context,
    what: Annotated[str, typer.Argument(help="grants, renewals or payouts.")],
    anyway: Annotated[bool, typer.Option(help="Though a peer knows of a newer backup.")] = False,
) -> None:
    """Let it go on. Example: gemstra restored confirm grants"""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/restored/{what}/confirm", anyway=anyway)["parts"], ("name", "paused"))
