"""Several nodes in one process: real stores, real keys, real message tables. Only the clock and the network between them are made here."""

import asyncio
import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field

from node.errors import NodeError, RemoteRefusal, Unavailable
from node.services import catalog_following, evidence, exchange, peers
from node.services.catalog_audit import CatalogAudit
from node.services.catalog_packs import CatalogPacks
from node.services.catalog_sync import CatalogSync
from node.services.handlers import EXCHANGE, TICKS
from node.store.pack_files import PackFolder
from node.store.store import Store
from node.vault import vault
from node.vault.keys import Keys, Profile
from protocol.codec import to_bytes
from protocol.errors import ProtocolError
from protocol.identity import DeviceAdded, DeviceCertificate, Inception, Presentation, Role, begin, root_commitment, sign_entry
from protocol.peer_id import peer_id_of
from tests.node.blank import START, lay_store

ROUNDS = 200


def finished(work):
    """What a coroutine returns. A loop of its own in a thread of its own, since tests of pages and commands run in a loop already."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, work).result()


class Clock:
    """Milliseconds, the same for all."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now

    def tick(self, milliseconds):
        self.now += milliseconds


@dataclass
class Node:
    """One node: its keys and store. `reopen` is what a restart leaves."""

    name: str
    keys: Keys
    path: object
    clock: Clock
    root: object = None
    store: Store = field(init=False)
    online: bool = True

    def __post_init__(self) -> None:
        self.store = Store.open(self.path, self.keys.store_key, self.keys, clock=self.clock)

    @property
    def identity(self):
        return self.keys.identity

    @property
    def peer(self):
        return peer_id_of(self.keys.device.public)

    def write(self, run, *args, **named):
        return self.store.write_now(run, *args, **named)

    def read(self, run, *args, **named):
        return self.store.read_now(run, *args, **named)

    @property
    def files(self):
        return PackFolder(self.path.with_suffix(".packs"))

    def make_packs(self):
        """As the node does in the background; how many manifests that made."""
        return finished(CatalogPacks(self.store, self.store.catalog, self.files).make_due())

    def audit(self):
        """As the node does in the background; how many feeds were reckoned."""
        return finished(CatalogAudit(self.store, self.store.catalog, self.files, pause=0).round())

    def reopen(self):
        self.store.close()
        self.store = Store.open(self.path, self.keys.store_key, self.keys, clock=self.clock)

    def copy(self, folder, clock):
        """The same node as it stands, in another folder; this one is closed."""
        for found in self.path.parent.glob(f"{self.path.stem}[.-]*"):
            (shutil.copytree if found.is_dir() else shutil.copy2)(found, folder / found.name)
        keys = Keys(self.keys._profile, deepcopy(self.keys._secrets))
        return Node(self.name, keys, folder / self.path.name, clock, deepcopy(self.root))

    def bodies(self):
        """Every body this node ever queued, and every reply it gave."""
        sql = "SELECT body FROM outbox UNION ALL SELECT reply FROM inbox"
        return self.read(lambda unit: [row[0] for row in unit.db.execute(sql)])


@dataclass
class Line:
    """The network as one node sees it: what the other side raises comes as its code."""

    world: "World"
    node: Node

    async def request(self, peer_id, _addresses, topic, body, _deadline):
        receiver = self.world.nodes.get(peer_id)
        if receiver is None or not receiver.online:
            raise Unavailable("nobody there")
        try:
            packs = CatalogPacks(receiver.store, receiver.store.catalog, receiver.files)
            reply = await packs.answer(topic, body)
            if reply is None:
                return self.world.put(self.node.peer, receiver, topic, body)
        except (ProtocolError, NodeError) as error:
            raise RemoteRefusal(str(error), code=error.code) from error
        self.world.carried.append((self.node.peer, receiver.peer, topic, body, reply))
        return reply


class World:
    """The nodes and the postman between them."""

    def __init__(self, folder, sheets=None) -> None:
        self.folder = folder
        self.sheets = sheets or {}
        """Name → its two sheets, where a node is founded from known words."""
        self.clock = Clock()
        self.nodes = {}
        self.carried = []  # (from, to, topic, body, reply or code)

    def node(self, name, role="seller", currency="USD"):
        draft = vault.prepare(*self.sheets.get(name, ()))
        inception = Inception(draft.root.public, draft.recovery, root_commitment(draft.next_root), Role(role), self.clock.now)
        draft.secrets.store[:] = hashlib.blake2b(
            name.encode(), digest_size=32
        ).digest()  # the same each time, so that its first file is too
        certificate = DeviceCertificate(inception.identity, draft.device.public, draft.agreement, name, inception.created)
        entry = sign_entry(begin(inception), draft.root, DeviceAdded(certificate), created=inception.created)
        keys = Keys(Profile(inception.identity, role, name, currency), draft.secrets)
        path = self.folder / f"{name}.db"
        lay_store(path, keys.store_key)
        made = Node(name, keys, path, self.clock, draft.root)
        made.write(lambda unit: unit.peers.found(Presentation(to_bytes(inception), (entry.raw,))))
        self.nodes[made.peer] = made
        return made

    def copy(self, folder):
        """The same nodes as they stand, in another folder: quicker than to found and pair them again. These here are closed."""
        made = World(folder, self.sheets)
        made.clock.now = self.clock.now
        made.carried = [*self.carried]
        made.nodes = {peer: node.copy(folder, made.clock) for peer, node in self.nodes.items()}
        return made

    def pair(self, one, other):
        """By invite and code, as people do."""
        link = one.write(peers.invite).link
        begun = other.write(peers.accept_invite, link=link)
        self.deliver()
        found = [pairing for node in (one, other) for pairing in node.read(peers.list_pairings) if pairing.id == begun.id]
        assert len(found) == 2
        assert found[0].code == found[1].code
        for node in (one, other):
            node.write(peers.confirm_pairing, pairing=bytes.fromhex(begun.id))
        self.deliver()
        assert one.read(lambda unit: unit.peers.get(other.peer)) is not None
        assert other.read(lambda unit: unit.peers.get(one.peer)) is not None

    def deliver(self, *, lose_replies=False, only=None):
        """Carry messages until nothing is left that can be carried. Who is offline neither sends nor receives."""
        for _ in range(ROUNDS):
            moved = 0
            for node in list(self.nodes.values()):
                if node.online and only in (None, node):
                    moved += self._send(node, lose_replies=lose_replies)
            if lose_replies:
                return
            if not moved and not self._fetch(only):
                return
        raise AssertionError("messages without end")

    def _fetch(self, only):
        """Catalogs, which go beside the outbox; whether anything came of it."""
        nodes = [node for node in self.nodes.values() if node.online and only in (None, node)]
        return sum(self.sync(node) for node in nodes if node.read(catalog_following.due)) > 0

    def sync(self, node):
        """One round of what a node does to follow its feeds; whether less is due than before."""
        before = node.read(catalog_following.due)
        finished(CatalogSync(node.store, node.store.catalog, node.files, Line(self, node)).round())
        return node.read(catalog_following.due) != before

    def _send(self, node, *, lose_replies):
        node.write(lambda unit: unit.outbox.wake())
        moved = 0
        silent = set()
        for row in node.read(lambda unit: unit.outbox.due(1000)):
            if row.peer in silent:
                continue
            code = self._attempt(node, row, lose_replies=lose_replies)
            if code in exchange.TRANSIENT or code == "unavailable":
                silent.add(row.peer)
            else:
                moved += 1
        return moved

    def _attempt(self, node, row, *, lose_replies):
        """As node.services.delivery does, without waiting."""
        try:
            reply = self.carry(node, row)
            if lose_replies:
                raise Unavailable("the reply was lost")
        except Unavailable as error:
            node.write(exchange.postponed, row, error.code)
            return error.code
        except (NodeError, ProtocolError) as error:
            node.write(exchange.refused, EXCHANGE, row, error.code)
            return error.code
        try:
            node.write(exchange.answered, EXCHANGE, row, reply)
        except (NodeError, ProtocolError) as error:
            node.write(exchange.refused, EXCHANGE, row, error.code)
            return error.code
        return None

    def carry(self, node, row):
        """One request of `node` (an outbox row), answered by its receiver."""
        receiver = self.nodes.get(row.peer)
        if receiver is None or not receiver.online:
            raise Unavailable("nobody there")
        return self.put(node.peer, receiver, row.topic, row.body)

    def put(self, peer, receiver, topic, body):
        """A request as the network hands it over: `peer` is proved by the channel."""
        turn = receiver.read if exchange.only_reads(EXCHANGE, body) else receiver.write
        try:
            reply = turn(exchange.handle, EXCHANGE, peer, topic, body)
        except (NodeError, ProtocolError) as error:
            self.carried.append((peer, receiver.peer, topic, body, error.code))
            if isinstance(error, evidence.Contradiction):
                receiver.write(evidence.keep, error)
            raise
        self.carried.append((peer, receiver.peer, topic, body, reply))
        return reply

    def tick(self, milliseconds=0):
        """Time passes, and every node's deadlines are looked after."""
        self.clock.tick(milliseconds)
        for node in self.nodes.values():
            if node.online:
                for tick in TICKS:
                    node.write(tick)

    def close(self):
        for node in self.nodes.values():
            node.store.close()
