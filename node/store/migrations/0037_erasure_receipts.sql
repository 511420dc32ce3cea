-- What says that a customer was erased, signed by this device: counts, dates and ids, nothing of the person. `erased` is the id the customer
-- had; there is no row to refer to any more.
CREATE TABLE erasure_receipts (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    erased BLOB NOT NULL CHECK (length(erased) = 32),
    at INTEGER NOT NULL,
    raw BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX erasure_receipts_by_time ON erasure_receipts (at, id);
CREATE INDEX erasure_receipts_by_customer ON erasure_receipts (erased);
