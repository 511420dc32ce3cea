-- Where a member's commissions went, generation by generation of its secrets: at the merchant, and at the member for itself. `raw` is the
-- root's signed word of it; NULL for the address it joined with.
CREATE TABLE payees (
    merchant BLOB NOT NULL CHECK (length(merchant) = 32),
    member BLOB NOT NULL CHECK (length(member) = 32),
    generation INTEGER NOT NULL,
    payout BLOB NOT NULL CHECK (length(payout) = 20),
    raw BLOB,
    PRIMARY KEY (merchant, member, generation)
) STRICT, WITHOUT ROWID;
