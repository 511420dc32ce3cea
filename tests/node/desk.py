"""A node founded from known words, backed up to a target in memory: what tests of restoring begin with."""

from node.app.founding import STORE_FILE, found
from node.model.identity import Founder, Sheets
from node.services.backups import Backups
from node.store.load import Workshop
from node.store.store import Store
from node.vault import vault
from node.vault.backup_cipher import BackupCipher
from node.vault.kdf import Profile
from protocol.identity import Role
from tests.node.services.memory_target import MemoryTarget
from tests.node.services.vaulted import PLACE

COSTS = Profile(memory_kib=1024, passes=1, lanes=1)
PASSPHRASE = "correct horse"
WORDS = "abandon " * 23 + "art"
ROTATION = "abandon " * 11 + "about"
OTHER = "zoo " * 23 + "vote"


class Desk:
    """A node founded from known words, backed up to a target in memory."""

    def __init__(self, folder) -> None:
        self.folder = folder
        founder = Founder("Ana", Role.SELLER, "BRL")
        found(folder, PASSPHRASE, founder, Sheets(WORDS, ROTATION), costs=COSTS)
        self.target = MemoryTarget()
        self.open(folder)

    def open(self, folder):
        self.keys = vault.unlock(folder, PASSPHRASE)
        self.store = Store.open(folder / STORE_FILE, self.keys.store_key, self.keys)
        cipher, clock = BackupCipher(lambda: [self.keys.agreement_secret]), lambda: 0
        self.engine = Backups(self.store, cipher, self.keys, Workshop(folder, clock), clock, "0.1.0")

    def make(self, **options):
        return self.engine.make(self.target, PLACE, **options)

    def close(self):
        self.store.close()
        self.keys.lock()
