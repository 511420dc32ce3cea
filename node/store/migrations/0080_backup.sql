-- The key under which a customer's rows lie in every backup. It goes with the customer, and with it what older backups hold of them.
-- Backups name the slot, never the customer.
CREATE TABLE customer_secrets (
    slot INTEGER PRIMARY KEY AUTOINCREMENT,
    customer BLOB NOT NULL UNIQUE REFERENCES customers ON DELETE CASCADE,
    key BLOB NOT NULL CHECK (length(key) = 32)
) STRICT;

-- Rows that changed since the last backup, by table and primary key, kept until every target has them. Triggers write it
-- (node/store/capture.py) while `backup_account` has its row.
CREATE TABLE backup_changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    noun TEXT NOT NULL,
    k1 ANY NOT NULL,
    k2 ANY NOT NULL DEFAULT '',
    k3 ANY NOT NULL DEFAULT ''
) STRICT;

-- The digest of each row as of `backup_account.seq`: what the state hash is made of, so that a change can be taken out of it.
CREATE TABLE backup_rows (
    noun TEXT NOT NULL,
    k1 ANY NOT NULL,
    k2 ANY NOT NULL,
    k3 ANY NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (noun, k1, k2, k3)
) STRICT, WITHOUT ROWID;

-- Where that account stands. `schema`: the migrations it was made under; `state` NULL: it is still being made.
CREATE TABLE backup_account (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    schema TEXT NOT NULL,
    state BLOB,
    counts TEXT NOT NULL
) STRICT;

-- How far the backups at each target have come. `seq`: changes up to here are in its newest backup; NULL: its next one is whole. `head` is
-- the newest manifest's id, `number` its place in the chain. `carries` says what that manifest needs, `begun` how far a whole backup has
-- come that was cut off.
CREATE TABLE backup_targets (
    target BLOB PRIMARY KEY CHECK (length(target) = 32),
    seq INTEGER,
    number INTEGER NOT NULL DEFAULT 0,
    head BLOB,
    carries BLOB,
    begun BLOB
) STRICT, WITHOUT ROWID;

-- What was put at a target, so that it can be deleted there once no backup needs it.
CREATE TABLE backup_objects (
    target BLOB NOT NULL REFERENCES backup_targets ON DELETE CASCADE,
    name TEXT NOT NULL,
    PRIMARY KEY (target, name)
) STRICT, WITHOUT ROWID;

-- Every run, with what the drill after it found. `objects` names what the backup needs, one a line; empty once it was deleted there.
CREATE TABLE backup_runs (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    target BLOB NOT NULL REFERENCES backup_targets ON DELETE CASCADE,
    began INTEGER NOT NULL,
    ended INTEGER,
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    code TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '',
    number INTEGER NOT NULL DEFAULT 0,
    whole INTEGER NOT NULL DEFAULT 0 CHECK (whole IN (0, 1)),
    put INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    rows INTEGER NOT NULL DEFAULT 0,
    warnings TEXT NOT NULL DEFAULT '',
    objects TEXT NOT NULL DEFAULT '',
    drilled INTEGER,
    drill_code TEXT NOT NULL DEFAULT '',
    drill_detail TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE INDEX backup_runs_by_target ON backup_runs (target, began);
