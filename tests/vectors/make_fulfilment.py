"""Makes fulfilment.json: event scripts of one parcel. `python tests/vectors/make_fulfilment.py`."""

from typing import Any

from machines import script, write

from protocol import fulfilment as f

SENT, PICKUP = f.Parcel(1, 3), f.Parcel(1, 3, pickup=True)
GONE = [f.Packed(1, 100), f.Shipped(2, 200)]
FAILED = [*GONE, f.DeliveryFailed(3, 300)]


def vectors() -> list[dict[str, Any]]:
    def run(comment: str, events: list[Any], expect: str = "ok", start: f.Parcel = SENT) -> dict[str, Any]:
        return script(f, comment, start, events, expect)

    return [
        run("packed, shipped, in transit, delivered", [*GONE, f.InTransit(3, 300), f.Delivered(4, 400)]),
        run("delivered without a word on the way", [*GONE, f.Delivered(3, 300)]),
        run("in transit twice", [*GONE, f.InTransit(3, 300), f.InTransit(4, 400)]),
        run("failed and sent again", [*FAILED, f.Shipped(4, 400), f.Delivered(5, 500)]),
        run("failed and returned", [*FAILED, f.Returned(4, 400)]),
        run("a silent carrier", [*GONE, f.Tick(200 + f.SILENT_MS)]),
        run("silent, but not for long enough", [*GONE, f.Tick(199 + f.SILENT_MS)]),
        run("sent again, so silent from then", [*FAILED, f.Shipped(4, 400), f.Tick(399 + f.SILENT_MS)]),
        run("a pickup", [f.Ready(1, 100), f.HandedOver(2, 200)], start=PICKUP),
        run("a pickup nobody came for", [f.Ready(1, 100), f.Returned(2, 200)], start=PICKUP),
        run("a replayed delivery arrives once", [*GONE, f.Delivered(3, 300), f.Delivered(3, 300)]),
        run("a gap", [f.Shipped(2, 200)], "out-of-order"),
        run("shipped before it was packed", [f.Shipped(1, 100)], "illegal-transition"),
        run("delivered before it was shipped", [f.Packed(1, 100), f.Delivered(2, 200)], "illegal-transition"),
        run("delivered twice", [*GONE, f.Delivered(3, 300), f.Delivered(4, 400)], "illegal-transition"),
        run("a pickup is not packed for a carrier", [f.Packed(1, 100)], "illegal-transition", PICKUP),
        run("a parcel to be sent is not laid ready", [f.Ready(1, 100)], "illegal-transition"),
        run("handed over by a carrier", [*GONE, f.HandedOver(3, 300)], "illegal-transition"),
        run("a returned parcel stays", [*FAILED, f.Returned(4, 400), f.Shipped(5, 500)], "illegal-transition"),
    ]


if __name__ == "__main__":
    write("fulfilment", vectors())
