-- Our own identity records: the inception record under seq 0, then the root log's entries.
CREATE TABLE root_log (
    seq INTEGER PRIMARY KEY,
    raw BLOB NOT NULL
) STRICT;

-- Paired peers. `presentation` is what they showed last: inception and root log.
CREATE TABLE peers (
    peer TEXT PRIMARY KEY,
    identity BLOB NOT NULL UNIQUE CHECK (length(identity) = 32),
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('seller', 'merchant')),
    addresses TEXT NOT NULL,
    presentation BLOB NOT NULL,
    paired_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;

-- Invites we issued; a token is good once.
CREATE TABLE invites (
    token BLOB PRIMARY KEY CHECK (length(token) = 16),
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used_by BLOB
) STRICT;

-- Pairings under way and ended. `nonce` is ours, kept until it is revealed; `machine` is the pairing's state.
CREATE TABLE pairings (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    peer TEXT NOT NULL,
    started_here INTEGER NOT NULL CHECK (started_here IN (0, 1)),
    nonce BLOB NOT NULL,
    machine BLOB NOT NULL,
    status TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    addresses TEXT NOT NULL,
    presentation BLOB,
    expires INTEGER NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX pairings_by_peer ON pairings (peer, created);
