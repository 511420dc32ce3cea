-- The projection of all feeds, ours and others'. Everything here is made again from logs and peers; no personal data belongs here.
-- How far each feed is here: `size` entries of its log, which lead to `state` (2,048 bytes). `load` names the manifest whose packs are
-- under way (empty: our own log is being projected), and `state` counts again once it is NULL; `tail` holds the leaf hashes of our own log after its last whole group of 16.
CREATE TABLE heads (
    id INTEGER PRIMARY KEY,
    feed BLOB NOT NULL UNIQUE CHECK (length(feed) = 32),
    size INTEGER NOT NULL DEFAULT 0,
    state BLOB NOT NULL,
    checkpoint BLOB,
    load BLOB,
    tail BLOB NOT NULL DEFAULT x'',
    products INTEGER NOT NULL DEFAULT 0,
    offers INTEGER NOT NULL DEFAULT 0
) STRICT;

-- `seq` is the number of the log entry that put the record there.
CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    feed INTEGER NOT NULL,
    handle TEXT NOT NULL,
    product BLOB NOT NULL,
    title TEXT NOT NULL,
    seq INTEGER NOT NULL,
    record BLOB NOT NULL,
    UNIQUE (feed, handle)
) STRICT;
CREATE INDEX products_by_id ON products (product);
CREATE INDEX products_by_seq ON products (feed, seq);
CREATE INDEX products_by_title ON products (title COLLATE NOCASE, feed, handle);

CREATE TABLE offers (
    feed INTEGER NOT NULL,
    sku TEXT NOT NULL,
    product BLOB NOT NULL,
    price INTEGER NOT NULL,
    stock INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (feed, sku)
) STRICT, WITHOUT ROWID;
CREATE INDEX offers_by_product ON offers (product, feed, price, stock);
CREATE INDEX offers_by_seq ON offers (feed, seq);

-- Every other noun: how goods are sent, how they are taken back.
CREATE TABLE others (
    feed INTEGER NOT NULL,
    noun TEXT NOT NULL,
    name TEXT NOT NULL,
    seq INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (feed, noun, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX others_by_seq ON others (feed, seq);

-- What is gone, for a peer that may still hold it.
CREATE TABLE gone (
    feed INTEGER NOT NULL,
    noun TEXT NOT NULL,
    name TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (feed, noun, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX gone_by_seq ON gone (feed, seq);

-- Hashes of whole subtrees of our own logs, from 16 entries (level 4) on.
CREATE TABLE tree (
    feed INTEGER NOT NULL,
    level INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (feed, level, number)
) STRICT, WITHOUT ROWID;

-- Packs that are in, of the load under way.
CREATE TABLE packs (
    feed INTEGER NOT NULL,
    pack BLOB NOT NULL,
    PRIMARY KEY (feed, pack)
) STRICT, WITHOUT ROWID;

-- Pages of operations received and not yet proved.
CREATE TABLE pages (
    feed INTEGER NOT NULL,
    number INTEGER NOT NULL,
    operation BLOB NOT NULL,
    PRIMARY KEY (feed, number)
) STRICT, WITHOUT ROWID;

-- What is searched: a product in the feed that sells it. `goods` is the row of `products`, whose feed is another one where a merchant
-- sells what a brand describes, `name` what it is sorted by. `words` has one row for each, under the same id.
CREATE TABLE listings (
    id INTEGER PRIMARY KEY,
    goods INTEGER NOT NULL,
    feed INTEGER NOT NULL,
    name TEXT NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    stock INTEGER NOT NULL,
    offers INTEGER NOT NULL,
    UNIQUE (goods, feed)
) STRICT;
CREATE INDEX listings_by_name ON listings (name, id);
CREATE INDEX listings_by_price ON listings (low, id);
CREATE INDEX listings_prices ON listings (id, low);
CREATE VIRTUAL TABLE words USING fts5 (
    text, content = '', contentless_delete = 1, detail = none, prefix = '1 2 3 4 5', tokenize = 'unicode61 remove_diacritics 0'
);
INSERT INTO words (words, rank) VALUES ('automerge', 0);
INSERT INTO words (words, rank) VALUES ('crisismerge', 1500);

-- What the marks of brands and categories in `words` stand for; and how titles begin (nothing to say of those marks).
CREATE TABLE labels (
    mark TEXT PRIMARY KEY,
    label TEXT NOT NULL
) STRICT, WITHOUT ROWID;
