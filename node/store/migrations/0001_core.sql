-- Settings of this node: one JSON value a key.
CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Messages to peers, written in the transaction that causes them. `seq` is the order of adding.
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
    peer TEXT NOT NULL,
    topic TEXT NOT NULL,
    body BLOB NOT NULL,
    created INTEGER NOT NULL,
    not_before INTEGER NOT NULL,  -- the service's: never sent earlier
    due INTEGER NOT NULL,         -- the dispatcher's: when it is tried next
    attempts INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'sent', 'stored', 'received', 'accepted', 'refused')),
    code TEXT,                    -- why it was refused, or why the last attempt failed
    reply BLOB,
    finished INTEGER,
    noun TEXT,                    -- what it is about, for the pages
    noun_id BLOB
) STRICT;
CREATE INDEX outbox_open ON outbox (peer, seq) WHERE finished IS NULL;
CREATE INDEX outbox_about ON outbox (noun, noun_id, seq);
CREATE INDEX outbox_finished ON outbox (finished) WHERE finished IS NOT NULL;

-- Requests of peers already answered: the same request again has no second effect and gets the same reply.
CREATE TABLE inbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    peer TEXT NOT NULL,
    request BLOB NOT NULL,
    digest BLOB NOT NULL,
    reply BLOB NOT NULL,
    answered INTEGER NOT NULL,
    UNIQUE (peer, request)
) STRICT;
CREATE INDEX inbox_by_age ON inbox (peer, seq);

-- What the API answered under an Idempotency-Key.
CREATE TABLE operations (
    key TEXT PRIMARY KEY,
    digest BLOB NOT NULL,
    response BLOB NOT NULL,
    created INTEGER NOT NULL,
    permanent INTEGER NOT NULL DEFAULT 0 CHECK (permanent IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX operations_by_age ON operations (created) WHERE permanent = 0;
