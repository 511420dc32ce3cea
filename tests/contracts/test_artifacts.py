"""The checked-in bytecode is what the sources give, and what it may not be: near the size limit, or tied to a registry."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CONTRACTS = Path(__file__).parents[2] / "contracts"
NAMES = ("GMS", "CommissionVault", "CatalogAnchors")


def test_a_rebuild_gives_the_same_bytes(tmp_path: Path) -> None:
    """Control: the comparison sees a changed byte."""
    subprocess.run([sys.executable, CONTRACTS / "tool.py", "build", tmp_path], check=True, capture_output=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{name}.json" for name in NAMES)
    for name in NAMES:
        made, kept = (tmp_path / f"{name}.json").read_bytes(), (CONTRACTS / "abi" / f"{name}.json").read_bytes()
        assert made == kept, f"{name}: run `make contracts` and commit contracts/abi"
        assert made.replace(b"0x60", b"0x61", 1) != kept


@pytest.mark.parametrize("name", NAMES)
def test_an_artifact_says_how_it_was_made(name: str) -> None:
    made = json.loads((CONTRACTS / "abi" / f"{name}.json").read_text())
    assert made["contractName"] == name
    assert made["compiler"] == "solc 0.8.37+commit." + made["compiler"].rpartition(".")[2]
    assert made["settings"]["evmVersion"] == "cancun"
    assert made["settings"]["optimizer"] == {"enabled": True, "runs": 200}
    assert made["settings"]["metadata"] == {"appendCBOR": False, "bytecodeHash": "none"}
    assert len(made["deployedBytecode"]) // 2 < 24_576


def test_packages_are_pinned_and_name_no_registry() -> None:
    packages = json.loads((CONTRACTS / "package.json").read_text())
    pinned = {**packages["dependencies"], **packages["optionalDependencies"]}
    assert all(version[0].isdigit() for version in pinned.values())
    lock = json.loads((CONTRACTS / "package-lock.json").read_text())["packages"]
    for name, entry in lock.items():
        assert entry.get("resolved", "https://registry.npmjs.org/").startswith("https://registry.npmjs.org/"), name
        assert not name or entry["integrity"].startswith("sha512-"), name
