-- What searching and filtering look at. All of it is derived from the records (node/store/customer_search.py) and made anew where it is
-- missing or of another version: it is in no backup.
CREATE TABLE derived (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `number` is the customer's in the tables below and grows with time; `last_order` 0 = none yet.
CREATE TABLE customer_index (
    number INTEGER PRIMARY KEY,
    customer BLOB NOT NULL UNIQUE REFERENCES customers ON DELETE CASCADE,
    sort TEXT NOT NULL,
    last_order INTEGER NOT NULL
) STRICT;
CREATE INDEX customer_index_by_name ON customer_index (sort, number);
CREATE INDEX customer_index_by_order ON customer_index (last_order, number) WHERE last_order > 0;

-- The words of a record and what it is filtered by (`facets`, one word each), and an index over them. They stay beside the index,
-- because only with them can an entry be taken out of it so that nothing remains ('secure-delete').
CREATE TABLE customer_terms (
    number INTEGER PRIMARY KEY REFERENCES customer_index ON DELETE CASCADE,
    names TEXT NOT NULL,
    others TEXT NOT NULL,
    facets TEXT NOT NULL,
    parts TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE customer_words USING fts5(names, others, facets, content='customer_terms', content_rowid='number', columnsize=0, tokenize="ascii tokenchars '='");
CREATE VIRTUAL TABLE customer_parts USING fts5(parts, content='customer_terms', content_rowid='number', columnsize=0, tokenize="trigram case_sensitive 1");
CREATE VIRTUAL TABLE customer_vocabulary USING fts5vocab(customer_words, row);
INSERT INTO customer_words (customer_words, rank) VALUES ('secure-delete', 1);
INSERT INTO customer_parts (customer_parts, rank) VALUES ('secure-delete', 1);

-- Whoever erases a customer takes the words out of the index.
CREATE TRIGGER customer_terms_gone AFTER DELETE ON customer_terms BEGIN
    INSERT INTO customer_words (customer_words, rowid, names, others, facets) VALUES ('delete', old.number, old.names, old.others, old.facets);
    INSERT INTO customer_parts (customer_parts, rowid, parts) VALUES ('delete', old.number, old.parts);
END;

ALTER TABLE customers DROP COLUMN search;

-- A saved choice of customers: filters as JSON, looked at anew each time.
CREATE TABLE customer_segments (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    name TEXT NOT NULL,
    filters TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX customer_segments_by_name ON customer_segments (name);

-- What was done to many customers at once, so that it can be undone: each it changed, with what the change wrote over.
CREATE TABLE customer_bulks (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    action TEXT NOT NULL CHECK (action IN ('tag', 'untag', 'archive', 'unarchive')),
    tag TEXT NOT NULL,
    at INTEGER NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE TABLE customer_bulk_rows (
    bulk BLOB NOT NULL REFERENCES customer_bulks ON DELETE CASCADE,
    customer BLOB NOT NULL REFERENCES customers ON DELETE CASCADE,
    tags TEXT NOT NULL,
    archived INTEGER,
    updated INTEGER NOT NULL,
    source BLOB,
    PRIMARY KEY (bulk, customer)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_bulk_rows_by_customer ON customer_bulk_rows (customer);
