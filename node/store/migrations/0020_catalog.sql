-- Feeds we write or follow. `checkpoint` is the raw newest head; `state` the 2,048-byte LtHash state; `frontier` a writer's tree.
-- `staged` is how far pages of an answer under way have come; they take effect together, once the state hash holds.
CREATE TABLE feeds (
    feed BLOB PRIMARY KEY CHECK (length(feed) = 32),
    identity BLOB NOT NULL,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    own INTEGER NOT NULL CHECK (own IN (0, 1)),
    size INTEGER NOT NULL DEFAULT 0,
    checkpoint BLOB,
    checkpoint_id BLOB,
    state BLOB NOT NULL,
    frontier BLOB,
    staged INTEGER NOT NULL DEFAULT 0,
    synced_at INTEGER NOT NULL DEFAULT 0,
    asked_at INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT ''
) STRICT;

-- The entries of our own feeds.
CREATE TABLE catalog_log (
    feed BLOB NOT NULL REFERENCES feeds,
    seq INTEGER NOT NULL,
    operation BLOB NOT NULL,
    PRIMARY KEY (feed, seq)
) STRICT, WITHOUT ROWID;

-- Pages received and not yet proved.
CREATE TABLE catalog_pages (
    feed BLOB NOT NULL REFERENCES feeds,
    number INTEGER NOT NULL,
    operation BLOB NOT NULL,
    PRIMARY KEY (feed, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE products (
    feed BLOB NOT NULL REFERENCES feeds,
    handle TEXT NOT NULL,
    product BLOB NOT NULL,
    title TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (feed, handle)
) STRICT, WITHOUT ROWID;
CREATE INDEX products_by_id ON products (product);
CREATE INDEX products_by_title ON products (title COLLATE NOCASE, feed, handle);

CREATE TABLE offers (
    feed BLOB NOT NULL REFERENCES feeds,
    sku TEXT NOT NULL,
    product BLOB NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (feed, sku)
) STRICT, WITHOUT ROWID;
CREATE INDEX offers_by_product ON offers (product, sku);

-- Signed commission plans, ours and our merchants'.
CREATE TABLE plans (
    plan BLOB PRIMARY KEY CHECK (length(plan) = 32),
    merchant BLOB NOT NULL,
    version INTEGER NOT NULL,
    currency TEXT NOT NULL,
    raw BLOB NOT NULL,
    known_at INTEGER NOT NULL,
    UNIQUE (merchant, currency, version)
) STRICT, WITHOUT ROWID;
