"""The contracts answer every settlement vector as `protocol/settlement.py` does."""

from typing import Any

import pytest
from evm_chain import VECTORS, Chain, Refused

from protocol import settlement as s

FIELDS = {"AccrualFact": "merchant member_id order_commitment plan_hash payee level amount base currency return_window accrued_at"}


def of_kind(kind: str) -> list[Any]:
    found = [vector for vector in VECTORS["vectors"] if vector["kind"] == kind]
    return [pytest.param(vector, id=vector["comment"]) for vector in found]


def address(text: str) -> str:
    return s.checksum_address(bytes.fromhex(text))


def leaf(given: dict[str, Any]) -> tuple[bytes, str, int, int]:
    payable, outstanding = int(given["payable"]), int(given["outstanding"])
    return bytes.fromhex(given["member_id"]), address(given["recipient"]), payable, outstanding


def node(given: dict[str, Any]) -> tuple[bytes, int, int]:
    return bytes.fromhex(given["hash"]), int(given["payable"]), int(given["outstanding"])


@pytest.fixture
def merchant(chain: Chain) -> str:
    """The vectors' chain is this chain: same id, same addresses."""
    assert chain.web3.eth.chain_id == VECTORS["chain"]["chain_id"]
    assert chain.gms.address == address(VECTORS["chain"]["gms"])
    assert chain.vault.address == address(VECTORS["chain"]["vault"])
    return address(VECTORS["chain"]["merchant"])


@pytest.mark.parametrize("vector", of_kind("leaf"))
def test_leaf(vector: dict[str, Any], chain: Chain, merchant: str) -> None:
    found = chain.vault.functions.hashLeaf(merchant, leaf(vector["input"]["leaf"])).call()
    assert found.hex() == vector["output"]["hash"]


@pytest.mark.parametrize("vector", of_kind("node"))
def test_node(vector: dict[str, Any], chain: Chain, merchant: str) -> None:
    left, right = node(vector["input"]["left"]), node(vector["input"]["right"])
    assert chain.vault.functions.hashNode(merchant, left, right).call().hex() == vector["output"]["node"]["hash"]


@pytest.mark.parametrize("vector", of_kind("proof"))
def test_proof(vector: dict[str, Any], chain: Chain, merchant: str) -> None:
    given = vector["input"]
    proof = given["proof"]["epoch"], given["proof"]["index"], [node(one) for one in given["proof"]["siblings"]]
    holds = chain.vault.functions.verify(merchant, leaf(given["leaf"]), proof, node(given["root"])).call()
    assert holds is (vector["expect"] == "ok")


@pytest.mark.parametrize("vector", [v for v in of_kind("struct") if v.values[0]["expect"] == "ok"])
def test_struct(vector: dict[str, Any], chain: Chain, merchant: str) -> None:
    """GMS takes the signature; the vault gives the same digest."""
    name, given = vector["input"]["struct"], vector["input"]["fields"]
    signature = bytes.fromhex(vector["output"]["signature"])
    v, r, low = signature[64], signature[:32], signature[32:64]
    gms, vault = chain.gms.functions, chain.vault.functions
    digest = vector["output"]["digest"]
    anna, bert = address(VECTORS["chain"]["anna"]), address(VECTORS["chain"]["bert"])
    for who in (anna, bert):
        chain.send(gms.transfer(who, 10 * 10**18))
    match name:
        case "Permit":
            value = int(given["value"])
            chain.send(gms.permit(anna, address(given["spender"]), value, given["deadline"], v, r, low))
            assert gms.allowance(anna, address(given["spender"])).call() == value
        case "TransferWithAuthorization" | "ReceiveWithAuthorization":
            nonce = bytes.fromhex(given["nonce"])
            terms = anna, bert, int(given["value"]), given["valid_after"], given["valid_before"], nonce, v, r, low
            if name == "TransferWithAuthorization":
                chain.send(gms.transferWithAuthorization(*terms))
                assert gms.balanceOf(bert).call() == 15 * 10**18
            else:
                # Bert's key signs no transaction here: a call from his address shows that it would pass.
                chain.web3.eth.send_transaction({"from": chain.rich, "to": bert, "value": 10**18, "gas": 21_000})
                gms.receiveWithAuthorization(*terms).call({"from": bert})
                with pytest.raises(Refused, match="ERC20InvalidReceiver"):
                    chain.send(gms.receiveWithAuthorization(*terms), chain.stranger)
        case "CancelAuthorization":
            nonce = bytes.fromhex(given["nonce"])
            chain.send(gms.cancelAuthorization(anna, nonce, v, r, low))
            assert gms.authorizationState(anna, nonce).call() is True
        case "ChangeRecipient":
            member = bytes.fromhex(given["member_id"])
            found = vault.changeRecipientDigest(merchant, member, anna, bert, given["nonce"], given["deadline"]).call()
            assert found.hex() == digest
            chain.send(vault.changeRecipient(merchant, member, anna, bert, given["deadline"], signature))
        case "AccrualFact":
            values = [given[key] for key in FIELDS[name].split()]
            fact = (
                merchant, *(bytes.fromhex(text) for text in values[1:4]), address(values[4]), values[5], int(values[6]),
                values[7], values[8].encode(), *values[9:],
            )  # fmt: skip
            assert vault.accrualDigest(fact).call().hex() == digest
        case _:
            pytest.fail(f"no reading of {name}")
