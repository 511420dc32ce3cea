"""Keys: words on paper, derivation, sealing, the vault file, unlocking."""
