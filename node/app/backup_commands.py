"""`gemstra backup verify` and `restore`: backups without a node, from the words alone. They open the target themselves."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.context import Call, call_of, read_passphrase, read_secret, read_words
from node.cli.nodes import Fd
from node.cli.output import reported
from node.errors import UserError
from node.model.target import Description, Kind

if TYPE_CHECKING:
    from node.services.backup_target import Target

Where = Annotated[str, typer.Argument(help="The folder, the https address of a WebDAV folder, or of an S3 service (none: Amazon's).")]
KindOption = Annotated[str, typer.Option(help="folder, disk, webdav or s3.")]
User = Annotated[str, typer.Option(help="The user's name, or the access key.")]
BucketOption = Annotated[str, typer.Option(help="The bucket.")]
Region = Annotated[str, typer.Option(help="Its region.")]
Prefix = Annotated[str, typer.Option(help="A folder in it.")]
SecretFd = Annotated[int | None, typer.Option("--secret-fd", help="Read password or secret key from this file descriptor.")]
WordsFd = Annotated[int | None, typer.Option("--words-fd", help="Read the words from this file descriptor.")]
Number = Annotated[int, typer.Option(help="An earlier backup; 0 = the newest.")]
Newest = Annotated[str, typer.Option(help="The newest you know of, as NUMBER:ID: an older state of the target is refused.")]
_WORDS = "The words of your sheet, separated by spaces"


def add(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(verify)
    app.command()(restore)


def verify(
    context: typer.Context,
    where: Where = "",
    kind: KindOption = Kind.FOLDER.value,
    user: User = "",
    bucket: BucketOption = "",
    region: Region = "",
    prefix: Prefix = "",
    secret_fd: SecretFd = None,
    words_fd: WordsFd = None,
    number: Number = 0,
    newest: Newest = "",
) -> None:
    """Read a whole backup with your words and check it. No node is needed and nothing is written.

    Example: gemstra backup verify /media/ana/blue/gemstra
    """
    call = call_of(context)
    with reported(), _target(call, Description(_kind(kind), where, user, "", bucket, region, prefix), secret_fd) as target:
        from node.app.restoring import look

        found = look(read_words(call, words_fd, _WORDS), target, known=_known(newest), number=number)
        call.output.show(asdict(found))


def restore(
    context: typer.Context,
    where: Where = "",
    kind: KindOption = Kind.FOLDER.value,
    user: User = "",
    bucket: BucketOption = "",
    region: Region = "",
    prefix: Prefix = "",
    secret_fd: SecretFd = None,
    words_fd: WordsFd = None,
    passphrase_fd: Fd = None,
    number: Number = 0,
    newest: Newest = "",
) -> None:
    """Set up a node in an empty folder from your words and a backup. It is a new device; revoke those that are lost afterwards.

    Example: gemstra --data ~/shop backup restore /media/ana/blue/gemstra
    """
    call = call_of(context)
    with reported(), _target(call, Description(_kind(kind), where, user, "", bucket, region, prefix), secret_fd) as target:
        from node.app import restoring
        from node.lock import FolderLock

        restoring.require_free(call.data)
        words = read_words(call, words_fd, _WORDS)
        passphrase = read_passphrase(call, passphrase_fd, repeat=True)
        call.output.say("Reading the backup, loading it, comparing it: a minute for 100,000 customers.")
        with FolderLock(call.data):
            view = restoring.restore(call.data, passphrase, words, target, known=_known(newest), number=number)
        call.output.show(asdict(view))
        call.output.say(
            f"It is here. Start it with: gemstra --data {call.data} run. Grants, renewals and payouts are held back until you have "
            "looked at them: gemstra restored show. Choose where its own backups go: gemstra backup targets add"
        )


@contextmanager
def _target(call: Call, description: Description, secret_fd: int | None) -> "Iterator[Target]":
    from node.targets.opening import open_target

    local = description.kind in (Kind.FOLDER, Kind.DISK)
    secret = "" if local else read_secret(call, secret_fd, "Password" if description.kind is Kind.WEBDAV else "Secret access key")
    where = str(Path(description.where).expanduser().absolute()) if local and description.where else description.where
    given = {name: getattr(description, name) for name in ("user", "bucket", "region", "prefix")}
    with closing(open_target(Description(description.kind, where, secret=secret, **given))) as target:
        yield target


def _kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(Kind)}") from error


def _known(text: str) -> tuple[int, bytes] | None:
    """`NUMBER:ID` as `backup list` shows it. Raises UserError `bad-request`."""
    if not text:
        return None
    try:
        number, _, id_ = text.partition(":")
        return int(number), bytes.fromhex(id_)
    except ValueError as error:
        raise UserError("Give the newest backup as its number, a colon and its id.", code="bad-request") from error
