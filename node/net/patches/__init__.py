"""Corrections to py-libp2p 0.8.1, one module each, with the reason; tests/node/net tells when one is needless."""
