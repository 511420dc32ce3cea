"""The process whose writes the battery `vault_power` records: `python -m tests.battery.vault_recorded FILE STEPS SYNCHRONOUS`."""

import os
import sys
from pathlib import Path

from tests.battery.recorded import READY, settle
from tests.battery.vault_life import Life


def main() -> None:
    settle(sys.argv[3])
    life = Life(Path(sys.argv[1]))
    os.write(1, READY)
    for number in range(int(sys.argv[2])):
        life.step(number)
        os.write(1, b"ack %d\n" % number)
    os._exit(0)


if __name__ == "__main__":
    main()
