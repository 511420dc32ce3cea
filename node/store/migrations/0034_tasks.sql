-- Follow-ups. `day` is a day of the person's calendar (YYYY-MM-DD), never an instant. `rule` and `occasion`: which rule made it and what for.
CREATE TABLE tasks (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    title TEXT NOT NULL,
    note TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('call', 'message', 'visit', 'other')),
    day TEXT NOT NULL,
    customer BLOB REFERENCES customers ON DELETE CASCADE,
    rule TEXT NOT NULL,
    occasion TEXT NOT NULL,
    about BLOB,
    status TEXT NOT NULL CHECK (status IN ('open', 'done', 'dropped')),
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    finished INTEGER,
    dropped INTEGER
) STRICT;
CREATE INDEX tasks_open ON tasks (day, id) WHERE status = 'open';
CREATE INDEX tasks_done ON tasks (finished, id) WHERE status = 'done';
CREATE INDEX tasks_dropped ON tasks (dropped) WHERE status = 'dropped';
CREATE INDEX tasks_by_customer ON tasks (customer, day) WHERE customer IS NOT NULL;
-- A rule makes one task for a customer and an occasion, whatever becomes of it.
CREATE UNIQUE INDEX tasks_by_occasion ON tasks (rule, customer, occasion) WHERE rule <> '';
CREATE INDEX tasks_by_rule ON tasks (rule, created) WHERE rule <> '';

-- The rules as the person set them. `swept` is the hour (UTC, since 1970) whose look is over, `position` where the one under way goes on.
CREATE TABLE task_rules (
    kind TEXT PRIMARY KEY CHECK (kind IN ('delivered', 'birthday', 'reorder', 'quiet')),
    days INTEGER NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('call', 'message', 'visit', 'other')),
    most INTEGER NOT NULL,
    is_on INTEGER NOT NULL CHECK (is_on IN (0, 1)),
    tag TEXT NOT NULL,
    swept INTEGER NOT NULL DEFAULT 0,
    position TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- What was said with a customer. `removed`: taken away, and erased a day later.
CREATE TABLE customer_notes (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    customer BLOB NOT NULL REFERENCES customers ON DELETE CASCADE,
    at INTEGER NOT NULL,
    text TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('call', 'message', 'visit', 'other')),
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out', '')),
    created INTEGER NOT NULL,
    removed INTEGER
) STRICT;
CREATE INDEX customer_notes_by_customer ON customer_notes (customer, at);
CREATE INDEX customer_notes_removed ON customer_notes (removed) WHERE removed IS NOT NULL;

-- The last contact: an order, a note or a done task; NULL: none yet. The birthday as MM-DD, read out of the record.
ALTER TABLE customers ADD COLUMN contact INTEGER;
ALTER TABLE customers ADD COLUMN born TEXT GENERATED ALWAYS AS (substr(json_extract(CAST(record AS TEXT), '$.birthday'), -5)) VIRTUAL;
CREATE INDEX customers_by_silence ON customers (coalesce(contact, created), id) WHERE archived IS NULL;
CREATE INDEX customers_by_birthday ON customers (born, id) WHERE archived IS NULL AND born <> '';
