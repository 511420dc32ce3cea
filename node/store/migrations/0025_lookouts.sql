-- What a seller wants to hear of: a listing (`shelf`, `handle`: the product; `feed`: who sells it), or whoever sells what has a GTIN
-- (`code`, without zeros before it). `wish` and `at_most` (minor units) say what it wants to hear; `seen` is what the catalogs said when
-- it was looked at last, so that nothing is missed and nothing told twice. `removed`: when it was taken off (ms), kept to undo that.
CREATE TABLE lookouts (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    feed BLOB CHECK (feed IS NULL OR length(feed) = 32),
    shelf BLOB CHECK (shelf IS NULL OR length(shelf) = 32),
    handle TEXT NOT NULL,
    code TEXT NOT NULL,
    wish TEXT NOT NULL CHECK (wish IN ('any', 'price', 'back', 'gone')),
    at_most INTEGER,
    currency TEXT NOT NULL,
    title TEXT NOT NULL,
    seen BLOB NOT NULL,
    added INTEGER NOT NULL,
    removed INTEGER,
    CHECK ((code = '') = (feed IS NOT NULL AND shelf IS NOT NULL)),
    CHECK ((wish = 'price') = (at_most IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX lookouts_by_time ON lookouts (added);

-- What happened there, each once, until the person has seen it.
CREATE TABLE lookout_notices (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    lookout BLOB NOT NULL CHECK (length(lookout) = 32),
    at INTEGER NOT NULL,
    feed BLOB NOT NULL CHECK (length(feed) = 32),
    shelf BLOB NOT NULL CHECK (length(shelf) = 32),
    handle TEXT NOT NULL,
    title TEXT NOT NULL,
    sku TEXT NOT NULL,
    kind TEXT NOT NULL,
    old INTEGER,
    new INTEGER,
    currency TEXT NOT NULL,
    note TEXT NOT NULL,
    dismissed INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX lookout_notices_by_time ON lookout_notices (at);
CREATE INDEX lookout_notices_of ON lookout_notices (lookout);
