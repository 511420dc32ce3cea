-- Under which address an identity writes anchors of its catalogs, as it signed it.
CREATE TABLE anchorers (
    identity BLOB PRIMARY KEY CHECK (length(identity) = 32),
    chain_id INTEGER NOT NULL,
    contract BLOB NOT NULL CHECK (length(contract) = 20),
    address BLOB NOT NULL CHECK (length(address) = 20),
    created INTEGER NOT NULL,
    raw BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What came of holding an anchor against the head accepted then. The anchors themselves are logs of the chain.
CREATE TABLE anchor_checks (
    feed BLOB NOT NULL REFERENCES feeds,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('agrees', 'contradicts', 'unproved')),
    head BLOB NOT NULL,
    checked_at INTEGER NOT NULL,
    PRIMARY KEY (feed, size, root)
) STRICT, WITHOUT ROWID;

-- Anchors of a feed: the log's second topic.
CREATE INDEX chain_log_by_name ON chain_log (contract, substr(topics, 33, 32));
