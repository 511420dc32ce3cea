"""Files that ship beside the code: contract artifacts, templates, styles. Found in a checkout and in an installed wheel alike."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from node.errors import IntegrityError

_PACKAGE = Path(__file__).resolve().parent


def share(name: str, checkout: str) -> Path:
    """`node/_share/<name>` of a wheel, else `<checkout>` of a source tree; `IntegrityError("incomplete-install")` if neither."""
    for folder in (_PACKAGE / "_share" / name, _PACKAGE.parent / checkout):
        if folder.is_dir():
            return folder
    raise IntegrityError(
        f"The installation lacks its {name} files. Install Gemstra again.",
        code="incomplete-install",
    )


def ui_folder() -> Path:
    """Folder with `templates/`, `static/` and `locale/`."""
    return share("ui", "ui")


@cache
def contract_artifact(name: str) -> dict[str, Any]:
    """The committed artifact of a contract: at least `abi` (a list) and `bytecode` (0x-hex of the creation code)."""
    path = share("abi", "contracts/abi") / f"{name}.json"
    try:
        artifact = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise IntegrityError(f"The installation lacks the contract {name}. Install Gemstra again.", code="incomplete-install") from None
    if not isinstance(artifact, dict) or "abi" not in artifact or "bytecode" not in artifact:
        raise IntegrityError(f"{path} is not a contract artifact. Install Gemstra again.", code="incomplete-install")
    return artifact
