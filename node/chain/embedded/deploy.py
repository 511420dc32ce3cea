"""Puts GMS, the commission vault and the catalogs' anchors on a chain, once; their addresses are kept with the chain."""

from dataclasses import dataclass

from node.chain.embedded.chain import EmbeddedChain
from node.chain.embedded.faucet import Faucet
from node.errors import IntegrityError
from node.resources import contract_artifact


@dataclass(frozen=True, slots=True)
class Deployed:
    """Addresses of the contracts."""

    gms: bytes
    vault: bytes
    anchors: bytes


def deploy(chain: EmbeddedChain, faucet: Faucet) -> Deployed:
    """The contracts of this chain, created on first start, later ones on the next. Killed in between, it goes on where it was."""
    gms = _once(chain, faucet, "GMS", faucet.address.rjust(32, b"\0"))
    config = chain.config
    settings = (config.activation_delay, config.withdrawal_delay, config.recipient_delay, config.dispute_bond)
    words = b"".join(setting.to_bytes(32, "big") for setting in settings)
    vault = _once(chain, faucet, "CommissionVault", gms.rjust(32, b"\0") + words)
    faucet.token = gms
    return Deployed(gms, vault, _once(chain, faucet, "CatalogAnchors", b""))


def _once(chain: EmbeddedChain, faucet: Faucet, name: str, arguments: bytes) -> bytes:
    known = chain.ledger.meta(name)
    if known is not None:
        return known
    code = bytes.fromhex(contract_artifact(name)["bytecode"].removeprefix("0x"))
    receipt = chain.ledger.receipt(faucet.send(b"", code + arguments))
    if receipt is None or receipt["status"] != "0x1":
        raise IntegrityError(f"The contract {name} refuses to be created. Install Gemstra again.", code="deploy-failed")
    address = bytes.fromhex(receipt["contractAddress"][2:])
    chain.keep(name, address)
    return address
