"""Makes payment.json: event scripts of a payment (`machine`) and of a refund (`refund`). `python tests/vectors/make_payment.py`."""

from typing import Any

from machines import script, write

from protocol import payment, refund
from protocol.payment import Confirmed, Observed, RefundSettled, Released, Submitted, Tick

START = payment.Payment(10_400, 5_000)


def vectors() -> list[dict[str, Any]]:
    def run(comment: str, events: list[Any], expect: str = "ok") -> dict[str, Any]:
        return script(payment, comment, START, events, expect)

    def back(comment: str, events: list[Any], expect: str = "ok") -> dict[str, Any]:
        return {**script(refund, comment, refund.Refund(400), events, expect), "kind": "refund"}

    paid = Confirmed(1, 100, 10_400)
    return [
        run("confirmed by the merchant", [paid]),
        run("the seller's word alone funds nothing", [Submitted(1, 100)]),
        run("submitted, observed, confirmed", [Submitted(1, 100), Observed(2, 200), Confirmed(3, 300, 10_400)]),
        run("too little", [Confirmed(1, 100, 10_399)]),
        run("in two parts", [Confirmed(1, 100, 400), Confirmed(2, 200, 10_000)]),
        run("too much: the surplus goes back", [Confirmed(1, 100, 10_500)]),
        run("paid twice", [paid, Confirmed(2, 200, 10_400)]),
        run("the surplus went back", [Confirmed(1, 100, 10_500), RefundSettled(2, 200, 100)]),
        run("part refunded", [paid, RefundSettled(2, 200, 400)]),
        run("refunded in two parts", [paid, RefundSettled(2, 200, 400), RefundSettled(3, 300, 10_000)]),
        run("released", [paid, Released(2, 200)]),
        run("a replayed confirmation counts once", [paid, paid]),
        run("nobody paid in time", [Tick(5_000)]),
        run("there is still a millisecond", [Tick(4_999)]),
        run("money that comes late is there", [Tick(5_000), Confirmed(1, 6_000, 10_400)]),
        run("an observed payment does not expire", [Observed(1, 100), Tick(5_000)]),
        run("a gap", [Confirmed(2, 100, 10_400)], "out-of-order"),
        run("nothing is confirmed", [Confirmed(1, 100, 0)], "illegal-transition"),
        run("a negative confirmation", [Confirmed(1, 100, -1)], "illegal-transition"),
        run("more goes back than came", [paid, RefundSettled(2, 200, 10_401)], "illegal-transition"),
        run("a refund before any payment", [RefundSettled(1, 100, 1)], "illegal-transition"),
        run("released before it was paid", [Released(1, 100)], "illegal-transition"),
        run("a refund of what was released", [paid, Released(2, 200), RefundSettled(3, 300, 1)], "illegal-transition"),
        back("granted, sent, settled", [refund.Submitted(1, 100), refund.Settled(2, 200)]),
        back("granted, sent, failed: nothing moves", [refund.Submitted(1, 100), refund.Failed(2, 200)]),
        back("settled without being sent", [refund.Settled(1, 100)], "illegal-transition"),
        back("settled after it failed", [refund.Submitted(1, 100), refund.Failed(2, 200), refund.Settled(3, 300)], "illegal-transition"),
        back("a gap", [refund.Submitted(2, 100)], "out-of-order"),
    ]


if __name__ == "__main__":
    write("payment", vectors())
