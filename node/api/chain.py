"""The wallet and the chain behind it."""

from dataclasses import dataclass
from typing import Protocol

from node.api.http import Runtime
from node.api.routes import Route
from node.errors import UserError
from node.services import wallet
from protocol.errors import ProtocolError
from protocol.settlement import parse_address


@dataclass(frozen=True, slots=True)
class ChainView:
    """How the chain is: `off`, `starting`, `ready`, `unavailable`, `wrong-chain`, `wrong-contracts`, or `halted` with the reason."""

    state: str
    url: str
    chain_id: int


class ChainRuntime(Runtime, Protocol):
    """What these routes need of the node."""

    async def connect_chain(self, url: str, chain_id: int, gms: str, vault: str, anchors: str = "") -> ChainView:
        """Configure the chain."""

    async def faucet(self, gas: int, gms: int) -> ChainView:
        """Ask an embedded chain for first gas."""


async def connect(runtime: ChainRuntime, url: str, chain_id: int, gms: str, vault: str, anchors: str = "") -> ChainView:
    """Say which chain this node settles on, and where our contracts are on it (`anchors` empty: there are none of catalogs)."""
    for name, address in (("gms", gms), ("vault", vault), *((("anchors", anchors),) if anchors else ())):
        try:
            parse_address(address)
        except (ProtocolError, ValueError) as error:
            raise UserError(f"{name}: {error}", code="bad-address") from error
    return await runtime.connect_chain(url, chain_id, gms, vault, anchors)


async def faucet(runtime: ChainRuntime, gas: str = "1000000000000000000", gms: str = "0") -> ChainView:
    """First gas (wei) and test GMS (base units), from an embedded chain only."""
    if not (gas.isdecimal() and gms.isdecimal()):
        raise UserError("Amounts are whole numbers of wei and base units.", code="bad-amount")
    return await runtime.faucet(int(gas), int(gms))


ROUTES = (
    Route("GET", "/chain", wallet.show, kind="read"),
    Route("POST", "/chain/connect", connect, kind="task"),
    Route("POST", "/chain/faucet", faucet, kind="task"),
    Route("POST", "/chain/deposit", wallet.deposit, money=True),
)
