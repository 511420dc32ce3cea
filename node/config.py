"""The node's configuration: one frozen record, read from file, then environment, then flags.

It decides names and defaults; it opens nothing. Documented in docs/configuration.md, which a test compares with this file.
"""

import ipaddress
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from .errors import UserError

FILE_NAME = "config.toml"
PREFIX = "GEMSTRA_"
LEAST_DELAY = 3600


def _setting(help_: str, default: Any) -> Any:
    return field(default=default, metadata={"help": help_})


@dataclass(frozen=True, slots=True)
class Config:
    """What one node is told at start. Durations are in seconds."""

    data: Path = field(metadata={"help": "the node's data folder"})
    host_name: str = _setting("the name its pages are served under; nodes on one machine need names of their own", "gemstra.localhost")
    port: int = _setting("TCP port of the pages on 127.0.0.1; 0 takes a free one", 0)
    listen: str = _setting("address the libp2p host listens on", "127.0.0.1")
    peer_port: int = _setting("TCP port of the libp2p host; 0 takes a free one", 0)
    chain_url: str = _setting("JSON-RPC address of the chain; empty = no chain", "")
    chain_id: int = _setting("chain id the chain must report", 0)
    gms_address: str = _setting("address of the GMS contract", "")
    vault_address: str = _setting("address of the CommissionVault contract", "")
    anchors_address: str = _setting("address of the CatalogAnchors contract; empty: this chain has none", "")
    locale: str = _setting("how money and numbers are written, e.g. de_DE; the pages and their dates are in English", "en_US")
    idle_lock: int = _setting("page lock: seconds without a request after which a page asks for the passphrase; the node goes on", 1800)
    vault_lock: int = _setting(
        "vault lock: seconds without a request after which the keys are wiped and the node leaves the network; 0 = never", 0
    )
    step_up_delay: int = _setting(
        "seconds from the approval of a dangerous act (seeing the wallet's words) until it takes effect; at least 3600", 86400
    )
    catalog_rate: int = _setting("kilobytes a second that fetching catalogs may take, on average; 0 = as fast as they come", 0)
    media_quota: int = _setting("megabytes that pictures fetched from others may take; those not looked at for longest go first", 500)
    tick: float = _setting("seconds between looks at deadlines", 1.0)
    design: bool = _setting("serve /design, the page that shows every component", False)

    @property
    def socket(self) -> Path:
        """The command line's way in (0600)."""
        return self.data / "node.sock"


def load(data: Path, environment: Mapping[str, str], flags: Mapping[str, Any]) -> Config:
    """The configuration for the folder `data`. Raises UserError `bad-config` naming the setting and where it came from."""
    config = Config(data)
    path = data / FILE_NAME
    if path.is_file():
        try:
            config = _merge(config, tomllib.loads(path.read_text("utf-8")), str(path))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UserError(f"{path} is not valid TOML: {error}", code="bad-config") from error
    names = {f"{PREFIX}{item.name.upper()}": item.name for item in fields(Config) if item.name != "data"}
    config = _merge(config, {names[key]: value for key, value in environment.items() if key in names}, "the environment")
    config = _merge(config, {key: value for key, value in flags.items() if value is not None}, "the command line")
    if config.step_up_delay < LEAST_DELAY:
        raise UserError(f"step_up_delay is {config.step_up_delay}: give at least {LEAST_DELAY} seconds.", code="bad-config")
    try:
        ipaddress.ip_address(config.listen)
    except ValueError:
        raise UserError(f"listen is {config.listen!r}: give an IP address, such as 127.0.0.1 or 0.0.0.0", code="bad-config") from None
    return config


def save(config: Config, names: tuple[str, ...]) -> None:
    """Write the settings `names` to the folder's config file, keeping what else it holds."""
    path = config.data / FILE_NAME
    present = tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}
    present |= {name: getattr(config, name) for name in names}
    lines = [f"{name} = {_toml(value)}" for name, value in sorted(present.items())]
    fresh = path.with_suffix(".fresh")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)  # a chain's address may hold a key
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o600)
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(descriptor)
    fresh.replace(path)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _merge(config: Config, values: Mapping[str, Any], source: str) -> Config:
    known = {item.name: item for item in fields(Config)}
    for name, value in values.items():
        if name not in known or name == "data":
            raise UserError(f"{source} has the unknown setting {name!r}; see docs/configuration.md", code="bad-config")
        config = replace(config, **{name: _convert(name, value, type(getattr(config, name)), source)})
    return config


def _convert(name: str, value: Any, kind: type, source: str) -> Any:
    try:
        if kind is bool and isinstance(value, str):
            return {"1": True, "true": True, "0": False, "false": False}[value.lower()]
        return kind(value)
    except (ValueError, TypeError, KeyError):
        raise UserError(f"{source}: {name} is {value!r}, which is no {kind.__name__}", code="bad-config") from None
