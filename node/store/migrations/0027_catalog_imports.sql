-- A product file that was read and waits for the merchant's word. `state`: reading, columns (what each holds is to be said), ready.
-- `header` and `targets` are of a table, JSON lists; `withdraw`: what the file does not have goes; `judged`: how long the feed was when its
-- rows were compared with it; `source`: the watched place it came from.
CREATE TABLE product_imports (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
    name TEXT NOT NULL,
    dialect TEXT NOT NULL,
    currency TEXT NOT NULL,
    at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('reading', 'columns', 'ready')),
    header TEXT NOT NULL,
    targets TEXT NOT NULL,
    withdraw INTEGER NOT NULL CHECK (withdraw IN (0, 1)),
    judged INTEGER NOT NULL,
    source BLOB
) STRICT;

-- Rows of an unknown table as they stand in the file, JSON, so that another mapping reads them anew.
CREATE TABLE product_import_cells (
    import INTEGER NOT NULL REFERENCES product_imports ON DELETE CASCADE,
    number INTEGER NOT NULL,
    row INTEGER NOT NULL,
    cells TEXT NOT NULL,
    PRIMARY KEY (import, number)
) STRICT, WITHOUT ROWID;

-- Products of the file, and rows that give none (`record` NULL, with their `reason`). `record`: the product as MessagePack; `handle`: the
-- product of the catalog it would write; `changes`: JSON, what would change.
CREATE TABLE product_import_rows (
    import INTEGER NOT NULL REFERENCES product_imports ON DELETE CASCADE,
    number INTEGER NOT NULL,
    row INTEGER NOT NULL,
    name TEXT NOT NULL,
    sku TEXT NOT NULL,
    record BLOB,
    reason TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('new', 'price', 'stock', 'changed', 'same', 'withdrawn', 'error')),
    handle TEXT NOT NULL,
    changes TEXT NOT NULL,
    PRIMARY KEY (import, number)
) STRICT;
CREATE INDEX product_import_rows_by_outcome ON product_import_rows (import, outcome, number);

CREATE INDEX product_import_rows_by_handle ON product_import_rows (import, handle, number) WHERE record IS NOT NULL;

-- Which of the remembered mappings of columns (`import_mappings`) are of product tables; the others are of customers.
CREATE TABLE product_mappings (
    fingerprint BLOB PRIMARY KEY CHECK (length(fingerprint) = 32)
) STRICT, WITHOUT ROWID;

-- Operations on a feed of ours that were signed together: entries `first` to `last` of its log. `kind`: import, rollback and others to
-- come; `undoes`: the batch that this one took back; `undone`: that it was taken back. `counts`: JSON.
CREATE TABLE catalog_batches (
    batch BLOB PRIMARY KEY CHECK (length(batch) = 32),
    feed BLOB NOT NULL REFERENCES feeds DEFERRABLE INITIALLY DEFERRED,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    counts TEXT NOT NULL,
    undoes BLOB,
    undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX catalog_batches_by_time ON catalog_batches (at);

-- What stood in each slot before the batch (NULL: nothing), and a hash of what the batch put there (NULL: it took it away). `goods`: the
-- handle of the product that the slot belongs to, which is taken back whole.
CREATE TABLE catalog_batch_slots (
    batch BLOB NOT NULL REFERENCES catalog_batches ON DELETE CASCADE,
    goods TEXT NOT NULL,
    noun TEXT NOT NULL,
    name TEXT NOT NULL,
    before BLOB,
    after BLOB,
    PRIMARY KEY (batch, noun, name)
) STRICT;
CREATE INDEX catalog_batch_slots_by_goods ON catalog_batch_slots (batch, goods);

-- Places that are looked at by the clock: a folder of this machine or an address. `publish`: what it brings is signed by itself.
-- `seen`: a hash of what was taken last; `error`: why the last look failed.
CREATE TABLE catalog_sources (
    source BLOB PRIMARY KEY CHECK (length(source) = 32),
    kind TEXT NOT NULL CHECK (kind IN ('folder', 'url')),
    place TEXT NOT NULL,
    currency TEXT NOT NULL,
    every INTEGER NOT NULL,
    withdraw INTEGER NOT NULL CHECK (withdraw IN (0, 1)),
    publish INTEGER NOT NULL CHECK (publish IN (0, 1)),
    added INTEGER NOT NULL,
    looked INTEGER NOT NULL DEFAULT 0,
    taken INTEGER NOT NULL DEFAULT 0,
    seen TEXT NOT NULL DEFAULT '',
    code TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
