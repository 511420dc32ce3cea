"""The chain a user starts with: an EVM of our own in one process, kept in one SQLite file, spoken to over JSON-RPC on loopback.

It is for trying things out and for tests; it has no peers and no validators, and whoever can reach its port can use its faucet.
"""
