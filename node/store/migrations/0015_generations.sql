-- The seed of a generation as it was sealed to each live device and to the recovery key; the root log holds the hash of all of them.
CREATE TABLE generation_seals (
    generation INTEGER NOT NULL,
    recipient BLOB NOT NULL CHECK (length(recipient) = 32),
    sealed BLOB NOT NULL,
    PRIMARY KEY (generation, recipient)
) STRICT, WITHOUT ROWID;
