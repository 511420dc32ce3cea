"""Use cases: one a function, each in one transaction. They see adapters through typing Protocols only."""
