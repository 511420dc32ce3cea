-- Devices of paired identities that showed themselves over a channel of their own; `live` 0 once the root log revoked one. `peers.peer` is
-- the one heard from last: the way to the identity. They outlive forgetting, so that pairing again finds what was theirs. A device that a
-- root log lists without having shown itself stands for nobody here.
CREATE TABLE peer_devices (
    peer TEXT PRIMARY KEY,
    identity BLOB NOT NULL CHECK (length(identity) = 32),
    live INTEGER NOT NULL CHECK (live IN (0, 1)),
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX peer_devices_by_identity ON peer_devices (identity);
INSERT INTO peer_devices (peer, identity, live, seen_at) SELECT peer, identity, 1, seen_at FROM peers;

-- Two records that one writer signed for one place of a log: what contradicts is kept as both stood.
CREATE TABLE evidence (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    identity BLOB NOT NULL CHECK (length(identity) = 32),
    log BLOB NOT NULL CHECK (length(log) = 32),
    seq INTEGER NOT NULL,
    first BLOB NOT NULL,
    second BLOB NOT NULL,
    found_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX evidence_by_identity ON evidence (identity, found_at);
