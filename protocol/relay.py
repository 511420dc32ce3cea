"""A relayed claim: a payee without gas asks a team mate to bring its leaf to the vault. It decides what is asked and when it holds.

The chain pays the recipient in the leaf, whoever brings it, so the team mate needs no trust and gets none.
"""

from dataclasses import dataclass

from .codec import key
from .errors import BadSignature
from .kinds import Kind, Topic
from .settlement import Leaf, Node, Proof, tree_domain, verify_proof
from .statement import MAX_AMOUNT, MemberStatement, Sibling

TYPE = "commission.relay"


@dataclass(frozen=True, slots=True)
class RelayRequest:
    """One leaf with its proof under the root of `epoch`. `issuer` is the merchant's chain address; amounts GMS base units."""

    merchant: bytes = key(0, size=32)
    chain_id: int = key(2)
    vault: bytes = key(4, size=20)
    issuer: bytes = key(6, size=20)
    epoch: int = key(8, low=1)
    member: bytes = key(10, size=32)
    recipient: bytes = key(12, size=20)
    payable: int = key(14, high=MAX_AMOUNT)
    outstanding: int = key(16, high=MAX_AMOUNT)
    index: int = key(18, high=2**32 - 1)
    proof: tuple[Sibling, ...] = key(20, most=32)


def request_of(statement: MemberStatement, issuer: bytes) -> RelayRequest:
    """What a member asks for, from the statement it received."""
    head, line = statement.head, statement.line
    return RelayRequest(
        merchant=head.merchant,
        chain_id=head.chain_id,
        vault=head.vault,
        issuer=issuer,
        epoch=head.epoch,
        member=line.member,
        recipient=line.recipient,
        payable=line.payable,
        outstanding=line.outstanding,
        index=statement.index,
        proof=statement.proof,
    )


def leaf_of(request: RelayRequest) -> Leaf:
    """The leaf asked for. Raises Malformed `bad-leaf`."""
    return Leaf(request.member, request.recipient, request.payable, request.outstanding)


def proof_of(request: RelayRequest) -> Proof:
    """Its proof as settlement has it."""
    siblings = tuple(Node(part.hash, part.payable, part.outstanding) for part in request.proof)
    return Proof(request.epoch, request.index, siblings)


def check_relay(request: RelayRequest, root: Node) -> None:
    """Before the claim is sent: it leads to the root posted for its epoch. Raises Malformed `bad-leaf`, BadSignature `bad-proof`."""
    domain = tree_domain(request.chain_id, request.vault, request.issuer)
    if not verify_proof(domain, leaf_of(request), proof_of(request), root):
        raise BadSignature("the leaf does not lead to the root on chain", code="bad-proof")


KINDS = (Kind(TYPE, Topic.COMMISSION, RelayRequest),)
