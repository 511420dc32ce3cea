"""The payment of an order: the seller passes on the customer's word, the merchant confirms what came."""

from node.errors import ConflictError, UserError
from protocol import order_records as rec

from .order_log import OrdersUnit, find, load, write
from .order_view import OrderView, view
from .orders import ask, merchants

LONGEST_REFERENCE = 35


def pay_word(unit: OrdersUnit, order: bytes) -> OrderView:
    """Tell the merchant that the customer says it has paid."""
    row = find(unit, order)
    if row.side != "seller":
        raise UserError("The seller passes on the customer's word; a merchant confirms the payment.", code="wrong-side")
    case = load(unit, row)
    if case.state.payment is None:
        raise ConflictError("Nothing is to be paid before the merchant has accepted the order.", code="illegal-transition")
    ask(unit, case, rec.PAYMENT_SUBMITTED, rec.PaymentSubmitted(case.state.order_id))
    return view(unit, case)


def confirm_payment(unit: OrdersUnit, order: bytes, amount: int = 0, reference: str = "") -> OrderView:
    """Confirm that money came: `amount` minor units, 0 = all that is still due."""
    case = merchants(unit, order)
    paid = case.state.payment
    if paid is None or case.accepted is None:
        raise ConflictError("Accept the order first: until then nothing is to be paid.", code="illegal-transition")
    if amount < 0:
        raise UserError("Give what came in minor units, above zero.", code="bad-amount")
    rest = paid.due - paid.balance
    if amount == 0 and rest <= 0:
        raise ConflictError("The order is paid in full already. Say how much more came.", code="already-paid")
    named = reference.strip() or case.accepted.reference
    if len(named) > LONGEST_REFERENCE:
        raise UserError(f"A reference has at most {LONGEST_REFERENCE} characters.", code="bad-reference")
    body = rec.PaymentConfirmed(case.state.order_id, amount or rest, named)
    case, _ = write(unit, case, rec.PAYMENT_CONFIRMED, body)
    return view(unit, case)
