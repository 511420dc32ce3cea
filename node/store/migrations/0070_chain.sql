-- What the node asks of the chain: an intent is written in the transaction that wants it, signed and sent after it.
-- waiting (not signed) → pending (signed, perhaps sent) → confirmed → finalized, or refused; a reorg leads back to pending.
CREATE TABLE chain_intent (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
    account INTEGER NOT NULL,           -- BIP-44 index of the account that pays and signs
    method TEXT NOT NULL,
    arguments BLOB NOT NULL,            -- CBOR
    created INTEGER NOT NULL,           -- milliseconds UTC
    due INTEGER NOT NULL,               -- not tried before
    state TEXT NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'pending', 'confirmed', 'finalized', 'refused')),
    nonce INTEGER,
    block INTEGER,                      -- where it was confirmed
    block_hash BLOB,
    code TEXT,                          -- why it was refused, or what it waits for
    detail TEXT
) STRICT;
CREATE INDEX chain_intent_open ON chain_intent (account, seq) WHERE state IN ('waiting', 'pending', 'confirmed');

-- Every transaction ever signed for an intent, kept before it is sent: any of them may be the one that is mined.
CREATE TABLE chain_attempt (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    intent BLOB NOT NULL REFERENCES chain_intent (id),
    nonce INTEGER NOT NULL,
    raw BLOB NOT NULL,
    gas INTEGER NOT NULL,
    max_fee BLOB NOT NULL,              -- wei per gas, big-endian: it may pass 64 bits
    priority_fee BLOB NOT NULL,
    signed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX chain_attempt_intent ON chain_attempt (intent, signed);

-- The watcher's view: blocks with their parents, logs by block hash and index.
CREATE TABLE chain_block (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    parent BLOB NOT NULL,
    timestamp INTEGER NOT NULL,         -- seconds UTC
    final INTEGER NOT NULL DEFAULT 0 CHECK (final IN (0, 1))
) STRICT;
CREATE TABLE chain_log (
    block BLOB NOT NULL REFERENCES chain_block (hash) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    contract TEXT NOT NULL,
    tx BLOB NOT NULL,
    topics BLOB NOT NULL,               -- one after the other, 32 bytes each
    data BLOB NOT NULL,
    PRIMARY KEY (block, position)
) STRICT, WITHOUT ROWID;
