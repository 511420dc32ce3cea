-- What stood before a batch is written by the hundred thousand with an import, and read back only when a batch is taken back: one tree holds
-- it, and whoever takes a batch back sorts its slots by product then.
CREATE TABLE catalog_batch_slots_in_one (
    batch BLOB NOT NULL REFERENCES catalog_batches ON DELETE CASCADE,
    goods TEXT NOT NULL,
    noun TEXT NOT NULL,
    name TEXT NOT NULL,
    before BLOB,
    after BLOB,
    PRIMARY KEY (batch, noun, name)
) STRICT, WITHOUT ROWID;
INSERT INTO catalog_batch_slots_in_one (batch, goods, noun, name, before, after)
SELECT batch, goods, noun, name, before, after FROM catalog_batch_slots;
DROP TABLE catalog_batch_slots;
ALTER TABLE catalog_batch_slots_in_one RENAME TO catalog_batch_slots;
