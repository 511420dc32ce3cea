"""From a description to a target: one kind each."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import assert_never

from node.model.target import Description, Kind

from . import outcomes
from .folder import Folder
from .http import Server
from .s3 import Bucket
from .webdav import WebDav

Target = Folder | WebDav | Bucket


def open_target(description: Description) -> Target:
    """The target that is described. Nothing is asked of it yet. Raises UserError `bad-target`."""
    match description.kind:
        case Kind.FOLDER | Kind.DISK:
            return Folder(_folder(description.where), description.marker)
        case Kind.WEBDAV:
            return WebDav(Server(description.where, description.user, description.secret), description.marker)
        case Kind.S3:
            if not (description.bucket and description.user and description.secret):
                raise outcomes.bad_target("Enter the bucket's name, the access key and its secret.")
            return Bucket(description)
        case _:
            assert_never(description.kind)


def found_target(description: Description) -> Description:
    """Make what is missing at a target that is used for the first time; the description to keep, with the marker that was found.

    `description.marker` is a new id. Raises what the targets raise.
    """
    match description.kind:
        case Kind.FOLDER | Kind.DISK:
            return replace(description, marker=Folder(_folder(description.where)).found(description.marker))
        case Kind.WEBDAV | Kind.S3:
            with closing(open_target(description)) as target:
                assert not isinstance(target, Folder)
                target.found()
            return description
        case _:
            assert_never(description.kind)


def _folder(where: str) -> Path:
    path = Path(where).expanduser()
    if not where or "\0" in where or not path.is_absolute():
        raise outcomes.bad_target("Enter the whole path of a folder, such as /media/ana/backup")
    return path
