-- What customers were, also before changes of a part of the record (put aside, changed with many others). `before` NULL: the record was as
-- after the change but for `tags` (JSON; NULL: these too). `archived`: when the customer was put aside, 0: was not; NULL: as after the change.
-- `bulk`: the change of many that it was part of.
CREATE TABLE customer_states (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    customer BLOB NOT NULL REFERENCES customers ON DELETE CASCADE,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('edit', 'merge', 'unmerge', 'split', 'restore', 'backup', 'archive', 'unarchive', 'bulk', 'undo')),
    before BLOB,
    tags TEXT,
    archived INTEGER,
    bulk BLOB
) STRICT;
INSERT INTO customer_states (seq, customer, at, kind, before) SELECT seq, customer, at, kind, before FROM customer_history;
DELETE FROM sqlite_sequence WHERE name = 'customer_states';
INSERT INTO sqlite_sequence (name, seq) SELECT 'customer_states', seq FROM sqlite_sequence WHERE name = 'customer_history';
DROP TABLE customer_history;
ALTER TABLE customer_states RENAME TO customer_history;
CREATE INDEX customer_history_by_customer ON customer_history (customer, seq);
CREATE INDEX customer_history_by_bulk ON customer_history (bulk, customer) WHERE bulk IS NOT NULL;

-- A rule may look at one segment only. One that a rule looks at is not removed.
ALTER TABLE task_rules ADD COLUMN segment BLOB REFERENCES customer_segments;
