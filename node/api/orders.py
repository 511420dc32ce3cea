"""Orders: draft, quote, place, accept, pay, deliver, cancel."""

from node.api.routes import Route
from node.services import fulfilment, orders, payments, quotes

ROUTES = (
    Route("POST", "/orders", quotes.draft),
    Route("GET", "/orders", orders.list_orders, kind="read"),
    Route("GET", "/orders/{order}", orders.get_order, kind="read"),
    Route("POST", "/orders/{order}/place", quotes.place),
    Route("POST", "/orders/{order}/accept", orders.accept),
    Route("POST", "/orders/{order}/reject", orders.reject),
    Route("POST", "/orders/{order}/cancel", orders.cancel),
    Route("POST", "/orders/{order}/pay-word", payments.pay_word),
    Route("POST", "/orders/{order}/confirm-payment", payments.confirm_payment, money=True),
    Route("POST", "/orders/{order}/ship", fulfilment.ship),
    Route("POST", "/orders/{order}/ready", fulfilment.ready),
    Route("POST", "/orders/{order}/report", fulfilment.report),
    Route("POST", "/orders/{order}/hand-over", fulfilment.hand_over),
)
