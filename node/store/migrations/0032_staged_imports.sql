-- A contacts file that was read and waits for the person's word; its rows go once it was taken over or put aside.
-- `state`: reading, columns (what each holds is to be said), ready, applied. `header` and `targets` are of a table, JSON lists; `rules` JSON.
CREATE TABLE staged_imports (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
    name TEXT NOT NULL,
    dialect TEXT NOT NULL,
    region TEXT NOT NULL,
    at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('reading', 'columns', 'ready', 'applied')),
    header TEXT NOT NULL,
    targets TEXT NOT NULL,
    rules TEXT NOT NULL,
    import BLOB REFERENCES customer_imports
) STRICT;

-- What stands in it, by its place in the file. `record`: the person as JSON, NULL where there is none to be had.
-- `problems`: JSON list of what was wrong; `original`: JSON list, how it stood in the file, where that is still needed.
CREATE TABLE staged_rows (
    import INTEGER NOT NULL REFERENCES staged_imports ON DELETE CASCADE,
    number INTEGER NOT NULL,
    row INTEGER NOT NULL,
    record BLOB,
    picture BLOB,
    problems TEXT NOT NULL,
    original TEXT NOT NULL,
    PRIMARY KEY (import, number)
) STRICT;

-- What becomes of each, apart from the rows so that judging anew writes little. `likeness`: what it shares with the same person, JSON;
-- `same`: a hash of the person. `customer`: who it is, `others`: who it might be, `twin`: the row of this file that is like it.
-- `action`: new, update, merge (into the twin's customer) or skip; `chosen`: the person said so for this row.
CREATE TABLE staged_judgements (
    import INTEGER NOT NULL REFERENCES staged_imports ON DELETE CASCADE,
    number INTEGER NOT NULL,
    likeness BLOB NOT NULL,
    same BLOB NOT NULL,
    outcome TEXT NOT NULL DEFAULT 'error' CHECK (outcome IN ('new', 'update', 'known', 'duplicate', 'error')),
    customer BLOB,
    others BLOB,
    twin INTEGER,
    action TEXT NOT NULL DEFAULT 'skip' CHECK (action IN ('new', 'update', 'merge', 'skip')),
    chosen INTEGER NOT NULL DEFAULT 0 CHECK (chosen IN (0, 1)),
    PRIMARY KEY (import, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX staged_judgements_by_outcome ON staged_judgements (import, outcome, number);
CREATE INDEX staged_judgements_by_customer ON staged_judgements (customer) WHERE customer IS NOT NULL;

-- What the columns of a table held the last time, by what tables of the same columns have in common. `targets`: JSON, a target a title.
CREATE TABLE import_mappings (
    fingerprint BLOB PRIMARY KEY CHECK (length(fingerprint) = 32),
    name TEXT NOT NULL,
    targets TEXT NOT NULL,
    used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a customer was before an import beside the record (`before`): the other columns, likenesses, the picture where it was changed, as
-- MessagePack. NULL with `before` NULL: the import made the customer; NULL with a record: an import before this migration.
ALTER TABLE customer_changes ADD COLUMN was BLOB;
