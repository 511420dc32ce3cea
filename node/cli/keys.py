"""Keys and devices: what speaks for you, and the passphrase."""

from typing import Annotated

import typer

from node.cli.client import Client
from node.cli.context import call_of, read_passphrase, read_words
from node.cli.nodes import Fd, WordsFd, confirm_sheet, show_sheet
from node.cli.output import reported
from node.errors import UserError

app = typer.Typer(help="Keys and devices of this node.", no_args_is_help=True)
GENERATION_SECONDS = 600.0  # the store is written anew
NextWordsFd = Annotated[int | None, typer.Option("--next-words-fd", help="Read a fresh sheet of your own from this file descriptor.")]
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
def revoke(
    context: typer.Context,
    device: Annotated[str, typer.Argument(help="The lost device, from `gemstra keys show`.")],
    reason: Annotated[str, typer.Option(help="Why, for your own list and your peers.")] = "",
    words_fd: WordsFd = None,
    passphrase_fd: Fd = None,
) -> None:
    """End a lost device: new secrets without it, the store under a new key. Asks for your words; the node is away for some seconds.

    Example: gemstra keys revoke 5f2c… --reason "lost on the train"
    """
    call = call_of(context)
    with reported():
        call.output.say("Afterwards change the passwords of the places your backups go to, and move what the lost device's wallet holds.")
        call.confirm("End this device for good? It can never speak for you again.")
        words = read_words(call, words_fd, "The words of the sheet that signs (24, or after a rotation 12)")
        secret = read_passphrase(call, passphrase_fd)
        found = Client(call.data, timeout=GENERATION_SECONDS).post_once(
            f"/keys/devices/{device}/revoke", words=words, passphrase=secret, reason=reason
        )
        call.output.show(found if call.output.as_json else found["identity"]["devices"], ("device", "name", "state", "here", "reason"))


@app.command()
def rotate(context: typer.Context, words_fd: WordsFd = None, next_words_fd: NextWordsFd = None, passphrase_fd: Fd = None) -> None:
    """Take your desk back with the rotation sheet, when somebody has seen your words. Shows a fresh sheet and asks for three words of it.

    Example: gemstra keys rotate
    """
    call = call_of(context)
    with reported():
        words = read_words(call, words_fd, "The 12 words of your rotation sheet")
        if next_words_fd is not None:
            following = read_words(call, next_words_fd, "The 12 words of the fresh sheet")
        elif call.output.as_json:
            raise UserError(
                "With --json give the fresh sheet yourself: --next-words-fd N, e.g. --next-words-fd 5 5<file", code="needs-words"
            )
        else:
            fresh = call.client.post_once("/keys/rotation-sheet")["words"]
            call.output.say("A fresh rotation sheet, shown this once: write it down. What you just typed is your first sheet from now on.")
            show_sheet(call, "Rotation words", fresh)
            confirm_sheet(call, fresh)
            following = " ".join(fresh)
        secret = read_passphrase(call, passphrase_fd)
        client = Client(call.data, timeout=GENERATION_SECONDS)
        found = client.post_once("/keys/rotate", words=words, next_words=following, passphrase=secret)
        call.output.show(found if call.output.as_json else found["identity"]["devices"], ("device", "name", "state", "here", "reason"))
        call.output.say("Who has the old words has your wallet: move what it holds. Then make a new backup, and delete the older ones.")


@app.command()
def ask_wallet_words(context: typer.Context, words_fd: WordsFd = None, passphrase_fd: Fd = None) -> None:
    """Approve that the wallet's own 12 words are shown. They are shown after a delay (a day), in which you can cancel it.

    Example: gemstra keys ask-wallet-words
    """
    call = call_of(context)
    with reported():
        words = read_words(call, words_fd, "The words of the sheet that signs (24, or after a rotation 12)")
        call.output.show(call.client.post_once("/keys/wallet-words/ask", words=words, passphrase=read_passphrase(call, passphrase_fd)))


@app.command()
def wallet_words(context: typer.Context, passphrase_fd: Fd = None) -> None:
    """Show the wallet's own 12 words, for another wallet, once `ask-wallet-words` was approved and its delay is over.

    Example: gemstra keys wallet-words
    """
    call = call_of(context)
    with reported():
        found = call.client.post_once("/keys/wallet-words/show", passphrase=read_passphrase(call, passphrase_fd))
        if call.output.as_json:
            call.output.show(found)
            return
        call.output.say("Whoever has these words has what the wallet holds.")
        show_sheet(call, "Wallet words", found["words"])


@app.command()
def approvals(context: typer.Context) -> None:
    """Dangerous acts that were approved, and when they take effect."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.get("/step-ups"), ("id", "kind", "status", "asked", "due", "until"))


@app.command()
def cancel(context: typer.Context, approval: Annotated[str, typer.Argument(help="From `gemstra keys approvals`.")]) -> None:
    """Take an approval back before it takes effect."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post(f"/step-ups/{approval}/cancel"))


@app.command()
def bind_device(context: typer.Context, passphrase_fd: Fd = None) -> None:
    """Bind the vault to this computer: a secret in its keyring is needed beside the passphrase, so that a stolen copy is worth nothing.

    Example: gemstra keys bind-device
    """
    call = call_of(context)
    with reported():
        call.output.say("If this keyring is lost (another system, another account), only your words and a backup bring the node back.")
        call.confirm("Do you have your words and a backup? Bind the vault to this computer?")
        call.output.show(call.client.post_once("/keys/bind", passphrase=read_passphrase(call, passphrase_fd)))


@app.command()
def unbind_device(context: typer.Context, passphrase_fd: Fd = None) -> None:
    """Have the passphrase alone open the vault again, before you change the system or the account."""
    call = call_of(context)
    with reported():
        call.output.show(call.client.post_once("/keys/unbind", passphrase=read_passphrase(call, passphrase_fd)))


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
        found = call.client.post_once("/keys/vault-lock", minutes=minutes)
        call.output.show(found if call.output.as_json else {name: _idle(found[name]) for name in ("page_lock", "vault_lock")})


def _idle(minutes: int) -> str:
    """When it locks by itself."""
    return f"after {minutes} idle {'minute' if minutes == 1 else 'minutes'}" if minutes else "never"
