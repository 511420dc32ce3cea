"""Guard rail 4: the length prefix of multistream-select is unbounded, and read before anyone is authenticated.

Stock, 20 sockets that announce a length take 1.3 GB, and four bytes that are no UTF-8 raise UnicodeDecodeError, which
nothing expects and which ends the host. Here a message has at most 1 KiB and has to be UTF-8.
"""

from typing import Any

from libp2p.exceptions import ParseError
from libp2p.io.exceptions import MessageTooLarge
from libp2p.protocol_muxer import multiselect_communicator
from libp2p.utils.varint import read_varint_prefixed_bytes_limited

MAX_MESSAGE_BYTES = 1024


async def read_bounded(reader: Any) -> bytes:
    """One message without its newline. Raises ParseError, which the library takes for a failed negotiation."""
    try:
        message: bytes = await read_varint_prefixed_bytes_limited(reader, MAX_MESSAGE_BYTES)
    except MessageTooLarge as error:
        raise ParseError(str(error)) from error
    if message[-1:] != b"\n":
        raise ParseError("the message does not end with a newline")
    try:
        message.decode()
    except UnicodeDecodeError as error:
        raise ParseError("the message is not UTF-8") from error
    return message[:-1]


def install() -> None:
    """Replace the library's reader for every negotiation in this process."""
    multiselect_communicator.read_delim = read_bounded
