"""A process's memory: no dump of it reaches a disk, for it would hold keys and customers in clear; and how often it is looked through."""

import gc
import resource


def keep_out_of_dumps() -> None:
    """A crash writes no core file. What a system's own handler of crashes does (a pipe in core_pattern) is out of our hands."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def look_seldom_for_garbage() -> None:
    """What stands now is never looked at again, and what comes after it once fifty thousand are more: records refer to no record, so that
    hardly anything is garbage that is not gone at once, and looking through a hundred thousand of them takes a tenth of an import.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
