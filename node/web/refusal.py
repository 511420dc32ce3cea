"""A request the shell turns away, as one page or one problem document."""


class Refusal(Exception):
    """Ends a request with `status`; `code` is stable, the message says what to do."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
