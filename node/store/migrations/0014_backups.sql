-- The newest backup each paired identity told us of: it only grows, and is given back when that identity asks after a restore.
CREATE TABLE backup_heads (
    identity BLOB PRIMARY KEY CHECK (length(identity) = 32),
    sequence INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
