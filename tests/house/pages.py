"""The pages of docs/ that are drawn from the program. `python -m tests.house.pages` writes them; a test compares.

docs/cli.md, docs/api.md, docs/openapi.json, docs/configuration.md, docs/errors.md.
"""

import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from node.cli.output import exit_code
from node.errors import ConflictError, IntegrityError, Locked, NodeError, NotFound, RemoteRefusal, Unavailable, UserError
from node.problems import problem
from protocol.errors import LocalError, ProtocolError, RemoteError
from tests.house.raised import lineage, raised
from tests.house.sources import ROOT

DRAWN = "<!-- Drawn from the program by `make docs`; a test compares. -->"
HOME = str(Path.home())


def _cell(text: object) -> str:
    return " ".join(str(text).replace("|", "\\|").replace("<", "&lt;").split())


def configuration() -> str:
    """docs/configuration.md, from node/config.py."""
    from node.config import FILE_NAME, PREFIX, Config

    lines = [
        "# Configuration",
        "",
        DRAWN,
        "",
        f"A node reads its settings from `{FILE_NAME}` in its data folder (TOML, one `name = value` a line), then from the environment, then from",
        "the flags of `gemstra run`; the later wins. A name that is not here is refused as `bad-config`, with the place it came from.",
        "Without a setting a node works on this machine only: its page on a free port of 127.0.0.1, its peers' port on 127.0.0.1, no chain.",
        "",
        "| setting | environment | type | default | what it is |",
        "|---|---|---|---|---|",
    ]
    for item in fields(Config):
        default = "" if item.default is MISSING else f"`{json.dumps(item.default)}`"
        kind = item.type if isinstance(item.type, str) else item.type.__name__
        variable = "`GEMSTRA_DATA`, or `--data`" if item.name == "data" else f"`{PREFIX}{item.name.upper()}`"
        lines.append(f"| `{item.name}` | {variable} | {kind} | {default} | {_cell(item.metadata['help'])} |")
    lines += [
        "",
        "`data` itself cannot stand in the file. The files of a data folder are listed in [data.md](data.md).",
        "",
    ]
    return "\n".join(lines)


def command_line() -> str:
    """docs/cli.md, from the typer application."""
    import typer

    from node.main import app

    lines = [
        "# Command line",
        "",
        DRAWN,
        "",
        "`gemstra` talks to the node that runs on its data folder, through the socket `node.sock` in it (only its owner may open that). Answers go to",
        "stdout, everything else to stderr; `--json` gives one document, made for programs; `--no-input` never asks. A passphrase comes from a prompt or",
        "from a file descriptor (`--passphrase-fd`), never from an argument; so do words (`--words-fd`) and the passwords of other services (`--secret-fd`).",
        "",
        "| exit code | meaning |",
        "|---|---|",
        "| 0 | done |",
        "| 1 | refused; the line on stderr says why and what to do, its code in brackets is in [errors.md](errors.md) |",
        "| 2 | the command was typed wrongly |",
        "| 3 | not found |",
        "| 4 | the vault is locked, or not set up |",
        "| 5 | it contradicts what is there |",
        "| 6 | a peer, the chain or the node cannot be reached |",
        "| 7 | something stored or received is not what was signed or written |",
        "",
    ]
    for path, command in _commands(typer.main.get_command(app), ("gemstra",)):
        lines += _command(path, command)
    return "\n".join(lines)


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, child in sorted(getattr(command, "commands", {}).items()):
        if not child.hidden:
            yield from _commands(child, (*path, name))


def _command(path: tuple[str, ...], command: Any) -> list[str]:
    parameters = [item for item in command.params if not getattr(item, "hidden", False) and item.name not in {"help", *_COMPLETION}]
    arguments = [item for item in parameters if item.param_type_name == "argument"]
    options = [item for item in parameters if item.param_type_name == "option"]
    usage = " ".join([*path, *(f"<{item.name}>" if item.required else f"[{item.name}]" for item in arguments)])
    usage += " COMMAND" if hasattr(command, "commands") else ""
    lines = [f"{'#' * min(4, len(path) + 1)} `{' '.join(path)}`", ""]
    help_ = (command.help or "").strip()
    told, _, example = help_.partition("Example:")
    lines += [" ".join(told.split()), ""] if told.strip() else []
    lines += ["```", usage, *([f"# for example: {' '.join(example.split())}"] if example else []), "```", ""]
    rows = [(f"`{item.name}`", item) for item in arguments]
    rows += [(", ".join(f"`{name}`" for name in (*item.opts, *item.secondary_opts)), item) for item in options]
    if rows:
        lines += ["| parameter | type | default | meaning |", "|---|---|---|---|"]
        lines += [f"| {shown} | {_type(item)} | {_default(item)} | {_cell(getattr(item, 'help', None) or '')} |" for shown, item in rows]
        lines.append("")
    return lines


_COMPLETION = {"install_completion", "show_completion"}


def _type(item: Any) -> str:
    if getattr(item, "is_flag", False):
        return "flag"
    choices = getattr(item.type, "choices", None)
    if choices:
        return " or ".join(f"`{getattr(choice, 'value', choice)}`" for choice in choices)
    return {"str": "text", "int": "number", "integer": "number", "float": "number"}.get(item.type.name, _cell(item.type.name))


def _default(item: Any) -> str:
    value = item.default
    if item.required or value is None or value is False or value == "" or callable(value) or str(value).startswith("Sentinel"):
        return "required" if item.required else ""
    return f"`{_cell(str(value).replace(HOME, '~'))}`"


def interface() -> dict[str, Any]:
    """docs/openapi.json, as the node serves it."""
    from node.api.openapi import document
    from node.api.table import ROUTES

    return document(ROUTES)


def interface_page() -> str:
    """docs/api.md: every route in a line."""
    from node.api.http import PREFIX
    from node.api.table import ROUTES

    lines = [
        "# API",
        "",
        DRAWN,
        "",
        f"JSON under `{PREFIX}` on the node's page address (with a page's session) and on the socket `node.sock` of its data folder (for its owner).",
        "The whole description is [openapi.json](openapi.json), OpenAPI 3.1; what a route takes and answers is drawn from its use case's signature. Ids",
        "are lower-case hex, times milliseconds UTC, money minor units beside its currency, GMS base units (18 decimals) as decimal strings.",
        "",
        "A POST with an effect takes an `Idempotency-Key` of 8 to 128 characters: the same key and body again answers what was answered, the same key with",
        "another body is `idempotency-key-reused`. A refusal is a problem document (RFC 9457) whose `code` is in [errors.md](errors.md).",
        "",
        "| method | path | takes | does | while locked |",
        "|---|---|---|---|---|",
    ]
    for route in ROUTES:
        taken = (
            "the raw file"
            if "request" in route.parameters
            else ", ".join(f"`{name}`" for name in route.parameters if name not in route.in_path)
        )
        summary = _cell((route.run.__doc__ or "").strip().split("\n")[0])
        lines.append(f"| {route.method} | `{route.path}` | {taken} | {summary} | {'yes' if route.locked else ''} |")
    return "\n".join([*lines, ""])


def export_schema() -> dict[str, Any]:
    """docs/export.schema.json: JSON Schema of a line of an export."""
    import inspect

    import msgspec

    from node.model.export import End, Header
    from node.services.export import SECTIONS

    kinds = {"header": Header, **{kind: section.view for kind, section in SECTIONS.items()}, "end": End}
    schemas, components = msgspec.json.schema_components(kinds.values(), ref_template="#/$defs/{name}")
    for schema in components.values():
        if "description" in schema:
            schema["description"] = inspect.cleandoc(schema["description"])
    lines = [
        {"properties": {"kind": {"const": kind}, "value": schema}, "required": ["kind", "value"]}
        for kind, schema in zip(kinds, schemas, strict=True)
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of a Gemstra export",
        "type": "object",
        "oneOf": lines,
        "$defs": components,
    }


_WHAT_TO_DO: dict[type[NodeError] | type[ProtocolError], str] = {
    NotFound: "What was named is not here: look at the list again.",
    Locked: "Unlock the node (`gemstra unlock`, or its page), or set it up first (`gemstra init`).",
    ConflictError: "It contradicts what is there; look at the present state, then decide.",
    IntegrityError: "Something is not what was written or signed. Nothing of it was used; the text says what to put back.",
    Unavailable: "Somebody cannot be reached now. What waits in the outbox is tried again by itself; a command can be repeated.",
    RemoteRefusal: "A peer said no. Asking again changes nothing; its code says why.",
    UserError: "The text says what is wrong and what to do; nothing was changed.",
    LocalError: "The protocol does not allow that now, whoever asks: look at what state the thing is in.",
    RemoteError: "A peer sent what the protocol forbids. Nothing of it was kept; the peer is told the code.",
    ProtocolError: "Never raised itself.",
    NodeError: "Never raised itself.",
}


def errors() -> str:
    """docs/errors.md: every code."""
    found, known = raised()
    lines = [
        "# Errors",
        "",
        DRAWN,
        "",
        "Every refusal has a code that does not change with the wording. It is the same on a page, in the API's problem document (`code`) and, in brackets,",
        "on the command line. What its class means, and what to do:",
        "",
        "| class | exit code | HTTP status | what to do |",
        "|---|---|---|---|",
    ]
    for kind, what in _WHAT_TO_DO.items():
        lines.append(f"| {kind.__name__} | {exit_code(kind(''))} | {problem(kind('')).status} | {what} |")
    lines += [
        "",
        "Contracts refuse with Solidity errors, whose names become codes (`StaleRoot` → `stale-root`); they are in [chain.md](chain.md) and in",
        "[the settlement page](protocol/settlement.md). The codes by which a peer is dropped are in [network.md](network.md). `…` stands for a value.",
        "",
        "| code | class | what it says | raised in |",
        "|---|---|---|---|",
    ]
    named = {kind.__name__ for kind in _WHAT_TO_DO}
    for code, entry in sorted(found.items()):
        kinds = ", ".join(sorted({next(name for name in lineage(kind, known) if name in named) for kind in entry.kinds}))
        says = " · ".join(sorted(entry.says, key=lambda text: (-len(text), text))[:3])
        where = ", ".join(f"`{name}`" for name in sorted(entry.where)[:3]) + (", …" if len(entry.where) > 3 else "")
        lines.append(f"| `{code}` | {kinds} | {_cell(says)} | {where} |")
    return "\n".join([*lines, ""])


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": command_line,
    "api.md": interface_page,
    "openapi.json": lambda: json.dumps(interface(), indent=1, sort_keys=True, ensure_ascii=False) + "\n",
    "export.schema.json": lambda: json.dumps(export_schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n",
    "configuration.md": configuration,
    "errors.md": errors,
}


def main() -> None:
    warnings.simplefilter("ignore")
    for name, draw in PAGES.items():
        (ROOT / "docs" / name).write_text(draw(), "utf-8")


if __name__ == "__main__":
    main()
