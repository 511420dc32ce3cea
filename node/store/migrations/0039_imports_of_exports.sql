-- An export that comes back. `origin` of a row: the id the customer had there, when they were added, changed and put aside, as JSON.
ALTER TABLE staged_rows ADD COLUMN origin TEXT;

-- What it holds beside customers. `kind`: note, task, segment, rule; `whose`: the id the customer had there, "" = nobody's; `line` as JSON.
CREATE TABLE staged_besides (
    import INTEGER NOT NULL REFERENCES staged_imports ON DELETE CASCADE,
    number INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('note', 'task', 'segment', 'rule')),
    whose TEXT NOT NULL,
    line BLOB NOT NULL,
    PRIMARY KEY (import, number)
) STRICT;

-- What `updated` the import wrote, for one that brings times of its own. NULL: its own time.
ALTER TABLE customer_changes ADD COLUMN wrote INTEGER;

-- The import that brought the row, while nobody has changed it since.
ALTER TABLE customer_notes ADD COLUMN import BLOB;
ALTER TABLE tasks ADD COLUMN import BLOB;
ALTER TABLE customer_segments ADD COLUMN import BLOB;
ALTER TABLE task_rules ADD COLUMN import BLOB;
CREATE INDEX customer_notes_by_import ON customer_notes (import) WHERE import IS NOT NULL;
CREATE INDEX tasks_by_import ON tasks (import) WHERE import IS NOT NULL;
