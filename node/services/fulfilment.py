"""Parcels and pickups: the merchant sends, lays ready, reports, hands over. Who receives it is the grants' matter, not this one's."""

from dataclasses import dataclass

from node.errors import ConflictError, UserError
from protocol import fulfilment as fm
from protocol import order_records as rec

from .order_log import Case, OrdersUnit, write
from .order_view import OrderView, view
from .orders import merchants

LONGEST_CARRIER, LONGEST_TRACKING = 40, 64
OUTCOMES = (rec.Report.DELIVERED, rec.Report.FAILED, rec.Report.IN_TRANSIT, rec.Report.RETURNED)


@dataclass(frozen=True, slots=True)
class PieceInput:
    """So many pieces of the order's line at this index (from 0)."""

    line: int
    quantity: int


def ship(
    unit: OrdersUnit, order: bytes, carrier: str = "", tracking: str = "", lines: list[PieceInput] | None = None, parcel: int = 0
) -> OrderView:
    """Report a parcel as sent: everything not sent yet, or `lines`. `parcel` names one whose delivery failed, to send it again."""
    case = merchants(unit, order)
    if case.row.pickup:
        raise ConflictError("The order is picked up: lay it ready instead.", code="pickup")
    if len(carrier) > LONGEST_CARRIER or len(tracking) > LONGEST_TRACKING:
        raise UserError(f"A carrier has at most {LONGEST_CARRIER} characters, a tracking number {LONGEST_TRACKING}.", code="bad-request")
    number, pieces = _again(case, parcel) if parcel else (_new(case), _pieces(case, lines))
    case, _ = write(unit, case, rec.SHIPPED, rec.ParcelShipped(case.state.order_id, number, pieces, carrier, tracking))
    return view(unit, case)


def ready(unit: OrdersUnit, order: bytes, lines: list[PieceInput] | None = None) -> OrderView:
    """Lay the order, or `lines` of it, ready for pickup."""
    case = merchants(unit, order)
    if not case.row.pickup:
        raise ConflictError("The order is delivered: ship it instead.", code="not-a-pickup")
    body = rec.ParcelReady(case.state.order_id, _new(case), _pieces(case, lines))
    case, _ = write(unit, case, rec.READY, body)
    return view(unit, case)


def report(unit: OrdersUnit, order: bytes, report: str, parcel: int = 0) -> OrderView:
    """Report what became of a parcel: delivered, failed, in-transit or returned. `parcel` 0 = the one under way."""
    if report not in OUTCOMES:
        raise UserError(f"Report one of: {', '.join(OUTCOMES)}.", code="bad-code")
    return _report(unit, order, rec.Report(report), parcel)


def hand_over(unit: OrdersUnit, order: bytes, parcel: int = 0) -> OrderView:
    """The customer took it. `parcel` 0 = the one that lies ready."""
    return _report(unit, order, rec.Report.HANDED_OVER, parcel)


def _report(unit: OrdersUnit, order: bytes, outcome: rec.Report, parcel: int) -> OrderView:
    case = merchants(unit, order)
    body = rec.ParcelReported(case.state.order_id, parcel or _under_way(case), outcome, unit.now)
    case, _ = write(unit, case, rec.REPORTED, body)
    return view(unit, case)


def _new(case: Case) -> int:
    return max((parcel.number for parcel in case.state.parcels), default=0) + 1


def _again(case: Case, number: int) -> tuple[int, tuple[rec.ParcelLine, ...]]:
    for parcel, pieces in zip(case.state.parcels, case.state.contents, strict=True):
        if parcel.number == number:
            return number, pieces
    raise ConflictError(f"The order has no parcel {number}.", code="bad-parcel")


def _pieces(case: Case, lines: list[PieceInput] | None) -> tuple[rec.ParcelLine, ...]:
    if case.accepted is None or case.state.placed is None:
        raise ConflictError("Accept the order first.", code="illegal-transition")
    if lines:
        return tuple(rec.ParcelLine(piece.line, piece.quantity) for piece in lines)
    left = tuple(rec.ParcelLine(number, count) for number in range(len(case.state.placed.lines)) if (count := case.state.unsent(number)))
    if not left:
        raise ConflictError("Everything is in a parcel already.", code="bad-parcel")
    return left


def _under_way(case: Case) -> int:
    open_ones = [parcel.number for parcel in case.state.parcels if parcel.status not in (*fm.DONE, fm.Status.RETURNED)]
    if not open_ones:
        raise ConflictError("No parcel is under way.", code="bad-parcel")
    return open_ones[0]
