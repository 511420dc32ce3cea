"""A seller with customers, an engine and a target in memory: what tests of backups begin with."""

import os
from dataclasses import replace

from node.model.customer import Customer
from node.model.person import Address, Contact, Labelled, Names, phone
from node.services.backups import Backups
from node.store.load import Workshop
from node.vault.backup_cipher import BackupCipher
from tests.node.services.memory_target import MemoryTarget
from tests.node.services.world import World

PLACE = b"\x11" * 32
PROGRAM = "0.1.0"


def person(number):
    address = Address("home", (f"Rua das Flores {number}",), "Recife", "PE", f"{number:08}", "BR")
    return Contact(
        0,
        Names(f"Ana Souza {number}"),
        phones=(phone("mobile", f"+55 81 98765-{number:04}", "BR"),),
        emails=(Labelled("home", f"ana{number}@example.com"),),
        addresses=(address,),
        notes=f"note of {number}",
    )


class Vaulted:
    """One seller, `node`; `engine` backs it up to `target` as `PLACE`."""

    def __init__(self, folder, customers=12) -> None:
        self.folder = folder
        self.world = World(folder)
        self.node = self.world.node("Ana")
        self.target = MemoryTarget()
        self.engine = self.engine_of(self.node)
        self.ids = self.node.write(self.add, customers) if customers else []

    def engine_of(self, node):
        cipher = BackupCipher(lambda: [node.keys.agreement_secret])
        return Backups(node.store, cipher, node.keys, Workshop(self.folder, self.world.clock), self.world.clock, PROGRAM)

    def add(self, unit, count, start=0):
        made = []
        for number in range(start, start + count):
            customer = Customer(unit.random(32), person(number), unit.now, unit.now)
            unit.customers.keep(customer)
            made.append(customer.id)
        return made

    def note(self, customer, text):
        """Change what is noted of a customer."""

        def run(unit):
            found = unit.customers.get(customer)
            unit.customers.keep(replace(found, person=replace(found.person, notes=text)))

        self.node.write(run)

    def make(self, **options):
        self.world.clock.tick(1_000)
        return self.engine.make(self.target, PLACE, **options)

    def drill(self):
        return self.engine.drill(self.target, PLACE)

    def runs(self):
        return self.node.read(lambda unit: unit.backups.runs(PLACE))

    def rows(self, *tables):
        """The rows of tables as they are now."""

        def read(unit):
            return {table: sorted(map(repr, unit.db.execute(f"SELECT * FROM {table}").fetchall())) for table in tables}

        return self.node.read(read)

    def named(self, kind):
        """The names of objects of a kind at the target."""
        return [name for name in self.target.objects if name.split("/")[1].startswith(kind)]

    def flip(self, name, place=None):
        data = bytearray(self.target.objects[name])
        data[len(data) // 2 if place is None else place] ^= 1 << os.urandom(1)[0] % 8
        self.target.objects[name] = bytes(data)

    def close(self):
        self.world.close()
