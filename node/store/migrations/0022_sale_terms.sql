-- How goods are sent and taken back: records of a feed beside its products and offers.
CREATE TABLE shipping_profiles (
    feed BLOB NOT NULL REFERENCES feeds,
    name TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (feed, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE return_policies (
    feed BLOB NOT NULL REFERENCES feeds,
    name TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (feed, name)
) STRICT, WITHOUT ROWID;
