"""The links to other nodes: a libp2p host in a thread of its own, seen from asyncio as one `request`.

Importing this package is cheap. libp2p (3 s, 88 MB) is imported inside the host's thread, when it starts.
"""
