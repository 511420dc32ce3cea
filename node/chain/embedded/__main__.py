"""`python -m node.chain.embedded --data DIR`: the chain's process, as the node, the demo and the tests start it."""

import argparse
import sys
from pathlib import Path

from node.chain.embedded.config import ChainConfig
from node.errors import NodeError

_REFUSED = 1


def parse(arguments: list[str]) -> ChainConfig:
    """The settings on a command line; argparse ends the process on a bad one."""
    parser = argparse.ArgumentParser(prog="python -m node.chain.embedded", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the chain")
    parser.add_argument("--port", type=int, default=0, help="TCP port on 127.0.0.1; 0 for any free one")
    parser.add_argument("--chain-id", type=int, default=None, help="of a new chain; an existing one keeps its own")
    parser.add_argument("--activation-delay", type=int, default=60, metavar="SECONDS")
    parser.add_argument("--withdrawal-delay", type=int, default=30 * 86400, metavar="SECONDS")
    parser.add_argument("--recipient-delay", type=int, default=2 * 86400, metavar="SECONDS")
    parser.add_argument("--dispute-bond", type=int, default=10**19, metavar="BASE_UNITS")
    parser.add_argument("--safe-depth", type=int, default=1, metavar="BLOCKS")
    parser.add_argument("--finalized-depth", type=int, default=2, metavar="BLOCKS")
    parser.add_argument("--block-interval-ms", type=int, default=250, metavar="MS")
    parser.add_argument("--die-with-parent", action="store_true")
    parser.add_argument("--testing", action="store_true", help="adds astra_reorg and astra_hold")
    return ChainConfig(**vars(parser.parse_args(arguments)))


def main() -> int:
    """Exit code 0 after a clean stop, 1 with the error's code and words on stderr."""
    config = parse(sys.argv[1:])
    # The virtual machine takes more than a second to import: bad arguments are answered before.
    from node.chain.embedded.process import run

    try:
        run(config)
    except NodeError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
