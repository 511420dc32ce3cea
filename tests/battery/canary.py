"""Every file that nodes write while customers come and sales go: none holds a customer's data in the clear."""

import io
import random
import sqlite3
from dataclasses import replace

from node.canary import scan_files
from node.files.picture import read_product, redrawn
from node.model.customer import Customer
from node.model.media import Shelf
from node.model.person import Address, Labelled, Names, Phone
from node.services import catalog_packs
from node.store.media_files import MediaFolder
from protocol.media import MediaForm, media_hash
from tests.battery.sale import whole
from tests.node.files.test_picture import picture
from tests.node.services.shop import PERSON, Shop

FULL, SHORT = 300, 30
FIRST = ("Adélaïde", "Bartholomew", "Chrysanthi", "Demetrios", "Eleonora", "Ferdinand", "Gwendolyn", "Hildegard")
LAST = ("Fairweather", "Großmann", "Okonkwo-Bell", "Papadopoulos", "Ravensworth", "Szczepański", "Thistlewood", "Wintergreen")
SALES = 4
CAMERA = "Canary Camera"


def person(number, dice):
    """An invented customer whose every value is found in no other file."""
    name = f"{dice.choice(FIRST)} {dice.choice(LAST)} {number:05d}"
    street = f"{dice.randrange(1, 999)} Quillfeather Lane {number:05d}"
    mail = f"{dice.choice(FIRST).lower()}.{number:05d}@quillfeather.example"
    phone = f"+1 555 01{number:05d}"
    return replace(
        PERSON,
        names=Names(name),
        phones=(Phone("", phone, phone.replace(" ", "")),),
        emails=(Labelled("", mail),),
        addresses=(Address("home", (street,), "Springfield", "IL", "62701", "US"),),
    ), (name, street, mail, phone)


def write(size, folder):
    """A shop with so many customers, sales to some of them; the values to look for."""
    dice, values = random.Random(1), []
    shop = Shop(folder)
    try:
        for number in range(size):
            contact, shown = person(number, dice)
            values += shown
            shop.ana.write(lambda unit, n=number, c=contact: unit.customers.keep(Customer(n.to_bytes(32, "little"), c, unit.now, unit.now)))
        _catalogs(shop, folder)
        values.append(CAMERA)
        for _ in range(SALES):
            whole(shop, customer=dice.randrange(size).to_bytes(32, "little"))
        shop.ana.reopen()
        for number in range(0, size, 7):
            shop.ana.write(lambda unit, n=number: unit.settings.set(f"note {n}", n))  # a write-ahead log, beside what was folded in
        return values, scan_files([folder], values)  # while the stores are open: with their logs
    finally:
        shop.world.close()


def _catalogs(shop, folder):
    """Packs and a picture, as they lie beside a catalog file; the camera wrote a name into the picture."""
    least, catalog_packs.LEAST_ROWS = catalog_packs.LEAST_ROWS, 1
    try:
        shop.lumen.make_packs()
    finally:
        catalog_packs.LEAST_ROWS = least
    taken = picture()
    assert CAMERA.encode() in taken
    drawn, files = read_product(io.BytesIO(taken)), MediaFolder(folder / "media", 10**9)
    files.put(Shelf.OWN, media_hash(drawn.full), drawn.full)
    files.put(Shelf.SHOWN, media_hash(taken), redrawn(taken, MediaForm.FULL))


def run(size, folder):
    values, hits = write(size, folder)
    hits += scan_files([folder], values)
    names = [str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()]
    lacking = [what for what in ("-catalog.db", ".packs/", "media/own/", "media/shown/") if not any(what in name for name in names)]
    return [f"{hit.needle} as {hit.form} in {hit.where}" for hit in hits] + [f"nothing was written to {what}" for what in lacking]


def control(folder):
    """A database without a key, beside the others."""
    contact, values = person(0, random.Random(1))
    plain = sqlite3.connect(folder / "plain.db")
    plain.execute("CREATE TABLE customers (name, street)")
    plain.execute("INSERT INTO customers VALUES (?, ?)", (contact.names.full, contact.addresses[0].lines[0]))
    plain.commit()
    plain.close()
    return len(scan_files([folder], values)) >= 2
