"""The chain side of an open node: client, sender, watcher, and the survey that keeps balances for the pages."""

import asyncio

from node.chain.client import ChainClient
from node.chain.contracts import Addresses
from node.chain.errors import Reverted, WrongChain
from node.chain.sender import Sender
from node.chain.watcher import Watch, Watcher
from node.config import Config
from node.errors import ConflictError, IntegrityError, Unavailable
from node.services import pauses, wallet
from node.services.handlers import on_chain_fact, on_intent_change
from node.store.store import Store
from node.vault.keys import Keys
from protocol.errors import Malformed
from protocol.settlement import parse_address

SURVEY_SECONDS = 0.5


class _Account:
    """One of our accounts as the sender needs it."""

    def __init__(self, keys: Keys, index: int) -> None:
        self._keys = keys
        self._index = index
        self.address = keys.chain_address(index)

    def sign(self, digest: bytes) -> bytes:
        """65 bytes."""
        return self._keys.chain_sign(self._index, digest)


class ChainSide:
    """Runs once a chain is configured; until then it waits."""

    def __init__(self, config: Config, keys: Keys, store: Store[Keys]) -> None:
        self._config = config
        self._keys = keys
        self._store = store
        self._configured = asyncio.Event()
        self._news = asyncio.Event()
        self._client: ChainClient | None = None
        self._sender: Sender | None = None
        self._surveyed: tuple[int, int] | None = None
        self._watcher: Watcher | None = None
        self._halted = ""
        self._foreign = False
        if config.chain_url:
            self.configure(config)

    @property
    def state(self) -> str:
        """`off`, `starting`, `ready`, `unavailable`, `wrong-chain`, `wrong-contracts`, or `halted` with the reason."""
        if self._client is None:
            return "off"
        if self._halted:
            return f"halted: {self._halted}"
        if self._foreign:
            return "wrong-contracts"
        return "starting" if self._client.state == "new" else self._client.state

    @property
    def client(self) -> ChainClient:
        """The chain. Raises Unavailable `no-chain`."""
        if self._client is None:
            raise Unavailable("No chain is configured. Say which with: gemstra chain connect", code="no-chain")
        return self._client

    def configure(self, config: Config) -> None:
        """Begin with this chain. Raises ConflictError when another one is configured."""
        if self._client is not None and (config.chain_id, config.vault_address) != (self._config.chain_id, self._config.vault_address):
            raise ConflictError("This node's records belong to another chain; a node keeps to one.", code="chain-configured")
        self._config = config
        if self._client is None:
            self._client = ChainClient(config.chain_url, config.chain_id)
            self._configured.set()
        else:
            self._client.move(config.chain_url)

    def wake(self) -> None:
        """There is a new intent to send, or the old ones may go."""
        self._news.set()
        if self._sender is not None:
            self._sender.wake()

    async def run(self) -> None:
        """Until cancelled."""
        await self._configured.wait()
        config, client = self._config, self.client
        try:
            anchors = parse_address(config.anchors_address) if config.anchors_address else None
            addresses = Addresses(parse_address(config.gms_address), parse_address(config.vault_address), anchors)
        except Malformed as error:  # a hand-written configuration: the rest of the node goes on
            self._halted = f"gms_address, vault_address or anchors_address of the configuration: {error}"
            await asyncio.Event().wait()
        place = wallet.Place(config.chain_id, addresses.gms, addresses.vault, addresses.anchors)
        await self._store.write(wallet.place_chain, place)
        accounts = await self._store.read(wallet.own_addresses)
        watcher = Watcher(client, self._store, Watch(addresses, tuple(accounts)), on_chain_fact)
        self._watcher = watcher
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send(client, addresses), name="sender")
                tasks.create_task(watcher.run(), name="watcher")
                tasks.create_task(self._survey(client, addresses), name="survey")
        except* IntegrityError as errors:  # final history changed: nothing is sent or believed any more; the rest of the node goes on
            self._halted = str(errors.exceptions[0])
            self._sender = None
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            await self._client.close()

    async def _send(self, client: ChainClient, addresses: Addresses) -> None:
        """Nothing leaves a node set up from a backup before a person has seen what would: the copy may hold what was sent since."""
        while True:
            self._news.clear()
            if not await self._store.read(pauses.is_paused, pauses.Pause.PAYOUTS):
                break
            await self._news.wait()
        self._sender = Sender(client, self._store, lambda index: _Account(self._keys, index), addresses, on_intent_change)
        await self._sender.run()

    async def _survey(self, client: ChainClient, addresses: Addresses) -> None:
        """Keep what pages show of the chain: as of its newest block, and of the newest final one."""
        while True:
            try:
                await self._look(client, addresses)
                self._foreign = False
            except (Unavailable, WrongChain):
                self._surveyed = None
            except Reverted:  # what stands at our addresses does not answer as our contracts do
                self._surveyed, self._foreign = None, True
            await asyncio.sleep(SURVEY_SECONDS)

    async def _look(self, client: ChainClient, addresses: Addresses) -> None:
        head, final = await client.block("latest"), await client.block("finalized")
        if head is None or self._surveyed == (head.number, final.number if final else 0):
            return
        own = await self._store.read(wallet.own_addresses)
        for address in own:
            if self._watcher is not None:
                self._watcher.follow(address)
        balances = [(address, await self._balance(client, addresses, address)) for address in own]
        merchant = own[0]
        reserve = await client.vault(addresses.vault, "reserveOf", merchant)
        claimed = await client.vault(addresses.vault, "claimedTotalOf", merchant)
        found = wallet.Survey(head.number, final.number if final else 0, head.timestamp, dict(balances), int(reserve[0]), int(claimed[0]))
        await self._store.write(wallet.keep_survey, found)
        self._surveyed = (head.number, found.finalized)

    async def _balance(self, client: ChainClient, addresses: Addresses, address: bytes) -> tuple[int, int]:
        return await client.gas_balance(address), await client.token_balance(addresses.gms, address)
