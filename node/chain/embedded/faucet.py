"""First gas, and GMS from the deployer's stock, for whoever asks. Only this chain has one: its coins are worth nothing."""

from typing import Any

from node.chain.embedded.chain import EmbeddedChain
from node.chain.embedded.evm import GAS_LIMIT
from node.chain.embedded.params import InvalidParams
from protocol.settlement import address_of

MOST_WEI = 10**19
"""Gas money for one request: ten coins."""
USUAL_WEI = 10**18
PRIORITY_FEE = 10**8


class Faucet:
    """Signs with the deployer's key, which never leaves the chain's process."""

    def __init__(self, chain: EmbeddedChain) -> None:
        self._chain = chain
        self._key = chain.deployer_key()
        self.address = address_of(self._key)
        self.token: bytes | None = None
        """Address of GMS once it stands."""

    def give(self, to: bytes, wanted: Any) -> dict[str, str]:
        """Pay `gas` wei (default one coin) and `gms` base units (default none); hashes of the transactions."""
        if not isinstance(wanted, dict):
            raise InvalidParams("amounts: an object with gas and gms is needed")
        wei = _amount(wanted.get("gas", USUAL_WEI), "gas")
        gms = _amount(wanted.get("gms", 0), "gms")
        if wei > MOST_WEI:
            raise InvalidParams(f"gas: at most {MOST_WEI} wei at a time")
        paid = {}
        if wei:
            paid["gas"] = "0x" + self.send(to, b"", value=wei).hex()
        if gms:
            if self.token is None:
                raise InvalidParams("gms: this chain has no token yet")
            call = bytes.fromhex("a9059cbb") + to.rjust(32, b"\0") + gms.to_bytes(32, "big")
            paid["gms"] = "0x" + self.send(self.token, call).hex()
        return paid

    def send(self, to: bytes, data: bytes, *, value: int = 0) -> bytes:
        """A transaction of the deployer's, mined when this returns; `InvalidParams` when it cannot succeed."""
        machine = self._chain.machine
        estimate = machine.estimate(self._chain.head, sender=self.address, to=to, value=value, data=data, gas=GAS_LIMIT)
        if estimate.error is not None:
            raise InvalidParams(f"the deployer cannot send this: {estimate.error}")
        state = machine.state(self._chain.head)
        unsigned = machine.builder.new_unsigned_dynamic_fee_transaction(
            chain_id=self._chain.chain_id,
            nonce=self._chain.pool.next_nonce(self.address, int(state.get_nonce(self.address))),
            max_priority_fee_per_gas=PRIORITY_FEE,
            max_fee_per_gas=2 * self._chain.next_base_fee() + PRIORITY_FEE,
            gas=min(estimate.gas * 5 // 4, GAS_LIMIT),
            to=to,
            value=value,
            data=data,
            access_list=(),
        )
        from eth_keys.datatypes import PrivateKey

        return self._chain.submit(unsigned.as_signed_transaction(PrivateKey(self._key)).encode())


def _amount(value: Any, name: str) -> int:
    if isinstance(value, str) and len(value) <= 78:
        try:
            value = int(value, 16 if value.startswith("0x") else 10)
        except ValueError:
            value = None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**256:
        raise InvalidParams(f"{name}: a whole number, as a number, decimal string or 0x-number, is needed")
    return value
