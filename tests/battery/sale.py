"""A whole sale between the nodes of a shop: ordered, accepted, paid, the address asked for, delivered, completed, the grant revoked."""

from node.services import asking, fulfilment, grants, orders, payments
from tests.node.services.shop import WINDOW


def whole(shop, **named):
    """The order's id and the grant's."""
    deliver = shop.world.deliver
    order = shop.placed(**named)
    shop.lumen.write(orders.accept, order=order)
    deliver()
    shop.ana.write(payments.pay_word, order=order)
    deliver()
    shop.lumen.write(payments.confirm_payment, order=order)
    deliver()
    grant = bytes.fromhex(shop.lumen.write(grants.request_grant, order=order).id)
    deliver()
    shop.ana.write(grants.issue_grant, grant=grant)
    deliver()
    shop.lumen.write(asking.ask, grant=grant)
    deliver()
    shop.lumen.write(fulfilment.ship, order=order, carrier="DHL", tracking="0034")
    deliver()
    shop.lumen.write(fulfilment.report, order=order, report="delivered")
    deliver()
    shop.ana.write(grants.revoke_grant, grant=grant, reason="delivered")
    deliver()
    shop.world.tick(WINDOW)
    deliver()
    return order, grant
