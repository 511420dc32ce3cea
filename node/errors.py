"""What the node raises beyond `protocol.errors`. Three places catch: the peer session, the API/web middleware, the outbox."""

from collections.abc import Sequence


class NodeError(Exception):
    """Never raised itself. `code` is stable: API problem type, CLI exit code and docs are keyed by it."""

    code: str = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class UserError(NodeError):
    """May reach a screen as it is: the message says what is wrong and what to do."""

    code = "refused"


class FieldError(UserError):
    """One field of a form or document is wrong. `field` is its path there, such as `phones.1.value`."""

    code = "bad-field"

    def __init__(self, message: str, *, code: str, field: str) -> None:
        super().__init__(message, code=code)
        self.field = field


class FieldErrors(UserError):
    """Several fields are wrong; the code is the first one's."""

    code = "bad-field"

    def __init__(self, faults: Sequence[FieldError]) -> None:
        super().__init__(" ".join(map(str, faults)), code=faults[0].code)
        self.faults = tuple(faults)


class NotFound(UserError):
    """What was asked for is not here."""

    code = "not-found"


class Locked(UserError):
    """The vault is locked: unlock first."""

    code = "locked"


class ConflictError(UserError):
    """It contradicts what is already there: a second node on the folder, another body under the same key."""

    code = "conflict"


class IntegrityError(UserError):
    """What is stored or received is not what was signed or written."""

    code = "integrity"


class Unavailable(NodeError):
    """Somebody cannot be reached now: a peer, the chain. Retrying later may help."""

    code = "unavailable"


class RemoteRefusal(NodeError):
    """A peer answered a request with an error frame; `code` is the peer's term for why. Asking again changes nothing."""

    code = "refused"
