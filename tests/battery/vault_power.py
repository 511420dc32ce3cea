"""Power cuts while customers are imported, changed, taken back and erased: the store opens with the content of a moment, and of no earlier
one than was acknowledged."""

from node.errors import NodeError
from tests.battery import power, vault_life

FULL, SHORT = 10_000, 50
CONTROL = 400
STEPS = 45
PROGRAM = "tests.battery.vault_recorded"


def judge(image, acknowledged):
    """What is wrong with what a cut left, in a line; empty when nothing is."""
    try:
        done = vault_life.found_at(vault_life.told(STEPS), image / power.NAME)
    except NodeError as error:
        return f"does not open: {error.code}: {error}"
    if done is None:
        return "a step in part"
    return f"{acknowledged - done} acknowledged steps lost" if done < acknowledged else ""


def run(size, folder):
    return power.cuts(size, folder, power.record(folder, PROGRAM, STEPS, "FULL"), STEPS, judge)


def control(folder):
    """`synchronous = NORMAL` syncs the log only when it is folded in."""
    return bool(power.cuts(CONTROL, folder, power.record(folder, PROGRAM, STEPS, "NORMAL"), STEPS, judge, stop=True))
