-- The rank a merchant gave a member: ours at a merchant, or our members' at us. `raw` is what the merchant signed.
CREATE TABLE ranks (
    merchant BLOB NOT NULL CHECK (length(merchant) = 32),
    member BLOB NOT NULL CHECK (length(member) = 32),
    rank INTEGER NOT NULL CHECK (rank BETWEEN 0 AND 255),
    created INTEGER NOT NULL,
    raw BLOB NOT NULL,
    PRIMARY KEY (merchant, member)
) STRICT, WITHOUT ROWID;
