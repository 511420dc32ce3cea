-- Heads of feeds we follow, as others were shown them, until they fit with ours. `verdict` as protocol.anchor gives it.
CREATE TABLE heard_heads (
    feed BLOB NOT NULL REFERENCES feeds,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    raw BLOB NOT NULL,
    heard_at INTEGER NOT NULL,
    asked_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (feed, size, root)
) STRICT, WITHOUT ROWID;
