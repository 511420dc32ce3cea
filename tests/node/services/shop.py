"""A merchant with a catalog and a plan, and two sellers who are its members: what tests of orders stand on."""

from copy import copy

from node.model.customer import Customer
from node.model.listing import ProductFile, ProductRow, VariantRow
from node.model.person import Address, Contact, Labelled, Names, Phone
from node.services import catalog, catalog_following, fulfilment, orders, payments, plans, quotes, team, wallet
from node.services.quotes import LineInput

from .world import World

WINDOW = 3_000
SECRET = ("Grace Hopper", "Lilienstrasse 17", "grace.hopper@example.org", "+4915123456789")
PERSON = Contact(
    1,
    Names(SECRET[0]),
    phones=(Phone("", SECRET[3], SECRET[3]),),
    emails=(Labelled("", SECRET[2]),),
    addresses=(Address("home", (SECRET[1],), "Berlin", "", "10115", "DE"),),
)
CUSTOMER = bytes(range(32))
PLACE = wallet.Place(1337, b"\x11" * 20, b"\x22" * 20)


def variant(sku, price, *, in_stock=True):
    return VariantRow(sku, sku.title(), (), price, None, "USD", "", None, in_stock, None, True, "", 2)


def file(**prices):
    rows = [ProductRow(sku, f"Product {sku}", "", "Lumen", "Care", (), (), (), (variant(sku, price),), 2) for sku, price in prices.items()]
    gone = ProductRow("gone", "Product gone", "", "Lumen", "Care", (), (), (), (variant("gone", 900, in_stock=False),), 2)
    return ProductFile("shopify", (*rows, gone), ())


def fund(merchant, reserve, claimed=0):
    """What a survey of the chain would have found."""
    merchant.write(wallet.keep_survey, wallet.Survey(1, 1, 1, {}, reserve, claimed))


class Shop:
    """`lumen` the merchant, `ana` its member with one customer, `ben` a member too."""

    def __init__(self, folder, *, reserve=10**24, sheets=None) -> None:
        self.world = World(folder, sheets)
        self.lumen = self.world.node("lumen", role="merchant")
        self.ana = self.world.node("ana")
        self.ben = self.world.node("ben")
        for node in (self.lumen, self.ana, self.ben):
            node.write(wallet.place_chain, PLACE)
        fund(self.lumen, reserve)
        self.lumen.write(plans.publish_plan, currency="USD", direct_bps=2000, level_bps=[500], return_window_ms=WINDOW)
        self.lumen.write(catalog.import_products, file=file(cream=5200, serum=2600), currency="USD")
        for seller in (self.ana, self.ben):
            self.world.pair(self.lumen, seller)
            seller.write(catalog_following.sync)
            seller.write(team.join, merchant=self.lumen.identity)
        self.world.deliver()
        for member in self.lumen.read(team.list_members):
            self.lumen.write(team.accept_member, member=bytes.fromhex(member.member))
        self.world.deliver()
        self.ana.write(lambda unit: unit.customers.keep(Customer(CUSTOMER, PERSON, unit.now, unit.now)))

    def copy(self, folder):
        """The same shop as it stands, in another folder: quicker than to found it again. This one's nodes are closed."""
        made = copy(self)
        made.world = self.world.copy(folder)
        made.lumen, made.ana, made.ben = made.world.nodes.values()
        return made

    @property
    def clock(self):
        return self.world.clock

    def sponsor(self):
        """Ben sponsors Ana, and the merchant knows."""
        self.world.pair(self.ana, self.ben)
        self.ana.write(team.ask_sponsor, merchant=self.lumen.identity, peer=self.ben.peer)
        self.world.deliver()
        [edge] = self.ben.read(team.list_edges)
        self.ben.write(team.accept_edge, edge=bytes.fromhex(edge.edge))
        self.world.deliver()

    def delivered(self, *lines, **named):
        order = self.paid(*lines, **named)
        self.lumen.write(fulfilment.ship, order=order)
        self.lumen.write(fulfilment.report, order=order, report="delivered")
        self.world.deliver()
        return order

    def completed(self, *lines, **named):
        order = self.delivered(*lines, **named)
        self.world.tick(WINDOW)
        self.world.deliver()
        return order

    def draft(self, *lines, **named):
        """Ana drafts; nothing is delivered yet. Lines are (sku, quantity)."""
        wanted = [LineInput(*line) for line in lines or (("cream", 1), ("serum", 2))]
        given = {"customer": None if named.get("pickup") else CUSTOMER, **named}
        return self.ana.write(quotes.draft, merchant=self.lumen.identity, lines=wanted, **given)

    def placed(self, *lines, **named):
        """An order of Ana's that the merchant has receipted; its id."""
        order = bytes.fromhex(self.draft(*lines, **named).id)
        self.world.deliver()
        order = bytes.fromhex(self.ana.write(quotes.place, order=order).id)
        self.world.deliver()
        return order

    def accepted(self, *lines, **named):
        order = self.placed(*lines, **named)
        self.lumen.write(orders.accept, order=order)
        self.world.deliver()
        return order

    def paid(self, *lines, **named):
        order = self.accepted(*lines, **named)
        self.lumen.write(payments.confirm_payment, order=order)
        self.world.deliver()
        return order

    def at(self, order):
        """The order as (Ana, the merchant) see it."""
        return tuple(node.read(orders.get_order, order=order) for node in (self.ana, self.lumen))

    def statuses(self, order):
        return tuple(found.status for found in self.at(order))
