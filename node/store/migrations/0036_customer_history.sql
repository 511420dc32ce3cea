-- What a customer was before each change, the newest 50 of each. `before`: the record as JSON, without its picture. What an import changed
-- is in customer_changes.
CREATE TABLE customer_history (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    customer BLOB NOT NULL REFERENCES customers ON DELETE CASCADE,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('edit', 'merge', 'unmerge', 'split', 'restore')),
    before BLOB NOT NULL
) STRICT;
CREATE INDEX customer_history_by_customer ON customer_history (customer, seq);

-- Customers that were merged into another, so that it can be undone: the newest 10 of each. `kept` and `other` are what the two were, as JSON
-- with their pictures, `gone` the id the other had; `updated` is what the merged one says while nothing was changed since; `moved` says
-- which rows of which tables came along.
CREATE TABLE customer_merges (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    customer BLOB NOT NULL REFERENCES customers ON DELETE CASCADE,
    at INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    kept BLOB NOT NULL,
    gone BLOB NOT NULL CHECK (length(gone) = 32),
    other BLOB NOT NULL,
    moved BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_merges_by_customer ON customer_merges (customer, at);

-- Pairs that look like one person and are two, each in both orders: the finder of duplicates leaves them out.
CREATE TABLE customer_apart (
    customer BLOB NOT NULL REFERENCES customers ON DELETE CASCADE,
    other BLOB NOT NULL REFERENCES customers ON DELETE CASCADE,
    PRIMARY KEY (customer, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_apart_by_other ON customer_apart (other);
