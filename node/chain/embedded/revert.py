"""The words in revert data, where there are words: Solidity's `Error(string)` and `Panic(uint256)`."""

_ERROR = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")
_LONGEST = 256


def reason(output: bytes) -> str | None:
    """Text of a plain revert; None for custom errors, which their caller decodes with the ABI."""
    if output[:4] == _PANIC and len(output) == 36:
        return f"panic code {hex(int.from_bytes(output[4:], 'big'))}"
    if output[:4] != _ERROR or len(output) < 68:
        return None
    size = min(int.from_bytes(output[36:68], "big"), _LONGEST)
    return output[68 : 68 + size].decode("utf-8", "replace")
