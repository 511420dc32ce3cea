"""What the chain side raises beyond `node.errors`."""

import re
from typing import Any

from node.errors import UserError

_SAYS = {
    "StaleRoot": "The merchant has posted a newer statement since this claim was made. Claim again from the newer one.",
    "BadProof": "The proof does not lead to the merchant's root on the chain. Ask the merchant for the statement again.",
    "RootPending": "The merchant's root is not active yet. Claim when its activation delay has passed.",
    "NoActiveRoot": "The merchant has no active root yet. Claim when its first statement has become active.",
    "NothingToClaim": "Everything this claim covers has been paid already.",
    "DisputedLeaf": "This entry is disputed; it can be claimed when the dispute has ended or a later root is active.",
    "ReserveShort": "The merchant's reserve does not cover this. Deposit more GMS first.",
    "PayableFell": "A root may not take back what an earlier one granted. Carry the difference forward instead.",
    "EpochNotAfter": "A root for this epoch, or a later one, was posted already. Post the next epoch.",
    "ERC20InsufficientBalance": "The account holds too little GMS for this.",
    "ERC20InsufficientAllowance": "The vault may not take that much GMS yet. Approve the amount first.",
    "DisputeClosed": "The time to dispute this root has passed.",
    "NothingToAnchor": "An empty catalog has nothing to write on the chain. Publish products first.",
    "AlreadyDisputed": "This entry is disputed already.",
}


class Reverted(UserError):
    """A contract refused. `name` is the Solidity error ("" when it gave none), `arguments` its values by name.

    `code` is the name in lower case with hyphens: `stale-root`.
    """

    code = "reverted"

    def __init__(self, name: str, arguments: dict[str, Any], text: str | None = None) -> None:
        words = _SAYS.get(name) or text or "The contract refused this without a reason."
        shown = ", ".join(f"{key}={_show(value)}" for key, value in arguments.items())
        super().__init__(f"{words} ({name}: {shown})" if shown else words, code=kebab(name) or self.code)
        self.name = name
        self.arguments = arguments


class WrongChain(UserError):
    """The RPC speaks for another chain than the one configured; nothing was sent to it."""

    code = "wrong-chain"

    def __init__(self, url: str, found: int, wanted: int) -> None:
        super().__init__(
            f"The chain at {url} has id {found}, not {wanted}. Nothing was sent. "
            "Point the node's chain.rpc at the right chain, or start the chain that belongs to this node."
        )


class RefusedBySender(UserError):
    """The RPC would not take a signed transaction, and neither is it known already; the words are the RPC's."""

    code = "transaction-refused"


def kebab(name: str) -> str:
    """`StaleRoot` → `stale-root`, `ERC20InsufficientBalance` → `erc20-insufficient-balance`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def _show(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
