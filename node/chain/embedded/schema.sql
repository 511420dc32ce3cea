-- The whole of an embedded chain. `trie` is the state and the headers by hash, for the EVM;
-- the other tables are what JSON-RPC reads: JSON behind a CRC-32. A block, its receipts and its logs are committed together.
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE trie (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE block (
    hash BLOB PRIMARY KEY,
    number INTEGER NOT NULL,
    parent BLOB NOT NULL,
    canonical INTEGER NOT NULL,   -- 1 on the chain, 0 once a reorg has left it
    body BLOB NOT NULL            -- JSON as eth_getBlock answers it, transactions as hashes
) WITHOUT ROWID;
CREATE UNIQUE INDEX block_canonical ON block (number) WHERE canonical = 1;
CREATE TABLE receipt (
    block BLOB NOT NULL,
    position INTEGER NOT NULL,
    hash BLOB NOT NULL,           -- of the transaction
    tx BLOB NOT NULL,             -- JSON as eth_getTransactionByHash answers it
    body BLOB NOT NULL,           -- JSON as eth_getTransactionReceipt answers it, logs included
    PRIMARY KEY (block, position)
) WITHOUT ROWID;
CREATE INDEX receipt_hash ON receipt (hash);
CREATE TABLE log (
    block BLOB NOT NULL,
    position INTEGER NOT NULL,    -- log index within the block
    number INTEGER NOT NULL,
    address BLOB NOT NULL,
    topic0 BLOB, topic1 BLOB, topic2 BLOB, topic3 BLOB,
    body BLOB NOT NULL,
    PRIMARY KEY (block, position)
) WITHOUT ROWID;
CREATE INDEX log_number ON log (number);
