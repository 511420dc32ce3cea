"""Everything `protocol` raises. It decides whose fault a failure is; it does not know how a failure is shown.

Each error carries a `code`: the term of the spec pages, the expectation of the vectors, and the code the API answers with.
"""


class ProtocolError(Exception):
    """Never raised itself. `code` is the spec's term, lower-case words joined by hyphens."""

    code: str = "protocol"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class LocalError(ProtocolError):
    """We asked for what the protocol forbids: a bug of ours, or an action the person may not take now."""

    code = "refused"


class IllegalTransition(LocalError):
    """The event is not in the machine's table for its present status."""

    code = "illegal-transition"


class OutOfOrder(LocalError):
    """An event arrived before its predecessor."""

    code = "out-of-order"


class RemoteError(ProtocolError):
    """A peer sent what the protocol forbids: answer with the code, never crash."""

    code = "invalid"


class Malformed(RemoteError):
    """The bytes are not what the format says: `malformed`, `not-canonical`, `unknown-key`, `too-large`, …"""

    code = "malformed"


class BadField(Malformed):
    """A field's value is not what its record allows. `path` names the field (Offer.price.minor), `fault` says how: missing, kind, low,
    high, long, many, few, size, word; `limit` is what it may be.
    """

    def __init__(self, message: str, *, path: str, fault: str, limit: object = "", code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.path, self.fault, self.limit = path, fault, limit


class BadSignature(RemoteError):
    """A signature, hash or proof does not hold: `bad-signature`, `wrong-domain`, `bad-id`, `bad-proof`, …"""

    code = "bad-signature"


class Untimely(RemoteError):
    """Right but at the wrong time: `expired`, `future-dated`, `replayed`."""

    code = "expired"


class Unauthorized(RemoteError):
    """The signer may not say this: `unauthorized`, `not-live`, `not-paired`, `revoked`."""

    code = "unauthorized"


class Conflict(RemoteError):
    """It contradicts what is already known: `conflict`, `equivocation`, `changed-price`, `unknown-sku`, …"""

    code = "conflict"
