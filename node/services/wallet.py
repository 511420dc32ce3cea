"""The wallet: what this node has on the chain and what it asked of it. Balances are as of the last block surveyed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from node.errors import NotFound, UserError
from protocol.ids import digest
from protocol.settlement import checksum_address

from .team import TeamUnit

GAS_ACCOUNT = 0
PLACE = "chain/place"
SURVEY = "chain/survey"


@dataclass(frozen=True, slots=True)
class Place:
    """Which chain and contracts. Addresses of 20 bytes; not every chain has anchors of catalogs."""

    chain_id: int
    gms: bytes
    vault: bytes
    anchors: bytes | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """What was seen at a block: (gas in wei, GMS base units) by address; the reserve we have as a merchant, and what was claimed of it."""

    block: int
    finalized: int
    timestamp: int
    balances: dict[bytes, tuple[int, int]]
    reserve: int
    claimed: int


class Transactions(Protocol):
    """Intents, written in the transaction that wants them and sent after it."""

    def add(self, id: bytes, method: str, arguments: Sequence[Any], *, account: int = 0, not_before: int = 0) -> None:  # noqa: A002
        """Ask for something; the same `id` again changes nothing."""

    def get(self, id: bytes, /) -> Any:  # noqa: A002
        """One intent, or None."""

    def recent(self, limit: int = 100) -> Sequence[Any]:
        """The newest."""

    def open(self) -> Sequence[Any]:
        """Those that have not ended."""


class WalletUnit(TeamUnit, Protocol):
    """What this service needs of a transaction."""

    @property
    def transactions(self) -> Transactions: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class AccountView:
    """One address of ours. `gas` in wei, `gms` in base units, as decimal strings; `use` is `gas` or the merchant it is paid by."""

    address: str
    use: str
    gas: str
    gms: str


@dataclass(frozen=True, slots=True)
class TransactionView:
    """Something asked of the chain: waiting, pending, confirmed, finalized or refused (then `code` says why)."""

    id: str
    method: str
    state: str
    code: str
    detail: str
    block: int
    created: int


@dataclass(frozen=True, slots=True)
class WalletView:
    """The wallet. `reserve` is what a merchant put in and has left, base units as decimal strings."""

    chain_id: int
    vault: str
    gms_contract: str
    block: int
    finalized: int
    as_of: int
    accounts: tuple[AccountView, ...]
    gms: str
    reserve: str
    claimed: str
    transactions: tuple[TransactionView, ...]


# --- use cases


def show(unit: WalletUnit) -> WalletView:
    """Balances, reserve and what is under way on the chain."""
    place = unit.settings.get(PLACE)
    if place is None:
        raise NotFound("No chain is configured. Say which with: gemstra chain connect", code="no-chain")
    survey = unit.settings.get(SURVEY) or {"block": 0, "finalized": 0, "timestamp": 0, "balances": {}, "reserve": "0", "claimed": "0"}
    accounts = tuple(_account(address, use, survey["balances"]) for address, use in _own(unit))
    return WalletView(
        place["chain_id"],
        place["vault"],
        place["gms"],
        survey["block"],
        survey["finalized"],
        survey["timestamp"] * 1000,
        accounts,
        str(sum(int(account.gms) for account in accounts)),
        survey["reserve"],
        survey["claimed"],
        tuple(_transaction(row) for row in unit.transactions.recent()),
    )


def is_placed(unit: WalletUnit) -> bool:
    """Whether a chain is configured."""
    return unit.settings.get(PLACE) is not None


def deposit(unit: WalletUnit, amount: str) -> WalletView:
    """Put GMS (base units) of the gas account into the reserve that covers commissions."""
    if unit.me.role != "merchant":
        raise UserError("Only a merchant keeps a reserve.", code="not-a-merchant")
    if not amount.isdecimal() or int(amount) == 0:
        raise UserError("Say how much: a whole number of GMS base units above zero.", code="bad-amount")
    place = require_place(unit)
    key = unit.random(32)
    merchant = checksum_address(unit.me.chain_address(GAS_ACCOUNT))
    unit.transactions.add(digest("intent/approve", key), "gms.approve", (checksum_address(place.vault), int(amount)))
    unit.transactions.add(digest("intent/deposit", key), "vault.deposit", (merchant, int(amount)))
    unit.touched("transactions")
    unit.touched("changes")
    return show(unit)


# --- for the chain side and the other services


def place_chain(unit: WalletUnit, place: Place) -> None:
    """Keep which chain this node settles on."""
    value = {"chain_id": place.chain_id, "gms": checksum_address(place.gms), "vault": checksum_address(place.vault)}
    if place.anchors is not None:
        value["anchors"] = checksum_address(place.anchors)
    unit.settings.set(PLACE, value)


def require_place(unit: WalletUnit) -> Place:
    """The chain and contracts. Raises NotFound `no-chain`."""
    place = unit.settings.get(PLACE)
    if place is None:
        raise NotFound("No chain is configured. Say which with: gemstra chain connect", code="no-chain")
    anchors = bytes.fromhex(place["anchors"][2:]) if "anchors" in place else None
    return Place(place["chain_id"], bytes.fromhex(place["gms"][2:]), bytes.fromhex(place["vault"][2:]), anchors)


def keep_survey(unit: WalletUnit, survey: Survey) -> None:
    """Keep what was seen."""
    balances = {address.hex(): [str(gas), str(gms)] for address, (gas, gms) in survey.balances.items()}
    value = {
        "block": survey.block,
        "finalized": survey.finalized,
        "timestamp": survey.timestamp,
        "balances": balances,
        "reserve": str(survey.reserve),
        "claimed": str(survey.claimed),
    }
    unit.settings.set(SURVEY, value)
    unit.touched("changes")


def reserve(unit: WalletUnit) -> int:
    """What our reserve in the vault comes to, GMS base units, as of the last block surveyed."""
    survey = unit.settings.get(SURVEY)
    return int(survey["reserve"]) if survey else 0


def covered(unit: WalletUnit) -> int:
    """What cumulative totals are measured against: the reserve and all that was ever claimed of it, GMS base units."""
    survey = unit.settings.get(SURVEY)
    return int(survey["reserve"]) + int(survey["claimed"]) if survey else 0


def own_addresses(unit: WalletUnit) -> list[bytes]:
    """Our addresses: the gas account first, then one a membership."""
    return [address for address, _ in _own(unit)]


def _own(unit: WalletUnit) -> list[tuple[bytes, str]]:
    found = [(unit.me.chain_address(GAS_ACCOUNT), "gas")]
    for row in unit.team.memberships():
        peer = unit.peers.by_identity(row.merchant)
        found.append((row.payout, peer.name if peer else row.merchant.hex()))
    return found


def _account(address: bytes, use: str, balances: dict[str, list[str]]) -> AccountView:
    gas, gms = balances.get(address.hex(), ["0", "0"])
    return AccountView(checksum_address(address), use, gas, gms)


def _transaction(row: Any) -> TransactionView:
    return TransactionView(row.id.hex(), row.method, row.state, row.code or "", row.detail or "", row.block or 0, row.created)
