"""Batteries: many runs against one promise, each with a planted fault that it must catch. `python -m tests.battery NAME|all`."""
