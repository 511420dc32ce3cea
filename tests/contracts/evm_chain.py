"""A real EVM in this process with the checked-in bytecode on it: GMS and the vault, put back after each test."""

import ast
import json
from pathlib import Path
from typing import Any

from eth_abi import decode
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.exceptions import TransactionFailed
from web3 import EthereumTesterProvider, Web3

from protocol import settlement as s

ABI = Path(__file__).parents[2] / "contracts" / "abi"
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "settlement.json").read_text())
ACTIVATION, WITHDRAWAL, RECIPIENT, BOND = 86_400, 45 * 86_400, 3 * 86_400, 100 * 10**18
NO_HASH = bytes(32)
SUPPLY = 10**9 * 10**18


def artifact(name: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((ABI / f"{name}.json").read_text())
    return made


class Refused(Exception):
    """A custom error of a contract: its name and its numbers."""

    def __init__(self, name: str, *numbers: Any) -> None:
        super().__init__(name, *numbers)
        self.name = name
        self.numbers = numbers


class Chain:
    """Deploys, sends, moves the clock, reads custom errors. Account 0 holds all GMS and pays for deployments."""

    def __init__(self) -> None:
        self.tester = EthereumTester(PyEVMBackend())
        self.web3 = Web3(EthereumTesterProvider(self.tester))
        self.rich, self.merchant, self.relayer, self.stranger = self.web3.eth.accounts[:4]
        self.errors: dict[bytes, tuple[str, list[str]]] = {}
        self.gms = self.deploy("GMS", self.rich)
        self.vault = self.deploy("CommissionVault", self.gms.address, ACTIVATION, WITHDRAWAL, RECIPIENT, BOND)

    def deploy(self, name: str, *arguments: Any) -> Any:
        made = artifact(name)
        for entry in made["abi"]:
            if entry["type"] == "error":
                types = [part["type"] for part in entry["inputs"]]
                selector = s.keccak(f"{entry['name']}({','.join(types)})".encode())[:4]
                self.errors[selector] = (entry["name"], types)
        factory = self.web3.eth.contract(abi=made["abi"], bytecode=made["bytecode"])
        receipt = self.web3.eth.get_transaction_receipt(factory.constructor(*arguments).transact({"from": self.rich, "gas": 8_000_000}))
        return self.web3.eth.contract(receipt["contractAddress"], abi=made["abi"])

    def send(self, call: Any, sender: str | None = None) -> Any:
        """Mine a call; its receipt, or `Refused`."""
        tx = call.transact({"from": sender or self.rich, "gas": 12_000_000})
        receipt = self.web3.eth.get_transaction_receipt(tx)
        if receipt["status"] == 1:
            return receipt
        try:
            call.call({"from": sender or self.rich, "gas": 12_000_000})  # nothing has changed: it fails alike, with its reason
        except TransactionFailed as failed:
            raise self._refusal(failed) from None
        raise AssertionError("it failed when mined and passes when called")

    def _refusal(self, failed: TransactionFailed) -> Exception:
        shown = str(failed).removeprefix("execution reverted: ")
        data = ast.literal_eval(shown) if shown.startswith(("b'", 'b"')) else b""  # eth-tester keeps its repr only
        if data[:4] not in self.errors:
            return failed
        name, types = self.errors[data[:4]]
        return Refused(name, *decode(types, data[4:]))

    @property
    def now(self) -> int:
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def wait(self, seconds: int) -> None:
        self.tester.time_travel(self.now + seconds)
        self.tester.mine_block()

    def events(self, receipt: Any, name: str) -> list[dict[str, Any]]:
        """The vault's events of that name in a receipt."""
        from web3.logs import DISCARD

        return [dict(event["args"]) for event in self.vault.events[name]().process_receipt(receipt, errors=DISCARD)]


class Shop:
    """A merchant with a funded vault, and its members, who hold no gas at all."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.merchant = bytes.fromhex(chain.merchant[2:])
        self.domain = s.tree_domain(chain.web3.eth.chain_id, bytes.fromhex(chain.vault.address[2:]), self.merchant)
        self.keys = [s.keccak(b"member key %d" % i) for i in range(5)]
        self.who = [s.address_of(key) for key in self.keys]
        chain.send(chain.gms.functions.transfer(chain.merchant, 10_000 * 10**18))
        chain.send(chain.gms.functions.transfer(chain.stranger, 10_000 * 10**18))
        for sender in (chain.merchant, chain.stranger):
            chain.send(chain.gms.functions.approve(chain.vault.address, 2**256 - 1), sender)
        chain.send(chain.vault.functions.deposit(chain.merchant, 1_000 * 10**18), chain.merchant)

    def tree(self, *dues: int) -> s.SumTree:
        """One leaf a member, amounts in whole GMS."""
        return s.SumTree(
            self.domain,
            [s.Leaf(s.keccak(b"member %d" % i), self.who[i], due * 10**18, due * 10**18) for i, due in enumerate(dues)],
        )

    def propose(self, epoch: int, tree: s.SumTree) -> Any:
        call = self.chain.vault.functions.propose(epoch, *tree.root, b"\7" * 32)
        return self.chain.send(call, self.chain.merchant)

    def activate(self, epoch: int, tree: s.SumTree) -> None:
        self.propose(epoch, tree)
        self.chain.wait(ACTIVATION)

    def claim(self, tree: s.SumTree, index: int, epoch: int, sender: str | None = None) -> Any:
        call = self.chain.vault.functions.claim(self.chain.merchant, leaf_args(tree.leaves[index]), proof_args(tree.proof(index, epoch)))
        return self.chain.send(call, sender or self.chain.relayer)

    def balance(self, index: int) -> int:
        return int(self.chain.gms.functions.balanceOf(s.checksum_address(self.who[index])).call())


def leaf_args(leaf: s.Leaf) -> tuple[bytes, str, int, int]:
    return leaf.member_id, s.checksum_address(leaf.recipient), leaf.payable, leaf.outstanding


def proof_args(proof: s.Proof) -> tuple[int, int, list[tuple[bytes, int, int]]]:
    return proof.epoch, proof.index, [tuple(sibling) for sibling in proof.siblings]
