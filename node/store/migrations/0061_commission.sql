-- The ledger of commissions, on both sides. `key` and `why` are the records; amounts are decimal text, past 64 bits.
CREATE TABLE commission_entries (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    merchant BLOB NOT NULL CHECK (length(merchant) = 32),
    member BLOB NOT NULL,
    fact BLOB NOT NULL,           -- empty: the merchant's fact does not say this
    order_id BLOB NOT NULL,       -- empty: somebody else's order
    currency TEXT NOT NULL,
    key BLOB NOT NULL,
    why BLOB NOT NULL,
    minor INTEGER NOT NULL,
    gms TEXT NOT NULL,
    status TEXT NOT NULL,
    seq INTEGER NOT NULL,
    hold_until INTEGER NOT NULL,
    payable_at INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    taken_back TEXT NOT NULL,
    changes INTEGER NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX commission_entries_by_member ON commission_entries (merchant, member);
CREATE INDEX commission_entries_by_fact ON commission_entries (fact);
CREATE INDEX commission_entries_by_order ON commission_entries (order_id);
CREATE INDEX commission_entries_by_time ON commission_entries (created, id);
CREATE INDEX commission_entries_waiting ON commission_entries (payable_at) WHERE status = 'HELD' AND payable_at > 0;

-- Accrual facts: the merchant's own, or those that name us as payee. `raw` is the envelope.
CREATE TABLE commission_facts (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    merchant BLOB NOT NULL,
    member BLOB NOT NULL,
    level INTEGER NOT NULL,
    order_id BLOB NOT NULL,
    salt BLOB NOT NULL,
    raw BLOB NOT NULL,
    changes INTEGER NOT NULL,
    checked INTEGER NOT NULL CHECK (checked IN (0, 1)),
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX commission_facts_by_order ON commission_facts (order_id);
CREATE INDEX commission_facts_unchecked ON commission_facts (merchant) WHERE checked = 0;

-- The chain address a merchant signs by, as first seen.
CREATE TABLE commission_issuers (
    merchant BLOB PRIMARY KEY CHECK (length(merchant) = 32),
    address BLOB NOT NULL CHECK (length(address) = 20)
) STRICT, WITHOUT ROWID;

CREATE TABLE commission_statements (
    merchant BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    head BLOB NOT NULL,
    root BLOB NOT NULL,
    lines BLOB NOT NULL,
    raw BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('closed', 'matches', 'mismatch')),
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (merchant, epoch)
) STRICT, WITHOUT ROWID;

-- What the watcher saw: roots, and what was paid under them.
CREATE TABLE commission_roots (
    address BLOB NOT NULL CHECK (length(address) = 20),
    epoch INTEGER NOT NULL,
    root BLOB NOT NULL,
    payable TEXT NOT NULL,
    outstanding TEXT NOT NULL,
    statement BLOB NOT NULL,
    active_at INTEGER NOT NULL,
    block_hash BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('confirmed', 'finalized', 'replaced')),
    PRIMARY KEY (address, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE commission_payouts (
    block_hash BLOB NOT NULL,
    position INTEGER NOT NULL,
    address BLOB NOT NULL,
    member BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    amount TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('confirmed', 'finalized')),
    PRIMARY KEY (block_hash, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX commission_payouts_by_member ON commission_payouts (address, member);

CREATE TABLE commission_claims (
    intent BLOB PRIMARY KEY CHECK (length(intent) = 32),
    merchant BLOB NOT NULL,
    address BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    members BLOB NOT NULL,        -- 32 bytes each
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Leaves a team mate shall claim for us (`asked`), or we for it.
CREATE TABLE commission_relays (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    asked INTEGER NOT NULL CHECK (asked IN (0, 1)),
    peer TEXT NOT NULL,
    merchant BLOB NOT NULL,
    address BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    member BLOB NOT NULL,
    request BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asked', 'accepted', 'refused')),
    code TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX commission_relays_by_address ON commission_relays (address, epoch);
