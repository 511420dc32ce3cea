-- Where backups go. `sealed` is the description with its credentials. `every` in milliseconds, 0: by hand only; `after_changes` makes a
-- backup due sooner, 0: never. The rest is how many backups stay, and what the last test of the target found.
CREATE TABLE backup_places (
    target BLOB PRIMARY KEY CHECK (length(target) = 32),
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('folder', 'disk', 'webdav', 's3')),
    sealed BLOB NOT NULL,
    keeps_old INTEGER NOT NULL CHECK (keeps_old IN (0, 1)),
    same_disk INTEGER NOT NULL CHECK (same_disk IN (0, 1)),
    every INTEGER NOT NULL CHECK (every >= 0),
    after_changes INTEGER NOT NULL CHECK (after_changes >= 0),
    keep_last INTEGER NOT NULL CHECK (keep_last >= 1),
    keep_daily INTEGER NOT NULL CHECK (keep_daily >= 0),
    keep_weekly INTEGER NOT NULL CHECK (keep_weekly >= 0),
    keep_monthly INTEGER NOT NULL CHECK (keep_monthly >= 0),
    added INTEGER NOT NULL,
    checked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
