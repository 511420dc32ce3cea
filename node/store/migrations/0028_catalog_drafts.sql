-- What a merchant means to sign: one open pile for each currency (`due` 0), and those put off until a time. `code` and `error`: why a pile
-- whose time came was not signed.
CREATE TABLE catalog_piles (
    pile BLOB PRIMARY KEY CHECK (length(pile) = 32),
    currency TEXT NOT NULL,
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    due INTEGER NOT NULL DEFAULT 0,
    code TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX catalog_piles_open ON catalog_piles (currency) WHERE due = 0;

-- What a slot is to hold (`record` NULL: nothing), and what stood there when that was written (`base` NULL: nothing). `goods`: the handle of
-- the product it belongs to, which is signed with its offers together; empty for what belongs to none.
CREATE TABLE catalog_drafts (
    pile BLOB NOT NULL REFERENCES catalog_piles ON DELETE CASCADE,
    goods TEXT NOT NULL,
    noun TEXT NOT NULL,
    name TEXT NOT NULL,
    record BLOB,
    base BLOB,
    at INTEGER NOT NULL,
    PRIMARY KEY (pile, noun, name)
) STRICT;
CREATE INDEX catalog_drafts_by_goods ON catalog_drafts (pile, goods, noun, name);
