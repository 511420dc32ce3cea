-- Dangerous acts that were approved with passphrase and words and take effect after a delay. Neither passphrase nor words are kept.
CREATE TABLE step_ups (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    asked INTEGER NOT NULL,
    due INTEGER NOT NULL,
    until INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('waiting', 'ready', 'used', 'cancelled', 'lapsed')),
    ended INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX step_ups_open ON step_ups (kind, subject) WHERE ended = 0;
CREATE INDEX step_ups_by_time ON step_ups (asked);
