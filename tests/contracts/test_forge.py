"""Runs the Solidity tests of contracts/test, and shows that a planted fault in the vault is caught by them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONTRACTS = Path(__file__).parents[2] / "contracts"
VERBS = {
    "Activate", "Anchor", "AnnounceWithdrawal", "ChangeRecipient", "Claim", "ClaimMany", "ClaimSubtree", "Conservation", "Deposit",
    "Dispute", "Gms", "Hostile", "Propose", "Withdraw",
}  # fmt: skip


def forge(tool: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, tool, "test", *arguments], capture_output=True, text=True, check=False, timeout=300)


def test_the_solidity_tests_pass() -> None:
    done = forge(CONTRACTS / "tool.py", "--json")
    report = json.loads(done.stdout[done.stdout.index("{") :])
    failed = [
        f"{suite} {name}: {result['reason']}"
        for suite, found in report.items()
        for name, result in found["test_results"].items()
        if result["status"] != "Success"
    ]
    assert failed == []
    assert {re.sub(r".*/(\w+)\.t\.sol:.*", r"\1", suite) for suite in report} == VERBS
    assert all(found["test_results"] for found in report.values())
    assert done.returncode == 0


# What the invariants are there for: the file, the right line, and the fault planted in its place.
FAULTS = {
    "claims are not counted": (
        "CommissionVault.sol",
        "member.claimed = uint128(due);\n",
        "member.claimed = uint128(claimed);\n",
    ),
    "withdrawals ignore the pending root": (
        "VaultState.sol",
        "if (pending.outstandingTotal > bound && pending.epoch > _active[merchant].epoch) {",
        "if (pending.outstandingTotal > bound && pending.epoch == 0) {",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught(fault: str, tmp_path: Path) -> None:
    """Control of the whole battery."""
    planted = tmp_path / "contracts"
    shutil.copytree(CONTRACTS, planted, ignore=shutil.ignore_patterns("node_modules", "out", "cache", "abi", "*.t.sol"))
    shutil.copy(CONTRACTS / "test" / "Conservation.t.sol", planted / "test")
    (planted / "node_modules").symlink_to(CONTRACTS / "node_modules")
    name, right, wrong = FAULTS[fault]
    vault = planted / "src" / name
    source = vault.read_text()
    assert source.count(right) == 1
    vault.write_text(source.replace(right, wrong))
    done = forge(planted / "tool.py")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "[FAIL: Differs(" in done.stdout or "is covered]" in done.stdout, done.stdout
