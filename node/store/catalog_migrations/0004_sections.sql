-- A feed divided into sections: our own by brand and by category, one followed in part by what it is chosen by ('' = not divided).
-- What was here before is divided when the file is opened: our own feeds from their records, which stay (catalog_sections.py).
ALTER TABLE heads ADD COLUMN divided TEXT NOT NULL DEFAULT '';

-- `state` and its `digest` are of the records in the section, `size` their bytes. Of a part, the sections that are followed; of our own, those
-- that ever held records.
CREATE TABLE sections (
    id INTEGER PRIMARY KEY,
    feed INTEGER NOT NULL,
    division TEXT NOT NULL,
    name TEXT NOT NULL,
    count INTEGER NOT NULL,
    size INTEGER NOT NULL,
    state BLOB NOT NULL,
    digest BLOB NOT NULL,
    UNIQUE (feed, division, name)
) STRICT;

-- In which sections a record is; NULL where the feed isn't divided by that. `others` are in the sections without a name.
ALTER TABLE products ADD COLUMN brand INTEGER;
ALTER TABLE products ADD COLUMN category INTEGER;
ALTER TABLE offers ADD COLUMN brand INTEGER;
ALTER TABLE offers ADD COLUMN category INTEGER;
CREATE INDEX products_by_brand ON products (brand, seq) WHERE brand IS NOT NULL;
CREATE INDEX products_by_category ON products (category, seq) WHERE category IS NOT NULL;
CREATE INDEX offers_by_brand ON offers (brand, seq) WHERE brand IS NOT NULL;
CREATE INDEX offers_by_category ON offers (category, seq) WHERE category IS NOT NULL;

-- What was in a section of ours and left it with entry `seq`, for a peer that may still hold it.
CREATE TABLE departed (
    section INTEGER NOT NULL,
    noun TEXT NOT NULL,
    name TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (section, noun, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX departed_by_seq ON departed (section, seq);
