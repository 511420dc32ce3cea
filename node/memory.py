"""What of a process's memory may reach a disk: no dump of it, for it would hold keys and customers in clear."""

import resource


def keep_out_of_dumps() -> None:
    """A crash writes no core file. What a system's own handler of crashes does (a pipe in core_pattern) is out of our hands."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
