-- Imports of contacts that were taken over.
CREATE TABLE customer_imports (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    name TEXT NOT NULL,
    dialect TEXT NOT NULL,
    at INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    known INTEGER NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1))
) STRICT, WITHOUT ROWID;

-- A seller's customers. `sort` is the name as it is sorted, `search` the text a search looks into, `record` the person as JSON.
-- `source`: the import that wrote the record last; NULL once it was written by hand.
CREATE TABLE customers (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    name TEXT NOT NULL,
    sort TEXT NOT NULL,
    search TEXT NOT NULL,
    record BLOB NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    source BLOB REFERENCES customer_imports
) STRICT;
CREATE INDEX customers_by_name ON customers (sort, id);

-- What another record of the same person would share: name with address, e-mail, E.164 number.
CREATE TABLE customer_keys (
    kind TEXT NOT NULL CHECK (kind IN ('who', 'email', 'phone')),
    value TEXT NOT NULL,
    customer BLOB NOT NULL REFERENCES customers ON DELETE CASCADE,
    PRIMARY KEY (kind, value, customer)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_keys_by_customer ON customer_keys (customer);

-- What an import changed, so that it can be undone. `before` NULL: the import made the customer.
CREATE TABLE customer_changes (
    import BLOB NOT NULL REFERENCES customer_imports,
    customer BLOB NOT NULL REFERENCES customers ON DELETE CASCADE,
    before BLOB,
    PRIMARY KEY (import, customer)
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_changes_by_customer ON customer_changes (customer);
