-- Grants of either side. `key` is the request's id, or the grant's own where nobody asked. `status` and `deadline` repeat what the
-- machine comes to. The raw records name fields and never values.
CREATE TABLE grants (
    key BLOB PRIMARY KEY CHECK (length(key) = 32),
    side TEXT NOT NULL CHECK (side IN ('seller', 'merchant')),
    peer BLOB NOT NULL CHECK (length(peer) = 32),
    order_id BLOB NOT NULL,
    customer BLOB,
    status TEXT NOT NULL,
    deadline INTEGER,
    request_id BLOB UNIQUE,
    grant_id BLOB UNIQUE,
    denial_id BLOB,
    revoke_id BLOB,
    erasure_id BLOB,
    request_raw BLOB,
    grant_raw BLOB,
    denial_raw BLOB,
    revoke_raw BLOB,
    erasure_raw BLOB,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_by_time ON grants (created, key);
CREATE INDEX grants_by_order ON grants (order_id);
CREATE INDEX grants_by_customer ON grants (customer) WHERE customer IS NOT NULL;
CREATE INDEX grants_by_deadline ON grants (deadline) WHERE deadline IS NOT NULL;

-- The grant logs we write (seller) or follow (merchant). An entry may come before its predecessor.
CREATE TABLE grant_log (
    log BLOB NOT NULL,
    seq INTEGER NOT NULL,
    id BLOB NOT NULL,
    prev BLOB NOT NULL,
    raw BLOB NOT NULL,
    PRIMARY KEY (log, seq)
) STRICT, WITHOUT ROWID;

-- The merchant's questions.
CREATE TABLE grant_asks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
    key BLOB NOT NULL REFERENCES grants,
    message BLOB NOT NULL,
    fields TEXT NOT NULL,
    at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'answered', 'refused')),
    code TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX grant_asks_by_grant ON grant_asks (key, seq);

-- What the merchant holds: sealed values, erased by `erase_by` at the latest.
CREATE TABLE grant_held (
    ask BLOB PRIMARY KEY REFERENCES grant_asks (id),
    key BLOB NOT NULL REFERENCES grants,
    sealed BLOB NOT NULL,
    fields INTEGER NOT NULL,
    erase_by INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX grant_held_by_grant ON grant_held (key);
CREATE INDEX grant_held_by_time ON grant_held (erase_by);

-- The seller's disclosure ledger: every field that left. It names fields and never values, so it outlives the customer's record.
CREATE TABLE disclosures (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    ask BLOB NOT NULL,
    field TEXT NOT NULL,
    key BLOB NOT NULL REFERENCES grants,
    customer BLOB,
    merchant BLOB NOT NULL,
    order_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    erase_by INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL DEFAULT 0,
    erased INTEGER NOT NULL DEFAULT 0,
    receipt BLOB,                 -- the merchant's signed access receipt
    UNIQUE (ask, field)
) STRICT;
CREATE INDEX disclosures_by_grant ON disclosures (key, seq);
CREATE INDEX disclosures_by_customer ON disclosures (customer) WHERE customer IS NOT NULL;
